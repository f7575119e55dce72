"""The scalars of one training step in ``fit``: its loss, and what the step returns or its metrics track."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from probes.measuring.targets import Targets
from probes.seams.gradients import hearing_gradients
from probes.seams.graph import is_here, key_of
from probes.seams.layers import children
from probes.seams.metrics import hearing_metrics
from probes.seams.nest import Nest
from probes.seams.updates import hearing_updates, loss_scale

LOSS, RATE = "loss", "learning_rate"
PART_OF_LOSS = "loss/{}"
"""Name of one of several losses that train different parts of a model: ``loss/discriminator``."""
PART_OF_RATE = "learning_rate/{}"
"""Name of the rate of one of several optimizers: ``learning_rate/discriminator``."""

PREFIX = "_scalars_of_step "
"""Start of the key under which the compiled step returns its packed scalars; their names follow as JSON."""


@dataclass(frozen=True)
class Scalar:
    """A scalar as a sum and what to divide it by. Both may be averaged over replicas, which leaves their ratio right."""

    total: Any
    count: Any = 1.0


@dataclass
class Rate:
    """The learning rate of an optimizer, and the keys of the variables that it updates."""

    optimizer: keras.optimizers.Optimizer
    value: tf.Tensor
    variables: set[int] = field(default_factory=set)


@dataclass
class StepScalars:
    """Collects the scalars of one step while it runs, or is traced.

    Args:
        model: the model in ``fit``.
    """

    model: keras.Model
    _targets: Targets = field(default_factory=Targets)
    _applied: list[Any] = field(default_factory=list)
    _rates: dict[int, Rate] = field(default_factory=dict)
    _scale: tf.Tensor | None = None
    _scales: dict[int, tf.Tensor] = field(default_factory=dict)
    _additions: dict[int, list[Any]] = field(default_factory=dict)
    _results: dict[int, tuple[Any, keras.metrics.Mean]] = field(default_factory=dict)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Collect inside the ``with`` block."""
        with hearing_gradients(self._targets), hearing_updates(self), hearing_metrics(self):
            yield

    def before_update(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Read the loss scale before the optimizer adapts it, and the rate before a schedule's step counter advances."""
        self._scale = loss_scale(optimizer)
        rate = getattr(optimizer, RATE, None)
        if rate is not None and id(optimizer) not in self._rates:
            self._rates[id(optimizer)] = Rate(optimizer, tf.cast(tf.convert_to_tensor(rate), tf.float32))

    def after_update(
        self, optimizer: keras.optimizers.Optimizer, gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        """Keep the gradients that were applied, and the loss scale of their variables."""
        self._applied += gradients
        if id(optimizer) in self._rates:
            self._rates[id(optimizer)].variables.update(map(key_of, variables))
        if self._scale is not None:
            self._scales |= dict.fromkeys(map(key_of, variables), self._scale)

    def added(self, variable: keras.Variable, value: object) -> None:
        """Keep what was added to a metric's sum or count."""
        self._additions.setdefault(id(variable), []).append(value)

    def returned(self, metric: keras.metrics.Mean, result: object) -> None:
        """Keep which metric a value in the step's logs comes from."""
        self._results[id(result)] = result, metric

    def packed(self, logs: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        """The scalars as one vector, so that each costs one operation in the step and all cost one transfer.

        Args:
            logs: what the training step returned.

        Returns:
            One entry, whose key holds the scalars' names; the vector ``[2·n]`` holds their totals, then their counts.
            Empty if there are none.
        """
        found = {name: scalar for name, scalar in self._scalars(logs).items() if _is_number(scalar.total)}
        if not found:
            return {}
        values = [scalar.total for scalar in found.values()] + [scalar.count for scalar in found.values()]
        return {PREFIX + json.dumps([*found]): tf.stack([tf.cast(value, tf.float32) for value in values])}

    def _scalars(self, logs: Mapping[str, Any]) -> dict[str, Scalar]:
        """By name. A running mean becomes the step's own mean; results of other metrics, such as AUC, are left out."""
        found: dict[str, Scalar | None] = {}
        for metric in self._metrics():
            is_plain = isinstance(metric, keras.metrics.Mean) and type(metric).result is keras.metrics.Mean.result
            found[metric.name] = self._of_mean(cast(keras.metrics.Mean, metric)) if is_plain else None
        for name, value in logs.items():
            if id(value) in self._results:
                found[name] = self._of_mean(self._results[id(value)][1])
            elif name not in found:
                found[name] = Scalar(value)
        known = {name: scalar for name, scalar in found.items() if scalar is not None}
        return known | self._losses(known.get(LOSS)) | self._learning_rates()

    @property
    def optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """Those that have updated weights, by the part of the model that each trains; a single one without a name."""
        several = len(self._rates) > 1
        return {self._part(rate.variables) if several else "": rate.optimizer for rate in self._rates.values()}

    def _learning_rates(self) -> dict[str, Scalar]:
        several = len(self._rates) > 1
        return {
            PART_OF_RATE.format(self._part(rate.variables)) if several else RATE: Scalar(rate.value)
            for rate in self._rates.values()
        }

    def _metrics(self) -> list[keras.metrics.Metric]:
        """All metrics of the model; those given to ``compile`` are inside one that holds them."""
        return [each for metric in self.model.metrics for each in [*getattr(metric, "metrics", []), metric]]

    def _of_mean(self, metric: keras.metrics.Mean) -> Scalar | None:
        """What this step alone added to the mean; ``None`` if nothing."""
        sums = [self._additions.get(id(variable), []) for variable in (metric.total, metric.count)]
        return Scalar(sum(sums[0]), sum(sums[1])) if all(sums) else None

    def _losses(self, own: Scalar | None) -> dict[str, Scalar]:
        """What tapes differentiated, summed over replicas; of several losses, each part's, and their sum if there is no own."""
        losses = self._targets.losses(self.model.trainable_variables, self._applied, self._scales)
        share = 1 / tf.distribute.get_strategy().num_replicas_in_sync
        if len(losses) < 2:
            return dict.fromkeys([LOSS][: len(losses)], Scalar(next(iter(losses.values()), None), share))
        parts = {PART_OF_LOSS.format(self._part(keys)): Scalar(loss, share) for keys, loss in losses.items()}
        return {LOSS: own or Scalar(tf.add_n([*losses.values()]), share), **parts}

    def _part(self, keys: Iterable[int]) -> str:
        """The name of the part of the model that holds these variables."""
        own = set(keys)
        return "+".join(
            each.name for each in children(self.model) if own & {key_of(v) for v in each.trainable_variables}
        )


def unpacked(key: str, vectors: Sequence[Any]) -> dict[str, np.ndarray]:
    """The scalars of several steps.

    Args:
        key: the key of `StepScalars.packed`.
        vectors: the packed vectors, one for each step.

    Returns:
        By name, ``[steps]``; NaN where nothing was counted.
    """
    totals, counts = np.split(np.asarray([np.asarray(vector) for vector in vectors], np.float64), 2, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = totals / counts
    return dict(zip(json.loads(key.removeprefix(PREFIX)), values.T, strict=True))


def _is_number(value: Nest) -> bool:
    """Whether it is a scalar that can be part of the step's result."""
    if isinstance(value, str) or value is None or not is_here(value):
        return False
    try:
        shape, kind = (
            tf.TensorShape(getattr(value, "shape", ())),
            tf.as_dtype(getattr(value, "dtype", None) or np.result_type(value)),
        )
    except (TypeError, ValueError):  # anything else that a step may return
        return False
    return shape.rank == 0 and (kind.is_floating or kind.is_integer)
