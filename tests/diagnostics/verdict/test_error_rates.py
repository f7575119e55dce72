"""How often verdicts err when the truth is known; ``docs/verdicts.md`` has the same with more samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from diagnostics.statistics.looks import LEVEL, LOOKS, TOTAL
from diagnostics.statistics.student import student
from tests.kit.error_rates import TRUTHS, coverage, false_support, power

SAMPLES = 120


def test_a_scenario_without_an_effect_rarely_supports_anything():
    """Five false claims, four looks: at most 5 % of scenarios may support any."""
    wrong = sum(false_support(np.random.default_rng(1000 + seed)) for seed in range(SAMPLES))
    assert wrong <= stats.binom.ppf(0.99, SAMPLES, TOTAL)


@pytest.mark.parametrize("kind", TRUTHS)
def test_intervals_hold_the_truth(kind):
    """At least 93 %, whatever the shape; the limit leaves room for the chance of so few samples."""
    for look, share in coverage(kind, np.random.default_rng(7), SAMPLES).items():
        assert share * SAMPLES >= stats.binom.ppf(0.01, SAMPLES, 0.93), look


def test_four_looks_spend_no_more_than_the_whole_error():
    x = np.random.default_rng(3).normal(size=(4000, LOOKS[-1]))
    crossed = np.zeros(len(x), bool)
    for look in LOOKS:
        part = x[:, :look]
        t = part.mean(axis=1) / part.std(axis=1, ddof=1) * np.sqrt(look)
        crossed |= stats.t.sf(t, look - 1) <= LEVEL
    assert 0.03 < crossed.mean() <= TOTAL, "near the whole error, and not above"


def test_the_power_table_is_what_t_does():
    x = np.random.default_rng(4).normal(1.5, 1, (2000, 6))
    seen = np.mean([student(row).p_above(0) <= LEVEL for row in x])
    assert seen == pytest.approx(power(1.5, 6, 1), abs=0.04)
