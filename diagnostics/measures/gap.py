"""The gap between training and validation metrics, split by cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import pandas as pd

from diagnostics.measures.tables import RunLike, known_scalar
from probes.errors import unknown_name

SPLITS = ("train", "train_again", "train_inference", "validation")
PARTS = ("lag", "mode", "data")


@dataclass(frozen=True)
class GapPart:
    """One part of the gap between training and validation.

    Formula: ``gaps_of``; ``residual`` = |gap − (lag + mode + data)|, the largest of all epochs.

    Args:
        part: ``gap``, ``lag``, ``mode``, ``data`` or ``residual``.
        column: the metric.
        epoch: from 0; negative counts from the last.
    """

    part: str = "gap"
    column: str = "accuracy"
    epoch: int = -1
    unit: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """Reject an unknown part."""
        known = (*PARTS, "gap", "residual")
        if self.part not in known:
            raise unknown_name("part of the gap", self.part, known)

    def __call__(self, run: RunLike) -> float:
        """The part in the metric's unit; NaN without that epoch."""
        gaps = gaps_of(run.scalars, self.column)
        if self.part == "residual":
            residual = (gaps["gap"] - gaps[list(PARTS)].sum(axis=1, skipna=False)).abs().round(12)
            return float(cast(float, residual.max()))
        values = gaps[self.part].to_numpy(float)
        there = -len(values) <= self.epoch < len(values)
        return float(values[self.epoch]) if there else np.nan


def gaps_of(scalars: pd.DataFrame, column: str) -> pd.DataFrame:
    """The gap of every epoch, and the three parts that add up to it.

    Formula: gap = validation − running = lag + mode + data, with
    lag = again − running (the weights of the epoch's end instead of those on the way),
    mode = inference − again (dropout off, moving statistics instead of the batch's),
    data = validation − inference (other examples).

    Args:
        scalars: a run's ``scalars``: at every epoch's end a row of the splits train (running over the epoch),
            ``train_again``, ``train_inference`` and validation.
        column: a metric, or ``"loss"``.

    Returns:
        Columns epoch, lag, mode, data and gap, in the metric's unit, one row per epoch; NaN where a value is missing. For
        the loss, running is the mean over the epoch's steps.

    Raises:
        UsageError: no such column.
    """
    known_scalar(scalars, column)
    if scalars.empty:
        return pd.DataFrame(columns=["epoch", *PARTS, "gap"], dtype=float)
    rows = scalars.loc[scalars["split"].isin(SPLITS) & scalars[column].notna(), ["epoch", "split", column]]
    means = rows.astype({column: float, "split": str}).groupby(["epoch", "split"])[column].mean()
    figures = means.unstack("split").reindex(columns=list(SPLITS))
    steps = figures.diff(axis=1).iloc[:, 1:].set_axis(list(PARTS), axis=1)
    return steps.assign(gap=figures["validation"] - figures["train"]).reset_index()
