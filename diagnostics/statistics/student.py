"""Student's t for a mean, with the standard deviation pooled over several effects that measure the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from diagnostics.statistics.evidence import sample

SAME_SPREAD = 0.1
"""Spreads are pooled unless a test of equal spread rejects at this level: higher than 0.05, because pooling unequal ones misleads."""


@dataclass(frozen=True)
class StudentT:
    """A mean that is roughly normal over replicates.

    Formula: mean ± t_{ν, 1−level} s/√n.

    Args:
        estimate: the mean.
        error: its standard error s/√n; 0 when all effects are equal.
        degrees: ν, the degrees of freedom of s; 0 with a single effect.
        pooled: the number of effects over which s is pooled.
    """

    estimate: float
    error: float
    degrees: float
    pooled: int = 1

    statistic = "mean"

    @property
    def name(self) -> str:
        """The method."""
        return "t" if self.pooled == 1 else f"t, spread pooled over {self.pooled} parts"

    def p_above(self, threshold: float) -> float:
        """P(T ≥ (mean − threshold)/error)."""
        return self._tail(self.estimate - threshold)

    def p_below(self, threshold: float) -> float:
        """P(T ≥ (threshold − mean)/error)."""
        return self._tail(threshold - self.estimate)

    def bounds(self, level: float) -> tuple[float, float]:
        """Mean ± t times the standard error; unbounded without degrees of freedom."""
        if not self.degrees > 0 or (self.error == 0 and self._alike > level):
            return -np.inf, np.inf
        reach = float(stats.t.isf(level, self.degrees)) * self.error if self.error else 0.0
        return float(self.estimate - reach), float(self.estimate + reach)

    @property
    def _alike(self) -> float:
        """The sign test's p for n equal effects: few equal values say nothing about rare ones, so t's p of 0 is too small."""
        return float(0.5 ** (self.degrees + 1))

    def _tail(self, beyond: float) -> float:
        if not self.degrees > 0 or np.isnan(beyond):
            return 1.0
        if self.error == 0:
            return self._alike if beyond > 0 else 1.0
        return float(stats.t.sf(beyond / self.error, self.degrees))


def student(effects: np.ndarray) -> StudentT:
    """The mean of one effect, with its own standard deviation.

    Args:
        effects: finite, ``[replicates]``.

    Examples:
        >>> low, high = student(np.array([0.61, 0.63, 0.62, 0.64, 0.65])).bounds(0.025)
        >>> round(low, 3), round(high, 3)
        (0.61, 0.65)
    """
    x = sample(effects)
    if x.size < 2:
        return StudentT(float(x.mean()) if x.size else np.nan, np.nan, 0)
    return StudentT(float(x.mean()), _spread(x) / np.sqrt(x.size), x.size - 1)


def pooled(effects: Sequence[np.ndarray]) -> list[StudentT]:
    """The means of several effects that measure the same over the same replicates, with one standard deviation.

    The effects share splits and first weights, so their deviations are correlated and pooling k of them gains fewer than
    k (n − 1) degrees of freedom: ν = (n − 1) k² / Σᵢⱼ rᵢⱼ², with rᵢⱼ the correlation of effects i and j.

    Formula: s² = mean of the sᵢ²; each mean ± t_{ν} s/√n. Not pooled where the effects' spreads differ (Brown-Forsythe).

    Args:
        effects: of each part, ``[replicates]``, all finite and of one length to be pooled.

    Returns:
        One mean for each effect.

    References:
        Satterthwaite 1946 (degrees of freedom of a sum of variances); Brown and Forsythe 1974.
    """
    alone = [student(each) for each in effects]
    if len({each.size for each in effects}) > 1 or len(effects) < 2 or min(each.size for each in effects) < 3:
        return alone
    table = np.array(effects, np.float64)
    spreads = np.array([_spread(row) for row in table])
    if (spreads == 0).any() or _differ(table):
        return alone
    replicates, parts = table.shape[1], len(table)
    shared = float(np.sum(np.square(np.corrcoef(table))))
    degrees = (replicates - 1) * parts**2 / shared
    error = float(np.sqrt(np.mean(spreads**2) / replicates))
    return [StudentT(mean, error, degrees, parts) for mean in table.mean(axis=1).tolist()]


def _differ(table: np.ndarray) -> bool:
    return float(np.asarray(stats.levene(*table, center="median"))[1]) < SAME_SPREAD


def _spread(x: np.ndarray) -> float:
    """The standard deviation; exactly 0 for equal values, whose mean can be off by a rounding error."""
    return float(x.std(ddof=1)) if np.ptp(x) > 0 else 0.0
