"""Counts per run, which vary more than a Poisson count would: units of one network live and die together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import optimize, special, stats

from diagnostics.statistics.evidence import sample

SPREADS = np.concatenate([[0.0], np.geomspace(1e-3, 30, 60)])
"""Values of the dispersion α (variance μ + α μ²) over which the likelihood is maximised; 0 is Poisson."""


LEAST = 1e-6
"""A mean below this share of the estimate counts as 0."""


@dataclass(frozen=True, eq=False)
class MeanCount:
    """The mean of a negative-binomial count.

    Formula: likelihood ratio of NB(μ, α) with α profiled out, compared with F_{1, n−1} because n is small; with no event at
    all, the exact Poisson bound −ln(level)/n.

    Args:
        counts: whole numbers ≥ 0, ``[replicates]``.

    References:
        Lawless 1987, Negative binomial and mixed Poisson regression.
    """

    counts: np.ndarray

    statistic = "mean count"
    name = "negative binomial"

    @property
    def estimate(self) -> float:
        """The mean count; NaN without replicates."""
        x = sample(self.counts)
        return float(x.mean()) if x.size else float("nan")

    def p_above(self, threshold: float) -> float:
        """The one-sided p-value for a mean above the threshold; 1 without an event."""
        return self._tail(threshold) if self.estimate > threshold else 1.0

    def p_below(self, threshold: float) -> float:
        """The one-sided p-value for a mean below the threshold."""
        return self._tail(threshold) if self.estimate < threshold else 1.0

    def bounds(self, level: float) -> tuple[float, float]:
        """The means at which the p-values reach the level."""
        x, mean = sample(self.counts), self.estimate
        if x.size < 2:
            return 0.0, np.inf
        if mean == 0:
            return 0.0, float(-np.log(level) / x.size)
        top = mean
        while self._tail(top) > level and top < 1e9:
            top *= 2
        low = self._crossing(level, mean * LEAST, mean) if self._tail(mean * LEAST) < level else 0.0
        return low, self._crossing(level, mean, top) if self._tail(top) < level else np.inf

    def _crossing(self, level: float, low: float, high: float) -> float:
        return float(optimize.root_scalar(lambda at: self._tail(at) - level, bracket=(low, high)).root)

    def _tail(self, at: float) -> float:
        """Half the two-sided p-value of the likelihood ratio."""
        x = sample(self.counts)
        if x.size < 2:
            return 0.5
        if x.sum() == 0:
            return float(np.exp(-max(at, 0.0) * x.size))
        if at <= 0:
            return 0.0
        ratio = max(2 * (self._best - _log_likelihood(x, at)), 0.0)
        return float(stats.f.sf(ratio, 1, x.size - 1)) / 2

    @cached_property
    def _best(self) -> float:
        return _log_likelihood(sample(self.counts), self.estimate)


@dataclass(frozen=True, eq=False)
class CountRatio:
    """How many times as many events one arm has as another, from the runs' paired counts.

    Formula: given both, the treated share of a run's events has mean π = ρ/(1 + ρ). logit π̂ ± t_{n−1} √(φ/(N π (1 − π)))
    with N all events and φ ≥ 1 Pearson's overdispersion, or the
    jackknife's standard error where it is larger; with all events in one arm, the exact bound of π instead.

    Args:
        treated: counts ≥ 0, ``[replicates]``.
        control: those of the control, in the same order.
    """

    treated: np.ndarray
    control: np.ndarray

    statistic = "ratio of mean counts"
    name = "conditional counts"

    @property
    def estimate(self) -> float:
        """Σ treated / Σ control; Inf where the control has none, NaN where neither has."""
        a, b = self._totals
        return float(a / b) if b else (np.inf if a else np.nan)

    def p_above(self, threshold: float) -> float:
        """The one-sided p-value for a ratio above the threshold."""
        a, b = self._totals
        if not b or not a:
            return _AllInOneArm(a, a + b, self._spread).above(threshold)
        return self._normal(np.log(a / b) - np.log(max(threshold, 1e-300)))

    def p_below(self, threshold: float) -> float:
        """The one-sided p-value for a ratio below the threshold."""
        return CountRatio(self.control, self.treated).p_above(1 / threshold if threshold > 0 else np.inf)

    def bounds(self, level: float) -> tuple[float, float]:
        """The ratios at which the p-values reach the level; [0, ∞] without events."""
        a, b = self._totals
        if not a and not b:
            return 0.0, np.inf
        if not b:
            return _AllInOneArm(a, a, self._spread).low(level), np.inf
        if not a:
            return 0.0, 1 / _AllInOneArm(b, b, self._spread).low(level)
        reach = float(stats.t.isf(level, self._degrees)) * self._error
        return float(a / b * np.exp(-reach)), float(a / b * np.exp(reach))

    @property
    def _totals(self) -> tuple[float, float]:
        return float(np.sum(self.treated)), float(np.sum(self.control))

    @property
    def _degrees(self) -> int:
        return max(int(np.count_nonzero(np.add(self.treated, self.control))) - 1, 1)

    @property
    def _error(self) -> float:
        """Of the log ratio: the larger of the model's and the jackknife's, since runs with many events can dominate both sums."""
        a, b = self._totals
        rest_a, rest_b = a - np.asarray(self.treated, float), b - np.asarray(self.control, float)
        model = np.sqrt(self._spread * (1 / a + 1 / b))
        if not ((rest_a > 0) & (rest_b > 0)).all():
            return float(model)
        without = np.log(rest_a / rest_b)
        count = without.size
        return float(max(model, np.sqrt((count - 1) / count * np.sum((without - without.mean()) ** 2))))

    @property
    def _spread(self) -> float:
        """Pearson's χ² by degree of freedom, at least 1: runs differ more than single events would."""
        a, b = self._totals
        total = np.add(self.treated, self.control).astype(float)
        of = total > 0
        if of.sum() < 2:
            return 1.0
        share = min(max(a / (a + b), 0.5 / (a + b)), 1 - 0.5 / (a + b))
        expected = total[of] * share
        return max(
            float(np.sum((np.asarray(self.treated)[of] - expected) ** 2 / (expected * (1 - share)))) / (of.sum() - 1),
            1.0,
        )

    def _normal(self, beyond: float) -> float:
        return float(stats.t.sf(beyond / self._error, self._degrees))


@dataclass(frozen=True)
class _AllInOneArm:
    """All events in one arm: the exact bound of a share of 1, from as many events as the overdispersion leaves."""

    successes: float
    trials: float
    spread: float

    def above(self, ratio: float) -> float:
        """P(all n events in the treated arm) at a ratio; 1 where they all are in the other."""
        if not self.successes or not np.isfinite(ratio):
            return 1.0
        return float((ratio / (1 + ratio)) ** (self.trials / self.spread))

    def low(self, level: float) -> float:
        """The ratio at which that probability is the level."""
        share = level ** (self.spread / self.trials)
        return float(share / (1 - share))


def _log_likelihood(x: np.ndarray, mean: float) -> float:
    """The largest log-likelihood of NB(mean, α) over α, without the terms that do not depend on either."""
    alpha = SPREADS[1:, None]
    size = 1 / alpha
    many = (
        special.gammaln(x + size)
        - special.gammaln(size)
        - (x + size) * np.log1p(alpha * mean)
        + x * np.log(alpha * mean)
    )
    poisson = float(np.sum(x * np.log(mean) - mean))
    return max(float(many.sum(axis=1).max()), poisson)
