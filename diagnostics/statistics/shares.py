"""A share of runs, with exact bounds: no failure among 8 runs still allows a failure rate of 31 %."""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats


@dataclass(frozen=True)
class Share:
    """The probability behind a number of successes.

    Formula: p = P(Bin(n, θ) ≥ k) and the Clopper-Pearson bounds that invert it.

    Args:
        successes: k.
        trials: n, independent: runs, not the units or spells within one run.

    References:
        Clopper and Pearson 1934.

    Examples:
        >>> round(Share(0, 8).bounds(0.05)[1], 2)
        0.31
    """

    successes: int
    trials: int

    statistic = "share"
    name = "exact binomial"

    @property
    def estimate(self) -> float:
        """k/n; NaN without trials."""
        return self.successes / self.trials if self.trials else float("nan")

    def p_above(self, threshold: float) -> float:
        """P(Bin(n, θ) ≥ k)."""
        return (
            float(stats.binom.sf(self.successes - 1, self.trials, min(max(threshold, 0.0), 1.0)))
            if self.trials
            else 1.0
        )

    def p_below(self, threshold: float) -> float:
        """P(Bin(n, θ) ≤ k)."""
        return (
            float(stats.binom.cdf(self.successes, self.trials, min(max(threshold, 0.0), 1.0))) if self.trials else 1.0
        )

    def bounds(self, level: float) -> tuple[float, float]:
        """Clopper-Pearson, in [0, 1]."""
        if not self.trials:
            return 0.0, 1.0
        interval = stats.binomtest(self.successes, self.trials).proportion_ci(1 - 2 * level, "exact")
        return float(interval.low), float(interval.high)


def wilson(successes: int, trials: int, level: float = 0.025) -> tuple[float, float]:
    """Wilson's interval for a share, for display: narrower than the exact one, and right on average.

    Args:
        successes: k.
        trials: n ≥ 1.
        level: one-sided.
    """
    interval = stats.binomtest(successes, trials).proportion_ci(1 - 2 * level, "wilson")
    return float(interval.low), float(interval.high)
