"""The sign-flip permutation test for paired effects, and the interval that inverts it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from diagnostics.statistics.evidence import sample

ENUMERATED = 14
"""Up to this many effects all 2ⁿ sign patterns are used; beyond it, as many random ones."""
PATTERNS_SEED = 0  # the same effects always give the same interval


@dataclass(frozen=True, eq=False)
class SignFlip:
    """A centre of symmetry, from all ways of flipping the signs of the deviations.

    If two arms do not differ, their paired difference is as likely to be x as −x, whatever its distribution: ties, skewed arms
    and heavy tails included.

    Formula: p(θ) = share of subsets of the effects, the empty one included, whose mean is at most θ; the bounds are therefore
    order statistics of the subsets' means.

    Args:
        effects: ``[replicates]``; an infinite one (a run that diverged) counts by its sign.

    References:
        Fisher 1935; Hartigan 1969, Using subsample values as typical values (JASA 64).

    Examples:
        >>> SignFlip(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])).p_above(0)  # 1 of 2⁶ patterns
        0.015625
    """

    effects: np.ndarray

    statistic = "mean"
    name = "sign-flip permutation"

    @property
    def estimate(self) -> float:
        """The mean; the median when an effect is infinite, NaN without effects."""
        x = sample(self.effects)
        if not x.size:
            return float("nan")
        return float(x.mean() if np.isfinite(x).all() else _median(x))

    def p_above(self, threshold: float) -> float:
        """The share of subsets with a mean at or below the threshold."""
        return _share(self._bounding(-np.inf), threshold)

    def p_below(self, threshold: float) -> float:
        """The share of subsets with a mean at or above the threshold."""
        return _share(-self._bounding(np.inf), -threshold)

    def bounds(self, level: float) -> tuple[float, float]:
        """The k-th smallest and the k-th largest mean of a subset, k = ⌊level · 2ⁿ⌋; unbounded for k = 0."""
        low, high = self._bounding(-np.inf), self._bounding(np.inf)
        k = int(level * (low.size + 1) + 1e-9)
        if k == 0 or not low.size:
            return -np.inf, np.inf
        return float(np.partition(low, k - 1)[k - 1]), -float(np.partition(-high, k - 1)[k - 1])

    @cached_property
    def _subset_means(self) -> np.ndarray:
        x = sample(self.effects)
        chosen = _patterns(x.size)
        if np.isfinite(x).all():
            return chosen @ x / np.maximum(chosen.sum(axis=1), 1)
        with np.errstate(invalid="ignore"):  # a subset with both infinities has no mean
            return np.array([x[of].mean() for of in chosen])

    def _bounding(self, undefined: float) -> np.ndarray:
        """Means of all non-empty subsets; one with both infinities counts against the bound that is asked for."""
        return np.where(np.isnan(self._subset_means), undefined, self._subset_means)


@cache
def _patterns(count: int) -> np.ndarray:
    """Non-empty subsets as rows of booleans, ``[subsets, count]``."""
    if count <= ENUMERATED:
        numbers = np.arange(1, 2**count)
        return (numbers[:, None] >> np.arange(count)) & 1 > 0
    drawn = np.random.default_rng(PATTERNS_SEED).random((2**ENUMERATED - 1, count)) < 0.5
    drawn[~drawn.any(axis=1), 0] = True
    return drawn


def _share(means: np.ndarray, threshold: float) -> float:
    return float((1 + np.count_nonzero(means <= threshold)) / (1 + means.size))


def _median(x: np.ndarray) -> float:
    middle = np.sort(x)[[(x.size - 1) // 2, x.size // 2]]
    return float(middle[0] if middle[0] == middle[1] else middle.sum() / 2)
