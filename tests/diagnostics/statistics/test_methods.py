"""Each method's interval and p-values agree with each other, and with scipy where scipy has the same method."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from diagnostics.statistics.counts import CountRatio, MeanCount
from diagnostics.statistics.intervals import interval_of
from diagnostics.statistics.looks import LEVEL, adjusted, at_look, holm_levels
from diagnostics.statistics.order import OrderStatistics
from diagnostics.statistics.shares import Share, wilson
from diagnostics.statistics.sign_flip import SignFlip
from diagnostics.statistics.student import pooled, student

INF = float("inf")
FINITE = st.floats(-100, 100).map(lambda value: round(value, 2))
KINDS = {
    "t": student,
    "sign flip": SignFlip,
    "median": OrderStatistics,
    "counts": lambda x: MeanCount(np.abs(x).round()),
    "ratio": lambda x: CountRatio(np.abs(x[::2]).round(), np.abs(x[1::2]).round()),
    "share": lambda x: Share(int((x > 0).sum()), x.size),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(x=st.lists(FINITE, min_size=6, max_size=10).filter(lambda x: len(x) % 2 == 0), at=st.floats(-3, 3))
def test_a_threshold_outside_the_interval_is_one_with_a_small_p(kind, x, at):
    evidence = KINDS[kind](np.array(x))
    low, high = evidence.bounds(LEVEL)
    threshold = abs(at) / 3 if kind in ("share", "counts", "ratio") else at
    if not np.isclose(threshold, [low, high], rtol=1e-6, atol=1e-9).any():
        assert (evidence.p_above(threshold) <= LEVEL) == (threshold < low)
        assert (evidence.p_below(threshold) <= LEVEL) == (threshold > high)
    assert low <= high


def test_t_is_scipys():
    x = np.array([0.3, 1.2, 0.7, -0.1, 0.9, 0.4])
    expected = stats.ttest_1samp(x, 0.1, alternative="greater")
    assert student(x).p_above(0.1) == pytest.approx(expected.pvalue)
    low, high = student(x).bounds(0.025)
    assert (low, high) == pytest.approx(tuple(stats.ttest_1samp(x, 0).confidence_interval(0.95)))


def test_sign_flips_are_scipys_permutations():
    x = np.array([0.3, 1.2, 0.7, -0.1, 0.9, 0.4, -0.2])
    found = stats.permutation_test((x,), np.mean, permutation_type="samples", alternative="greater", n_resamples=np.inf)
    assert SignFlip(x).p_above(0.0) == pytest.approx(found.pvalue)


def test_six_sign_flips_can_decide_at_the_first_look_and_five_cannot():
    assert SignFlip(np.arange(1.0, 7.0)).p_above(0) == LEVEL
    assert SignFlip(np.arange(1.0, 6.0)).bounds(LEVEL) == (-INF, INF)


def test_many_effects_are_flipped_at_random_and_the_same_way_each_time():
    x = np.random.default_rng(0).normal(0.5, 1, 24)
    assert SignFlip(x).bounds(LEVEL) == SignFlip(x.copy()).bounds(LEVEL)
    assert SignFlip(x).bounds(LEVEL) == pytest.approx(student(x).bounds(LEVEL), abs=0.15)


def test_a_diverged_run_widens_the_interval_on_its_side_only():
    low, high = SignFlip(np.array([1.0, 2.0, 3.0, 4.0, 5.0, INF])).bounds(LEVEL)
    assert (low, high) == (1.0, INF)
    both = SignFlip(np.array([-INF, 1.0, 2.0, 3.0, 4.0, INF]))
    assert both.bounds(LEVEL) == (-INF, INF) and both.p_above(0) > LEVEL


def test_failed_runs_count_against_either_direction():
    x = np.arange(1.0, 11.0)
    assert OrderStatistics(x).bounds(LEVEL) == (2.0, 9.0)
    assert OrderStatistics(x[:9], failed=1).bounds(LEVEL) == (1.0, 9.0)
    assert OrderStatistics(x[:5], failed=1).bounds(LEVEL) == (-INF, INF)


def test_spreads_are_pooled_and_correlated_parts_gain_nothing():
    x = np.random.default_rng(1).normal(size=(4, 6))
    assert pooled(list(x))[0].degrees > 8
    same = pooled([x[0], x[0] + 1, x[0] - 2])
    assert same[0].degrees == pytest.approx(5) and same[1].estimate == pytest.approx(x[0].mean() + 1)


def test_spreads_that_differ_are_not_pooled():
    x = np.random.default_rng(2).normal(size=(2, 16)) * np.array([[1.0], [50.0]])
    assert [each.pooled for each in pooled(list(x))] == [1, 1]


def test_equal_values_are_no_proof():
    """Six equal accuracies say little about rare deviations; t alone would give p = 0."""
    six = student(np.full(6, 0.01))
    assert six.p_above(0) == LEVEL and six.p_above(0.01) == 1
    assert six.bounds(LEVEL) == (0.01, 0.01) and six.bounds(LEVEL / 2) == (-INF, INF)


def test_none_of_eight_still_allows_a_third():
    assert Share(0, 8).bounds(0.05)[1] == pytest.approx(1 - 0.05 ** (1 / 8))
    assert Share(0, 8).p_below(0.2) == pytest.approx(0.8**8)
    assert Share(3, 8).p_above(0.1) == pytest.approx(stats.binomtest(3, 8, 0.1, alternative="greater").pvalue)
    low, high = wilson(3, 8)
    assert 0.1 < low < 3 / 8 < high < 0.7


def test_a_count_without_events_has_poissons_bound():
    assert MeanCount(np.zeros(6)).bounds(0.05) == (0.0, pytest.approx(-np.log(0.05) / 6))
    assert MeanCount(np.zeros(6)).p_above(0.0) == 1


def test_overdispersed_counts_have_wider_intervals():
    even, uneven = MeanCount(np.array([9.0, 10, 11, 10, 9, 11])), MeanCount(np.array([0.0, 1, 40, 2, 0, 17]))
    assert np.ptp(uneven.bounds(LEVEL)) > 4 * np.ptp(even.bounds(LEVEL))


def test_a_ratio_of_counts_is_paired():
    treated, control = np.array([20.0, 4, 60, 8, 30, 16]), np.array([10.0, 2, 30, 4, 15, 8])
    low, high = CountRatio(treated, control).bounds(LEVEL)
    assert 1 < low < 2 < high and CountRatio(treated, control).estimate == 2
    assert CountRatio(np.array([5.0] * 6), np.zeros(6)).bounds(LEVEL) == (pytest.approx(6.7, abs=0.1), INF)


def test_looks():
    assert [at_look(n) for n in (0, 5, 6, 9, 10, 23, 24, 99)] == [0, 0, 6, 6, 10, 16, 24, 24]


@settings(deadline=None)
@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=8))
def test_holm_decides_exactly_what_its_levels_say(p_values):
    levels = holm_levels(p_values, 0.05)
    ordered = np.sort(p_values)
    passed = 0
    while passed < len(ordered) and ordered[passed] <= 0.05 / (len(ordered) - passed):
        passed += 1
    assert (np.array(p_values) <= levels).sum() >= passed
    limit = ordered[passed - 1] if passed else -1
    assert {p for p, level in zip(p_values, levels, strict=True) if p <= level} == {p for p in p_values if p <= limit}
    assert all((adjusted(p, level) <= 0.05) == (p <= level) for p, level in zip(p_values, levels.tolist(), strict=True))


def test_infinite_values_are_shown_by_their_median():
    interval = interval_of(np.array([1.0, 2.0, 3.0, 4.0, 5.0, INF]))
    assert (interval.estimate, interval.low, interval.high, interval.statistic) == (3.5, 1.0, INF, "median")
    assert interval_of(np.array([np.nan])).statistic == "mean" and np.isnan(interval_of(np.array([])).low)
