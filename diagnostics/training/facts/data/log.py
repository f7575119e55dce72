"""Puts together what the steps have written about data, and what follows from it, as `diagnostics.runs.data_facts.Data`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from diagnostics.runs.data_facts import ConstantLoss, Data, Output
from diagnostics.runs.facts import Loss
from diagnostics.statistics.best_constant import Targets, best_constant
from diagnostics.training.facts.data.merged import (
    Column,
    Moments,
    input_facts,
    labels_of,
    output_facts,
    sample_of,
    target_facts,
)
from diagnostics.training.facts.data.rows import Row
from diagnostics.training.facts.data.watch import DataWatch

FIRST_OUTPUTS = 5
"""Measured steps at the start whose outputs are kept: they show how the untrained model answers."""

MOST_EPOCHS = 200
"""Epochs whose last measured outputs are kept; of more, every second, third, ... one."""

MOST_EXAMPLES = 2048
"""Examples from which a best constant is searched, spread evenly over those that were seen: its error is then some 1 %."""

SPARSE = "SparseCategoricalCrossentropy"


class DataLog:
    """Collects the rows of a training.

    Args:
        watch: where the rows come from.
    """

    def __init__(self, watch: DataWatch) -> None:
        self._watch = watch
        self._batches: list[Row] = []
        self._outputs: list[Row] = []
        self._known = Data()

    def begin(self, steps_per_epoch: int | None) -> None:
        """Another training begins, with epochs of this many steps, if that is known."""
        self._batches, self._outputs, self._known = [], [], Data()
        self._watch.begin(steps_per_epoch)

    def collect(self, epochs: Mapping[int, int]) -> bool:
        """Read what is new, and keep of the outputs what is recorded.

        Args:
            epochs: the first step of each epoch.

        Returns:
            Whether anything was new.
        """
        batches, outputs = self._watch.take()
        self._batches += batches
        self._outputs = _kept([*self._outputs, *outputs], epochs)
        return bool(batches or outputs)

    def data(self, epochs: Mapping[int, int], loss: Loss | None, alike: Mapping[str, float]) -> Data:
        """The facts so far.

        Args:
            epochs: the first step of each epoch.
            loss: the loss that is minimised, if the best constant is to be compared with it.
            alike: shares of pairs of units with the same weights.
        """
        if self._known.batches < len(self._batches):
            self._known = self._of_batches(loss)
        binary = {target.name for target in self._known.targets if target.binary}
        return replace(self._known, outputs=tuple(self._output_facts(epochs, binary)), alike_weights=dict(alike))

    def _of_batches(self, loss: Loss | None) -> Data:
        """Inputs, targets, and what follows from them."""
        known = self._watch.described
        by_tensor = _by_tensor(self._batches)
        sparse = {
            key for (_, key), one in zip(self._watch.losses, _losses(loss), strict=False) if one.class_name == SPARSE
        }
        inputs = [
            input_facts(_name(key), known[key], rows) for key, rows in by_tensor.items() if key.startswith("input/")
        ]
        targets = [
            target_facts(_name(key), known[key], rows, sparse=key in sparse)
            for key, rows in by_tensor.items()
            if key.startswith("target/")
        ]
        first = next(iter(by_tensor.values()), [])
        compared = _consecutive(self._batches)
        return Data(
            compared_batches=len(compared),
            distinct_batches=len({_signature(row) for row in compared}) if compared else None,
            examples=int(sum(row["examples"] for row in first)),
            batches=len(self._batches),
            inputs=tuple(inputs),
            targets=tuple(targets),
            constant_loss=None if loss is None else self._constant_loss(loss, by_tensor),
        )

    def _output_facts(self, epochs: Mapping[int, int], binary: set[str]) -> list[Output]:
        return [
            output_facts(
                _name(key),
                self._watch.described[key],
                values,
                step=row.step,
                epoch=_epoch_of(row.step, epochs),
                binary=_name(key) in binary,
            )
            for row in self._outputs
            for key, values in row.values.items()
        ]

    def _constant_loss(self, loss: Loss, by_tensor: Mapping[str, Sequence[Any]]) -> ConstantLoss | None:
        losses = _losses(loss)
        keys = [key for _, key in self._watch.losses if key in by_tensor]
        if not losses or len(losses) != len(keys):
            return None
        found = [self._best(one, key, Column(by_tensor[key])) for one, key in zip(losses, keys, strict=True)]
        if any(each is None for each in found):
            return None
        known = [each for each in found if each is not None]
        weights = [1.0 if one.weight is None else one.weight for one in losses]
        value = sum(weight * each.value for weight, each in zip(weights, known, strict=True))
        weighted = any(Column(by_tensor[key]).has("sample_weight") for key in keys)
        return ConstantLoss(float(value), " + ".join(dict.fromkeys(each.kind for each in known)), weighted)

    def _best(self, loss: Loss, key: str, column: Column) -> ConstantLoss | None:
        targets, scale = self._targets(loss, key, column)
        found = best_constant(loss.class_name, loss.settings, targets)
        if found is None:
            return None
        return ConstantLoss(found[0] * scale, found[1])

    def _targets(self, loss: Loss, key: str, column: Column) -> tuple[Targets, float]:
        """The targets of one loss, and the factor from the loss per example to the loss in its own reduction."""
        labels = labels_of(column, self._watch.described[key], sparse=loss.class_name == SPARSE)
        counts, moments, per_entry = np.zeros(0), column.moments, 1.0
        counts = counts if labels is None else labels.counts
        if column.has("weight"):
            weight = column.stacked("weight")
            moments = Moments.merged(weight, column.stacked("weighted_mean"), column.stacked("weighted_squares"))
            counts = column.stacked("weighted_classes").sum(axis=0)[: len(counts)]
            per_entry = (
                1.0
                if loss.reduction == "mean_with_sample_weight"
                else float(weight.sum()) / (column.rows * weight.shape[1])
            )
        if loss.reduction == "sum":
            per_entry *= column.rows / len(self._batches)
        sample = sample_of(column)
        given = column.stacked("sample_weight").reshape(-1) if column.has("sample_weight") else np.ones(len(sample))
        shape = self._watch.described[key].shape
        whole = len(shape) <= 2 and sample.shape[-1] == (shape[-1] if len(shape) == 2 else 1)
        sample_weight = given[~np.isnan(given)][: len(sample)]
        few = slice(None, None, max(1, math.ceil(len(sample) / MOST_EXAMPLES)))
        targets = Targets(moments.mean, moments.variance, counts, sample[few], sample_weight[few], whole)
        return targets, per_entry


def _consecutive(rows: Sequence[Row]) -> list[Row]:
    """Rows of steps that follow one another: steps at equal places of their epochs may see the same batch."""
    steps = {row.step for row in rows}
    return [row for row in rows if {row.step - 1, row.step + 1} & steps]


def _signature(row: Row) -> bytes:
    """What tells a batch from others: to four digits, as the order of its examples may differ."""
    told = [own[name].ravel() for own in row.values.values() for name in ("mean", "squares") if name in own]
    return b" ".join(f"{value:.3e}".encode() for part in told for value in part)


def _kept(rows: Sequence[Row], epochs: Mapping[int, int]) -> list[Row]:
    """The first rows, and the last of each epoch."""
    last = {_epoch_of(row.step, epochs): row for row in rows}
    stride = math.ceil(len(last) / MOST_EPOCHS)
    ends = [row for number, row in enumerate(reversed(last.values())) if number % stride == 0] if last else []
    by_step = {row.step: row for row in [*rows[:FIRST_OUTPUTS], *ends]}
    return [by_step[step] for step in sorted(by_step)]


def _epoch_of(step: int, epochs: Mapping[int, int]) -> int:
    return max((epoch for epoch, first in epochs.items() if first <= step), default=0)


def _by_tensor(rows: Sequence[Row]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        for key, values in row.values.items():
            found.setdefault(key, []).append(values)
    return found


def _losses(loss: Loss | None) -> tuple[Loss, ...]:
    """The losses by output; one alone if there are no outputs to tell apart."""
    if loss is None:
        return ()
    return tuple(replace(each, outputs=()) for each in loss.outputs) or (loss,)


def _name(key: str) -> str:
    return key.partition("/")[2]
