"""Measures of divergence: how often the loss becomes NaN or Inf, and whether and how early a statistic warns of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.tables import RunLike, numbers, readings
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
        crossed = _crossed(run, self.column, self.layers, self.bound)
        return float(lost - np.min(crossed, initial=np.inf)) if np.isfinite(lost) else np.nan


@dataclass(frozen=True)
class WarnsTooLate:
    """Whether a loss became NaN or Inf without a warning at least one step before.

    Formula: 1 when ``warning_steps`` < 1, else 0.

    Args:
        column: the statistic.
        bound: what it must exceed.
        layers: shell pattern of the layers.
    """

    column: str
    bound: float
    layers: str = "*"
    unit: ClassVar[str] = ""

    def __call__(self, run: RunLike) -> float:
        """0 or 1; NaN where the loss stayed finite, because there was nothing to warn of."""
        ahead = WarningSteps(self.column, self.bound, self.layers)(run)
        return np.nan if np.isnan(ahead) else float(ahead < 1)


@dataclass(frozen=True)
class FalseAlarm:
    """Whether a statistic crossed a bound although the loss stayed finite.

    Formula: 1 when any layer's statistic is above the bound at any step, else 0.

    Args:
        column: the statistic.
        bound: what it must not exceed.
        layers: shell pattern of the layers.
    """

    column: str
    bound: float
    layers: str = "*"
    unit: ClassVar[str] = ""

    def __call__(self, run: RunLike) -> float:
        """0 or 1; NaN where the loss became NaN or Inf, or where there is none."""
        if "loss" not in run.scalars or np.isfinite(FirstNonFiniteStep()(run)):
            return np.nan
        return float(_crossed(run, self.column, self.layers, self.bound).size > 0)


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
        losses = numbers(run.scalars.loc[run.scalars["split"] == self.split, "loss"])
        return float(np.mean(~np.isfinite(losses))) if losses.size else np.nan


def _crossed(run: RunLike, column: str, layers: str, bound: float) -> np.ndarray:
    """The steps at which some layer's statistic is finite and above the bound."""
    rows = readings(run, column, layers)
    return rows.loc[(rows["value"] > bound) & np.isfinite(rows["value"]), "step"].to_numpy(np.float64)
