"""Intervals for display: 95 %, of a mean, or of a median when some values are infinite."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diagnostics.statistics.evidence import sample
from diagnostics.statistics.order import OrderStatistics
from diagnostics.statistics.student import student

LEVEL = 0.025


class Interval(NamedTuple):
    """A location with its 95 % interval, in the unit of the effects."""

    estimate: float
    low: float
    high: float
    statistic: str


def interval_of(effects: np.ndarray) -> Interval:
    """The interval of the effects' mean by Student's t, or of their median by order statistics when some are infinite.

    Args:
        effects: one for each replicate, ``[replicates]``; NaN is dropped.

    Returns:
        The interval; NaN bounds without effects, unbounded where there are too few for 95 %.

    Examples:
        >>> interval = interval_of(np.array([0.61, 0.63, 0.62, 0.64, 0.65]))
        >>> round(interval.estimate, 3), round(interval.low, 3), round(interval.high, 3)
        (0.63, 0.61, 0.65)
        >>> interval_of(np.array([3.0, np.inf, 5.0])).statistic  # an infinite effect has a rank but no mean
        'median'
    """
    x = sample(effects)
    if not x.size:
        return Interval(np.nan, np.nan, np.nan, "mean")
    evidence = student(x) if np.isfinite(x).all() else OrderStatistics(x)
    return Interval(evidence.estimate, *evidence.bounds(LEVEL), evidence.statistic)
