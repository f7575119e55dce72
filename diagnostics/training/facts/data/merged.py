"""Summaries of many batches as one, in float64 on the host, and as facts about inputs, targets and outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from diagnostics.runs.data_facts import Input, Output, Target, Values
from diagnostics.statistics.autocorrelation import autocorrelation, label_autocorrelation
from diagnostics.training.facts.data.summaries import MOST_CLASSES
from diagnostics.training.facts.data.watch import Described

Statistics = Mapping[str, np.ndarray]

SUMS_TO_ONE = 1e-2
"""How far from 1 the sum of a row may be: what half precision rounds a softmax over a thousand classes to."""


@dataclass(frozen=True)
class Moments:
    """Count, mean and Σ (x − mean)² of columns, ``[columns]`` each."""

    count: np.ndarray
    mean: np.ndarray
    squares: np.ndarray

    @classmethod
    def merged(cls, count: np.ndarray, mean: np.ndarray, squares: np.ndarray, axis: int = 0) -> Moments:
        """One from several along an axis, by the parallel update of Chan, Golub and LeVeque (1983)."""
        total = count.sum(axis=axis)
        # Outputs that explode overflow here as they do in the model; infinite and NaN are the right answers then.
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            whole = np.where(total > 0, (count * mean).sum(axis=axis) / total, np.nan)
            between = (count * np.square(np.where(count > 0, mean - np.expand_dims(whole, axis), 0))).sum(axis=axis)
        return cls(total, whole, squares.sum(axis=axis) + between)

    def over_columns(self) -> Moments:
        """All columns as one."""
        return Moments.merged(self.count, np.nan_to_num(self.mean), self.squares)

    @property
    def variance(self) -> np.ndarray:
        """NaN without values."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.count > 0, self.squares / self.count, np.nan)


class Column:
    """The summaries of one tensor over several batches.

    Args:
        rows: what each batch's step has written of it.
    """

    def __init__(self, rows: Sequence[Statistics]) -> None:
        self._rows = rows
        self.moments = Moments.merged(self.stacked("count"), self.stacked("mean"), self.stacked("squares"))
        self.smallest, self.largest = self.stacked("smallest").min(axis=0), self.stacked("largest").max(axis=0)
        self.rows = float(self.stacked("rows").sum())
        self.nonfinite = self.rows - self.moments.count

    def stacked(self, name: str) -> np.ndarray:
        """One statistic of all batches, ``[batches, ...]``."""
        return np.stack([row[name] for row in self._rows])

    def has(self, name: str) -> bool:
        """Whether the step writes this statistic."""
        return name in self._rows[0]

    @property
    def examples(self) -> int:
        """Examples in all."""
        return int(self.stacked("examples").sum())

    def values(self, name: str, described: Described) -> Values:
        """Range, mean and deviation over everything."""
        whole = self.moments.over_columns()
        known = bool(whole.count > 0)
        return Values(
            name=name,
            dtype=described.dtype,
            shape=described.shape,
            minimum=float(self.smallest.min()) if known else None,
            maximum=float(self.largest.max()) if known else None,
            mean=float(whole.mean) if known else None,
            std=math.sqrt(float(whole.variance)) if known else None,
            nonfinite=int(self.nonfinite.sum()),
        )


def input_facts(name: str, described: Described, rows: Sequence[Statistics]) -> Input:
    """One input over several batches."""
    column = Column(rows)
    entries = described.shape[-1] if len(described.shape) > 1 else 1
    told_apart = entries == len(column.moments.count) and bool((column.moments.count > 0).any())
    features = {}
    if told_apart:
        deviation = np.sqrt(column.moments.variance)
        features = {
            "feature_mean_largest": float(np.nanmax(np.abs(column.moments.mean))),
            "feature_std_smallest": float(np.nanmin(deviation)),
            "feature_std_largest": float(np.nanmax(deviation)),
            "constant_features": int((column.smallest == column.largest).sum()),
            "nonfinite_features": int((column.nonfinite > 0).sum()),
        }
    size = column.rows * len(column.moments.count)
    zeros = float(column.stacked("zeros").sum()) / size if size else None
    return Input(**vars(column.values(name, described)), features=entries, zero_fraction=zeros, **features)


@dataclass(frozen=True)
class Labels:
    """The labels of a target.

    Attributes:
        counts: how often each label from 0 on occurs.
        one_hot: whether they come as one-hot rows.
    """

    counts: np.ndarray
    one_hot: bool


def labels_of(column: Column, described: Described, *, sparse: bool) -> Labels | None:
    """The labels that a target holds; ``None`` if it holds none.

    Args:
        column: its summaries.
        described: its type and shape.
        sparse: whether its loss takes integer labels.
    """
    if is_one_hot(column):
        return Labels(column.moments.count * column.moments.mean, True)
    counts = column.stacked("classes").sum(axis=0)
    whole = _most(column, "fraction") == 0 and counts[MOST_CLASSES] == 0
    alone = len(column.moments.count) == 1 or described.dtype.startswith(("int", "uint"))
    return Labels(np.trim_zeros(counts, "b"), False) if whole and (alone or sparse) else None


def is_one_hot(column: Column) -> bool:
    """Whether every row is zeros with a single 1."""
    several = len(column.moments.count) > 1
    return several and _most(column, "not_binary") == 0 and _most(column, "row_sum_error") == 0


def target_facts(name: str, described: Described, rows: Sequence[Statistics], *, sparse: bool) -> Target:
    """One target over several batches; ``sparse`` as for `labels_of`."""
    column = Column(rows)
    labels = labels_of(column, described, sparse=sparse)
    shares = None if labels is None else labels.counts[labels.counts > 0] / max(1.0, labels.counts.sum())
    if labels is not None and labels.one_hot:
        shares = labels.counts / max(1.0, labels.counts.sum())
    weighted = _weighted_shares(column, labels) if labels is not None else None
    correlation, bound = _order(column, labels)
    return Target(
        **vars(column.values(name, described)),
        integer=_most(column, "fraction") == 0,
        classes=None if shares is None else len(shares),
        shares=None if shares is None else tuple(map(float, shares)),
        weighted_shares=weighted,
        one_hot=is_one_hot(column),
        binary=_most(column, "not_binary") == 0,
        autocorrelation=_known(correlation),
        autocorrelation_bound=_known(bound),
    )


def _weighted_shares(column: Column, labels: Labels) -> tuple[float, ...] | None:
    """The share of each class by the weights of its examples, for the classes that ``shares`` has."""
    if not column.has("sample_weight") or not column.has("weighted_classes"):
        return None
    weight = column.stacked("weighted_classes").sum(axis=0)[: len(labels.counts)]
    weight = weight if labels.one_hot else weight[labels.counts > 0]
    return tuple(map(float, weight / weight.sum())) if weight.sum() > 0 else None


def output_facts(name: str, described: Described, row: Statistics, *, step: int, epoch: int, binary: bool) -> Output:
    """One output in one step.

    Args:
        name: its name.
        described: its type and shape.
        row: what the step has written of it.
        step: the step.
        epoch: its epoch.
        binary: whether its targets are 0 and 1, so that one entry is a decision between two classes.
    """
    column = Column([row])
    values = column.values(name, described)
    several, examples = row["columns"] > 1, row["examples"]
    share = float(row["most_frequent"]) if several and not values.nonfinite else None
    if binary and not several and values.minimum is not None and values.maximum is not None:
        above = float(row["above_half" if values.minimum >= 0 and values.maximum <= 1 else "above_zero"])
        share = max(above, 1 - above)
    return Output(
        **vars(values),
        step=step,
        epoch=epoch,
        spread_over_batch=_known(math.sqrt(row["variance_over_batch"])) if examples > 1 else None,
        most_frequent_share=share,
        rows_sum_to_one=bool(several and row["row_sum_error"] < SUMS_TO_ONE and (values.minimum or 0) >= 0),
    )


def sample_of(column: Column) -> np.ndarray:
    """The sampled examples in their order, ``[examples, entries]``."""
    sample = column.stacked("sample")
    sample = sample.reshape(-1, sample.shape[-1])
    return sample[~np.isnan(column.stacked("largest_entry").reshape(-1))]


def _order(column: Column, labels: Labels | None) -> tuple[float, float]:
    if labels is not None and labels.one_hot:
        return label_autocorrelation(column.stacked("largest_entry").reshape(-1))
    sample = sample_of(column)
    if labels is not None and sample.shape[-1] == 1:
        return label_autocorrelation(sample[:, 0])
    return autocorrelation(sample)


def _most(column: Column, name: str) -> float:
    """The largest over the batches; NaN if any is."""
    return float(column.stacked(name).max())


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
