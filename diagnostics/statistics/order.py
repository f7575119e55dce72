"""A median from order statistics: valid for any distribution, infinite effects and failed runs included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from diagnostics.statistics.evidence import sample


@dataclass(frozen=True, eq=False)
class OrderStatistics:
    """A median by the sign test.

    Formula: p(θ) = P(Bin(n, ½) ≥ number of effects above θ); the bounds are x₍ₖ₎ and x₍ₙ₊₁₋ₖ₎.

    Args:
        effects: ``[replicates]``; an infinite one counts by its rank.
        failed: replicates without an effect because a training failed; they count against either direction.

    Examples:
        >>> OrderStatistics(np.arange(1.0, 11.0)).bounds(1 / 64)
        (2.0, 9.0)
    """

    effects: np.ndarray
    failed: int = 0

    statistic = "median"
    name = "sign test"

    @property
    def estimate(self) -> float:
        """The median of the effects that there are; NaN without any."""
        x = np.sort(sample(self.effects))
        if not x.size:
            return float("nan")
        low, high = x[(x.size - 1) // 2], x[x.size // 2]
        return float(low if low == high else (low + high) / 2)

    def p_above(self, threshold: float) -> float:
        """The sign test; an effect equal to the threshold counts against it, as a failed run does."""
        return self._tail(int((sample(self.effects) > threshold).sum()))

    def p_below(self, threshold: float) -> float:
        """The sign test for the other direction."""
        return self._tail(int((sample(self.effects) < threshold).sum()))

    def bounds(self, level: float) -> tuple[float, float]:
        """The order statistics; unbounded where there are too few replicates for the level."""
        x = sample(self.effects)
        count = x.size + self.failed
        k = int((stats.binom.cdf(np.arange(count // 2), count, 0.5) <= level).sum()) if x.size else 0
        low = np.sort(np.concatenate([np.full(self.failed, -np.inf), x]))
        high = np.sort(np.concatenate([x, np.full(self.failed, np.inf)]))
        return (float(low[k - 1]), float(high[-k])) if k else (-np.inf, np.inf)

    def _tail(self, beyond: int) -> float:
        return float(stats.binom.sf(beyond - 1, sample(self.effects).size + self.failed, 0.5))
