"""The curve of a loss or metric: its level at the start and at the end, with standard errors that allow for noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import pandas as pd

from diagnostics.measures.tables import numbers

BLOCKS = 8  # blocks of consecutive readings: enough for a standard error, long enough for noise to decorrelate
TAIL = 0.1  # the last tenth of the readings is the end of training
FEWEST_IN_TAIL = 3


@dataclass(frozen=True)
class Level:
    """The mean of a part of a curve.

    Args:
        mean: the mean.
        error: its standard error, from blocks of consecutive readings; NaN for a single reading.
    """

    mean: float
    error: float


def level(values: np.ndarray) -> Level:
    """The mean of consecutive readings.

    Formula: mean ± s_B / √B from the means of B blocks, so that neighbouring readings may depend on each other.

    Args:
        values: finite, ``[n]``, at least one.
    """
    blocks = [block.mean() for block in np.array_split(values, min(BLOCKS, len(values)))]
    error = np.std(blocks, ddof=1) / np.sqrt(len(blocks)) if len(blocks) > 1 else np.nan
    return Level(float(values.mean()), float(error))


@dataclass(frozen=True, eq=False)
class Curve:
    """A loss or metric over steps.

    Args:
        steps: ``[n]``.
        values: ``[n]``; NaN and infinity are kept.
        epochs: the epoch of each reading, ``[n]``.
    """

    steps: np.ndarray
    values: np.ndarray
    epochs: np.ndarray

    def __len__(self) -> int:
        """Number of readings."""
        return len(self.values)

    @cached_property
    def finite(self) -> np.ndarray:
        """The readings before the first one that is NaN or infinite."""
        return self.values[: self.broken_at] if self.broken_at is not None else self.values

    @cached_property
    def broken_at(self) -> int | None:
        """The place of the first reading that is NaN or infinite."""
        broken = np.flatnonzero(~np.isfinite(self.values))
        return int(broken[0]) if len(broken) else None

    @cached_property
    def an_epoch(self) -> int:
        """Readings in a typical epoch."""
        return int(np.median(np.unique(self.epochs, return_counts=True)[1])) if len(self) else 0

    @cached_property
    def tail_size(self) -> int:
        """Readings that are the end of training: a tenth, and a whole epoch where that is not more than a quarter."""
        n = len(self.finite)
        epoch = self.an_epoch if self.an_epoch <= n // 4 else 0
        return min(max(FEWEST_IN_TAIL, int(TAIL * n), epoch), n)

    @cached_property
    def end(self) -> Level:
        """The level at the end of training."""
        return level(self.finite[-self.tail_size :])

    @cached_property
    def start(self) -> float:
        """The mean of the first readings: one of every fifty, at most ten."""
        return float(self.finite[: max(1, min(10, len(self.finite) // 50))].mean())

    @cached_property
    def blocks(self) -> np.ndarray:
        """Means of up to twenty consecutive parts; whole epochs where there are at least twenty of them."""
        values, epoch = self.finite, self.an_epoch
        if epoch > 1 and len(values) >= 20 * epoch:
            values = values[: len(values) // epoch * epoch].reshape(-1, epoch).mean(axis=1)
        return np.array([part.mean() for part in np.array_split(values, min(20, len(values)))])


def curve(scalars: pd.DataFrame, column: str = "loss", split: str = "train") -> Curve | None:
    """The curve of one scalar.

    Args:
        scalars: a run's ``scalars``.
        column: loss or a metric. NaN is a reading of the loss, and none of a metric.
        split: train or validation.

    Returns:
        The curve in order of steps; ``None`` without a reading.
    """
    if column not in scalars or not len(scalars):
        return None
    rows = scalars.loc[(scalars["split"] == split).to_numpy()] if "split" in scalars else scalars
    values = numbers(cast(pd.Series, rows[column]))
    kept = np.ones(len(rows), bool) if column == "loss" and split == "train" else ~np.isnan(values)
    if not kept.any():
        return None
    steps = rows["step"].to_numpy(np.float64)[kept]
    epochs = rows["epoch"].to_numpy(np.float64)[kept] if "epoch" in rows else np.zeros(kept.sum())
    order = np.argsort(steps, kind="stable")
    return Curve(steps[order], values[kept][order], epochs[order])
