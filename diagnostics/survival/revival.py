"""The time to revival: how long units stay dead, with spells censored by the end of the run."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats


@dataclass(frozen=True, eq=False)
class RevivalCurve:
    """Kaplan-Meier estimate of the share of spells that last longer than a given number of steps.

    Args:
        steps: times, ``[n]``, from 0 on.
        still_dead: share that lasts longer, ``[n]``, in [0, 1], falling.
        low, high: its 95 % interval (log-log), ``[n]``; NaN where the share is 0 or 1.
        spells: number of spells.
        revivals: how many of them ended; the others are censored.
    """

    steps: np.ndarray
    still_dead: np.ndarray
    low: np.ndarray
    high: np.ndarray
    spells: int
    revivals: int

    @property
    def median(self) -> float:
        """Steps after which half of the spells have ended; Inf when fewer than half ended, NaN without spells."""
        if not self.spells:
            return np.nan
        reached = self.still_dead <= 0.5
        return float(self.steps[reached.argmax()]) if reached.any() else np.inf


def time_to_revival(table: pd.DataFrame) -> RevivalCurve:
    """How long dead units stay dead; spells that are open at the end are censored, not left out.

    Formula: S(t) = Π_{tᵢ ≤ t} (1 − revivals at tᵢ / spells that lasted at least tᵢ).

    Args:
        table: what ``spells`` returns, or some of its rows, such as ``table[~table["born_dead"]]``.

    Returns:
        The curve; without spells, a single point with share NaN.

    References:
        Kaplan and Meier 1958.

    Examples:
        >>> table = pd.DataFrame({"length": [20, 40, 60, 60], "open": [False, False, True, True]})
        >>> curve = time_to_revival(table)
        >>> curve.revivals, curve.median
        (2, 40.0)
        >>> curve.still_dead.tolist()
        [1.0, 0.75, 0.5, 0.5]
    """
    if table.empty:
        nothing = np.array([np.nan])
        return RevivalCurve(np.array([0.0]), nothing, nothing, nothing, 0, 0)
    survival = stats.ecdf(_censored(table)).sf
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The confidence interval is undefined", RuntimeWarning)
        bounds = survival.confidence_interval(0.95, method="log-log")
    return RevivalCurve(
        np.append(0.0, survival.quantiles),
        np.append(1.0, survival.probabilities),
        np.append(np.nan, bounds.low.probabilities),
        np.append(np.nan, bounds.high.probabilities),
        len(table),
        int(np.sum(~table["open"].to_numpy(bool))),
    )


class LogRank(NamedTuple):
    """A log-rank test: a positive statistic means earlier revival in the first group; both are NaN without data to compare."""

    statistic: float
    p_value: float


def compare_revival(first: pd.DataFrame, second: pd.DataFrame) -> LogRank:
    """Test whether units of two arms take equally long to revive.

    Formula: (observed − expected revivals of the first group) / standard deviation, summed over the times of revival.

    Args:
        first: what ``spells`` returns for one arm; seeds may be concatenated.
        second: the same for the other arm.

    Returns:
        Statistic (standard normal when there is no difference) and two-sided p-value; NaN when a group is empty or
        nothing was revived.

    References:
        Mantel 1966; Peto and Peto 1972.
    """
    if first.empty or second.empty or np.all([*first["open"], *second["open"]]):
        return LogRank(np.nan, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = stats.logrank(_censored(first), _censored(second))
    return LogRank(float(result.statistic), float(result.pvalue))


def _censored(table: pd.DataFrame) -> stats.CensoredData:
    return stats.CensoredData.right_censored(table["length"].to_numpy(np.float64), table["open"].to_numpy(bool))
