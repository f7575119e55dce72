"""Measures of divergence: how often the loss becomes NaN or Inf, and how early a statistic warns of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.tables import RunLike, readings
from diagnostics.measures.training import FirstNonFiniteStep


@dataclass(frozen=True)
class WarningSteps:
    """How many steps before the loss became NaN or Inf a statistic crossed a bound.

    Formula: first step with a loss of NaN or Inf − first step at which any layer's statistic is above the bound.

    Args:
        column: the statistic.
        bound: what it must exceed; NaN or Inf does not count, because it comes too late to warn.
        layers: shell pattern of the layers.
    """

    column: str
    bound: float
    layers: str = "*"
    unit: ClassVar[str] = "steps"

    def __call__(self, run: RunLike) -> float:
        """Steps; 0 or less where the warning came too late, −Inf where it never crossed, NaN where the loss stayed finite."""
        if "loss" not in run.scalars:
            return np.nan
        lost = FirstNonFiniteStep()(run)
        rows = readings(run, self.column, self.layers)
        crossed = rows.loc[(rows["value"] > self.bound) & np.isfinite(rows["value"]), "step"].to_numpy(np.float64)
        return float(lost - np.min(crossed, initial=np.inf)) if np.isfinite(lost) else np.nan


@dataclass(frozen=True)
class NonFiniteShare:
    """The share of steps whose loss is NaN or Inf.

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
