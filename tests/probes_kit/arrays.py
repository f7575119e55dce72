"""One layer's arrays in one step, as NumPy sees them and as a snapshot of tensors."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import tensorflow as tf

import probes
from probes.merging import merge
from probes.probe import Probe
from probes.reading import columns_of

DENSE, CONVOLUTION = (6, 5), (3, 4, 2, 5)
WEIGHTS = ((5, 4), (4,))


@dataclass(frozen=True)
class Arrays:
    """What a snapshot holds, field by field."""

    activation: np.ndarray
    activation_gradient: np.ndarray
    gradients: tuple[np.ndarray, ...]
    weights: tuple[np.ndarray, ...]
    weights_after: tuple[np.ndarray, ...]
    examples: float
    unit_axis: int = -1
    kind: str = "Dense"

    def snapshot(self, dtype: Any = tf.float32) -> probes.Snapshot:
        """The same as tensors."""
        tensors = {name: tf.nest.map_structure(lambda a: tf.constant(a, dtype), value) for name, value in self.tensors}
        return probes.Snapshot("layer", self.kind, tf.constant(self.examples, tf.float32), self.unit_axis, **tensors)

    @property
    def tensors(self) -> list[tuple[str, Any]]:
        """Names and values of the fields that become tensors of the step's precision."""
        return [
            (f.name, getattr(self, f.name)) for f in fields(self) if f.name not in ("examples", "unit_axis", "kind")
        ]

    def map(self, change) -> Arrays:
        """The same with every array changed."""
        return replace(self, **{name: tf.nest.map_structure(change, value) for name, value in self.tensors})

    def part(self, examples: slice) -> Arrays:
        """These examples only, of a batch that is still as large."""
        return replace(
            self, activation=self.activation[examples], activation_gradient=self.activation_gradient[examples]
        )


def random_arrays(seed: int = 0, shape: tuple[int, ...] = DENSE, **options: Any) -> Arrays:
    """Normal entries, of which a third of the activations are 0, and one example and one unit silent."""
    rng = np.random.default_rng(seed)
    activation = rng.normal(size=shape) * (rng.random(shape) > 1 / 3)
    activation[:1] = 0
    activation = np.moveaxis(activation, options.get("unit_axis", -1), -1)
    activation[..., 0] = 0
    activation = np.moveaxis(activation, -1, options.get("unit_axis", -1))
    weights = tuple(rng.normal(size=size) for size in WEIGHTS)
    gradients = tuple(rng.normal(size=size) for size in WEIGHTS)
    after = tuple(weight - 0.1 * gradient for weight, gradient in zip(weights, gradients, strict=True))
    arrays = Arrays(activation, rng.normal(size=shape), gradients, weights, after, float(shape[0]), **options)
    return arrays.map(lambda a: a.astype(np.float32))


def twin(probe: Probe):
    """The module of a probe's twin."""
    return importlib.import_module(f"tests.twins.{type(probe).__module__.rpartition('.')[2]}")


def kind_for(probe: Probe) -> str:
    """A layer class that the probe looks at."""
    return getattr(twin(probe), "KIND", "Dense")


Statistics = Mapping[str, tf.Tensor]


def measured(probe: Probe, arrays: Arrays, dtype: Any = tf.float32) -> dict[str, tf.Tensor]:
    """What a probe measures, each statistic as one tensor."""
    snapshot = replace(arrays, kind=kind_for(probe)).snapshot(dtype)
    assert probe.applies(snapshot), f"{probe} does not apply: give its twin a KIND"
    return {name: tf.stack(value) for name, value in probe.measure(snapshot).items()}


def merged(probe: Probe, readings: Sequence[Statistics]) -> Statistics:
    """One reading from several, all at once."""
    return {name: merge(probe.merges[name], tf.stack([reading[name] for reading in readings])) for name in readings[0]}


def summarized(probe: Probe, statistics: Statistics) -> dict[str, float]:
    """The columns, through a table of one row; every column that the probe declares is there."""
    columns = columns_of(probe, {name: value.numpy()[None] for name, value in statistics.items()})
    return {name: float(columns[name][0]) if name in columns else np.nan for name in probe.columns}


def assert_columns(
    actual: Mapping[str, float], expected: Mapping[str, float], *, rtol: float = 2e-5, atol: float = 1e-5
):
    """The same columns with the same numbers; NaN equals NaN."""
    assert set(actual) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(actual[name], value, rtol=rtol, atol=atol * scale_of(expected), err_msg=name)


def scale_of(columns: Mapping[str, float]) -> float:
    """The largest finite size among the columns, at least 1: rounding goes with the size of what is summed."""
    return max([1.0, *(abs(value) for value in columns.values() if np.isfinite(value))])


def windows(probe: Probe, steps: Iterable[Arrays]) -> dict[str, float]:
    """The columns of one window over these steps."""
    return summarized(probe, merged(probe, [measured(probe, arrays) for arrays in steps]))
