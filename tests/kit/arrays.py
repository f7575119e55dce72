"""One layer's arrays in one step, as NumPy sees them and as a snapshot of tensors."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import probes
from probes.measuring.unit_history import UnitHistory
from probes.merging import merge
from probes.probe import Probe
from probes.row import Row
from probes.snapshot.clipping import Clipping
from probes.snapshot.facts import facts_of
from probes.snapshot.gradient_parts import GradientParts
from probes.snapshot.weights import Update, WeightReading

DENSE, CONVOLUTION = (6, 5), (3, 4, 2, 5)
WEIGHTS = ((5, 4), (4,))
CLIP_NORM = 2.0
PARTS = ("gradients", "weights", "weights_after")
BY_EXAMPLE = ("activation", "activation_gradient", "input")


def changed(before: Iterable[tf.Tensor], after: Iterable[tf.Tensor]) -> WeightReading:
    """What a snapshot knows of variables that the update changed from ``before`` to ``after``."""
    return WeightReading(tuple(Update((new,), (old,)) for new, old in zip(after, before, strict=True)))


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
    input: np.ndarray | None = None
    state: tuple[tuple[str, np.ndarray], ...] = ()

    def snapshot(self, dtype: Any = tf.float32, probe: Probe | None = None) -> probes.Snapshot:
        """The same as tensors, of a layer for this probe."""
        tensors = {name: tf.nest.map_structure(lambda a: tf.constant(a, dtype), value) for name, value in self.tensors}
        tensors["state"] = tuple((name, tf.constant(value, tf.float32)) for name, value in self.state)
        layer = layer_for(probe) if probe else keras.layers.Dense(1)
        facts = facts_of(layer, {"training": True})
        examples = tf.constant(self.examples, tf.float32)
        parts = GradientParts(tuple(tensors[name] for name in PARTS), examples)
        tensors["known"] = changed(tensors["weights"], tensors.pop("weights_after"))
        known = {"facts": facts, "clipping": Clipping(norm=CLIP_NORM), "gradient_parts": parts}
        return probes.Snapshot(type(layer).__name__, examples, self.unit_axis, **known, **tensors)

    @property
    def parts(self) -> list[tuple[np.ndarray, ...]]:
        """Three tuples of one shape, in the place of the gradients of three parts of the batch."""
        return [getattr(self, name) for name in PARTS]

    @property
    def tensors(self) -> list[tuple[str, Any]]:
        """Names and values of the fields that become tensors of the step's precision, as far as they are filled."""
        named = [(field.name, getattr(self, field.name)) for field in fields(self)]
        return [pair for pair in named if pair[0] not in ("examples", "unit_axis", "state") and pair[1] is not None]

    def map(self, change) -> Arrays:
        """The same with every array changed."""
        state = tuple((name, change(value)) for name, value in self.state)
        changed = {name: tf.nest.map_structure(change, value) for name, value in self.tensors}
        return replace(self, **changed, state=state)

    def part(self, examples: slice) -> Arrays:
        """These examples only, of a batch that is still as large."""
        return replace(self, **{name: getattr(self, name)[examples] for name in BY_EXAMPLE})

    def shaped(self, shape: tuple[int, ...]) -> Arrays:
        """As many of the same numbers as a layer of this shape has."""
        units = shape[-1:] if len(shape) > 1 else (1,)
        state = tuple((name, np.resize(value, units)) for name, value in self.state)
        return replace(self, **{name: np.resize(getattr(self, name), shape) for name in BY_EXAMPLE}, state=state)


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
    units = (shape[options.get("unit_axis", -1)],)
    state = (("moving_mean", rng.normal(size=units)), ("moving_variance", rng.exponential(size=units)))
    per_call = {"input": rng.normal(1, size=shape), "state": state}
    arrays = Arrays(
        activation, rng.normal(size=shape), gradients, weights, after, float(shape[0]), **per_call, **options
    )
    return arrays.map(lambda a: a.astype(np.float32))


def twin(probe: Probe):
    """The module of a probe's twin."""
    return importlib.import_module(f"tests.kit.twins.{type(probe).__module__.rpartition('.')[2]}")


def layer_for(probe: Probe) -> keras.Layer:
    """A layer that the probe looks at."""
    return getattr(twin(probe), "LAYER", None) or keras.layers.Dense(1)


Statistics = Mapping[str, tf.Tensor]


def measured(probe: Probe, arrays: Arrays, dtype: Any = tf.float32) -> dict[str, tf.Tensor]:
    """What a probe measures, each statistic as one tensor."""
    snapshot = arrays.snapshot(dtype, probe)
    assert probe.applies(snapshot), f"{probe} does not apply: give its twin a LAYER"
    return {name: tf.stack(value) for name, value in probe.measure(snapshot).items()}


def merged(probe: Probe, readings: Sequence[Statistics]) -> Statistics:
    """Merge several readings into one in a single call."""
    return {name: merge(probe.merges[name], tf.stack([reading[name] for reading in readings])) for name in readings[0]}


def summarized(probe: Probe, statistics: Statistics) -> dict[str, float]:
    """The columns, through a table of one row; every column that the probe declares is there."""
    columns = columns_of(probe, {name: value.numpy()[None] for name, value in statistics.items()})
    numbers: dict[str, float] = {}
    for name in probe.columns:
        value = np.asarray(columns[name][0] if name in columns else np.nan)
        numbers |= {name: float(value)} if value.ndim == 0 else {f"{name}[{i}]": float(v) for i, v in enumerate(value)}
    return numbers


def assert_columns(
    actual: Mapping[str, float], expected: Mapping[str, float], *, rtol: float = 2e-5, atol: float = 1e-5
):
    """The same columns with the same numbers; NaN equals NaN."""
    assert set(actual) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(actual[name], value, rtol=rtol, atol=atol * scale_of(expected), err_msg=name)


def scale_of(columns: Mapping[str, float]) -> float:
    """The largest finite magnitude among the columns, at least 1: rounding errors scale with it."""
    return max([1.0, *(abs(value) for value in columns.values() if np.isfinite(value))])


def windows(probe: Probe, steps: Iterable[Arrays]) -> dict[str, float]:
    """The columns of one window over these steps."""
    return summarized(probe, merged(probe, [measured(probe, arrays) for arrays in steps]))


def columns_of(probe, statistics):
    """A probe's columns from merged statistics ``[n, ...]``, with no earlier reading to continue from."""
    steps = np.arange(len(next(iter(statistics.values()))))
    return UnitHistory().columns(probe, 0, Row("", 0, ""), steps, statistics)
