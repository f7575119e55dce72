"""Measures of divergence: how often the loss becomes NaN or Inf, and whether and how early a statistic warns of it."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.tables import RunLike, numbers, readings
from diagnostics.measures.training import FirstNonFiniteStep


@dataclass(frozen=True)
class Crossing(abc.ABC):
    """A statistic that crosses a bound, seen beside the loss.

    Args:
        column: the statistic.
        bound: what it must exceed; NaN or Inf does not count, because it comes too late to warn.
        layers: shell pattern of the layers.
    """

    column: str
    bound: float
    layers: str = "*"

    @abc.abstractmethod
    def __call__(self, run: RunLike) -> float:
        """The measure; NaN where it has no meaning."""

    def ahead(self, run: RunLike) -> float:
        """Steps from the first crossing to the first loss of NaN or Inf; NaN where the loss stayed finite."""
        if "loss" not in run.scalars:
            return np.nan
        lost = FirstNonFiniteStep()(run)
        return float(lost - np.min(self.crossed(run), initial=np.inf)) if np.isfinite(lost) else np.nan

    def crossed(self, run: RunLike) -> np.ndarray:
        """The steps at which some layer's statistic is finite and above the bound."""
        rows = readings(run, self.column, self.layers)
        return rows.loc[(rows["value"] > self.bound) & np.isfinite(rows["value"]), "step"].to_numpy(np.float64)


@dataclass(frozen=True)
class WarningSteps(Crossing):
    """How many steps before the loss became NaN or Inf a statistic crossed a bound.

    Formula: first step with a loss of NaN or Inf − first step at which any layer's statistic is above the bound.
    """

    unit: ClassVar[str] = "steps"

    def __call__(self, run: RunLike) -> float:
        """Steps; 0 or less where the warning came too late, −Inf where it never crossed, NaN where the loss stayed finite."""
        return self.ahead(run)


@dataclass(frozen=True)
class WarnsTooLate(Crossing):
    """Whether a loss became NaN or Inf without a warning at least one step before.

    Formula: 1 when ``warning_steps`` < 1, else 0.
    """

    unit: ClassVar[str] = ""

    def __call__(self, run: RunLike) -> float:
        """0 or 1; NaN where the loss stayed finite, because there was nothing to warn of."""
        ahead = self.ahead(run)
        return np.nan if np.isnan(ahead) else float(ahead < 1)


@dataclass(frozen=True)
class FalseAlarm(Crossing):
    """Whether a statistic crossed a bound although the loss stayed finite.

    Formula: 1 when any layer's statistic is above the bound at any step, else 0.
    """

    unit: ClassVar[str] = ""

    def __call__(self, run: RunLike) -> float:
        """0 or 1; NaN where the loss became NaN or Inf, or where there is none."""
        if "loss" not in run.scalars or np.isfinite(FirstNonFiniteStep()(run)):
            return np.nan
        return float(self.crossed(run).size > 0)


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
