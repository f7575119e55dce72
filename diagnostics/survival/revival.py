"""The time to revival: how long units stay dead, with spells censored by the end of the run."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from scipy import stats

DRAWS = 127
"""Random exchanges of arms where there are too many to try all; a p-value of 1/128 is as small as a figure's note needs."""

ROUNDING = 1e-9


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
    from scipy import stats  # noqa: PLC0415 - half a second to load, for the few runs with many deaths

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

    Formula: z = (observed − expected revivals of the first group) / standard deviation, summed over the times of revival.
    The spells of one network depend on each other. With a column ``seed`` and at least two seeds that both arms have, the
    p-value is therefore the share of exchanges of the arms within seeds that give at least this |z|: of all exchanges, or of
    this one and ``DRAWS`` random ones where there are more. Otherwise it takes spells for independent.

    Args:
        first: what ``spells`` returns for one arm; seeds may be concatenated.
        second: the same for the other arm.

    Returns:
        z and two-sided p-value; NaN when a group is empty or nothing was revived.

    References:
        Mantel 1966; Peto and Peto 1972.
    """
    if first.empty or second.empty or np.all([*first["open"], *second["open"]]):
        return LogRank(np.nan, np.nan)
    result = _log_rank(first, second)
    shared = sorted(set(first["seed"]) & set(second["seed"])) if "seed" in first and "seed" in second else []
    if len(shared) < 2 or np.isnan(result.statistic):
        return result
    return LogRank(result.statistic, _share_at_least(abs(result.statistic), first, second, shared))


def _share_at_least(observed: float, first: pd.DataFrame, second: pd.DataFrame, seeds: Sequence[object]) -> float:
    """The share of exchanges of the arms within seeds with a |z| of at least the observed one."""
    both = pd.concat([first, second], ignore_index=True)
    here = np.arange(len(both)) < len(first)
    found = [_exchanged(both, here ^ both["seed"].isin(each).to_numpy()) for each in _exchanges(seeds)]
    return float(np.mean([not z < observed - ROUNDING for z in found]))


def _exchanged(both: pd.DataFrame, here: np.ndarray) -> float:
    return abs(_log_rank(both.loc[here], both.loc[~here]).statistic) if here.any() and not here.all() else np.inf


def _exchanges(seeds: Sequence[object]) -> list[list[object]]:
    """Sets of seeds in which the arms are exchanged, first the empty one; up to exchanging them all, which changes no |z|."""
    others = seeds[1:]
    if 2 ** len(others) <= DRAWS + 1:
        return [[seed for n, seed in enumerate(others) if code >> n & 1] for code in range(2 ** len(others))]
    random = np.random.default_rng(0)
    return [[], *([seed for seed in others if random.random() < 0.5] for _ in range(DRAWS))]


def _log_rank(first: pd.DataFrame, second: pd.DataFrame) -> LogRank:
    from scipy import stats  # noqa: PLC0415

    with np.errstate(invalid="ignore", divide="ignore"):
        result = stats.logrank(_censored(first), _censored(second))
    return LogRank(float(result.statistic), float(result.pvalue))


def _censored(table: pd.DataFrame) -> stats.CensoredData:
    from scipy import stats  # noqa: PLC0415

    return stats.CensoredData.right_censored(table["length"].to_numpy(np.float64), table["open"].to_numpy(bool))
