"""Measures of a training that blows up: how often, and how long before it could be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.tables import RunLike, readings
from diagnostics.measures.training import FirstNonFiniteStep


@dataclass(frozen=True)
class WarningSteps:
    """How many steps before the loss stopped being a number a statistic had crossed a bound.

    Formula: first step with a loss of NaN or Inf − first step at which any layer's statistic is above the bound.

    Args:
        column: the statistic.
        bound: what it must exceed; a statistic of NaN or Inf is no warning, for it comes too late.
        layers: shell pattern of the layers.
    """

    column: str
    bound: float
    layers: str = "*"
    unit: ClassVar[str] = "steps"

    def __call__(self, run: RunLike) -> float:
        """Steps; 0 or less where it gave no warning ahead, −Inf where it never crossed, NaN where the loss stayed finite."""
        if "loss" not in run.scalars:
            return np.nan
        lost = FirstNonFiniteStep()(run)
        rows = readings(run, self.column, self.layers)
        crossed = rows.loc[(rows["value"] > self.bound) & np.isfinite(rows["value"]), "step"].to_numpy(np.float64)
        return float(lost - np.min(crossed, initial=np.inf)) if np.isfinite(lost) else np.nan


@dataclass(frozen=True)
class NonFiniteShare:
    """How much of a training had a loss that was not a number.

    Formula: steps with a loss of NaN or Inf / steps.

    Args:
        split: train or validation.
    """

    split: str = "train"
    unit: ClassVar[str] = "share"

    def __call__(self, run: RunLike) -> float:
        """A share, in [0, 1]; NaN without a loss."""
        if "loss" not in run.scalars:
            return np.nan
        losses = run.scalars.loc[run.scalars["split"] == self.split, "loss"].to_numpy(np.float64)
        return float(np.mean(~np.isfinite(losses))) if losses.size else np.nan
