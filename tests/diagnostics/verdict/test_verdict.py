"""Verdicts: their words, their intervals, and how often they are wrong when the truth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.statistics.intervals import interval_of, mean_interval, median_interval
from diagnostics.statistics.significance import location_test
from diagnostics.verdict.verdict import adjust, combine, judge, paired_effects
from probes.errors import UsageError

NAN, INF = float("nan"), float("inf")
NOISY = [0.9, 1.1, 1.0, 0.95, 1.05]


@pytest.mark.parametrize(
    ("expects", "threshold", "margin", "word"),
    [
        ("greater", 0.0, None, "supported"),
        ("greater", 1.0, None, "inconclusive"),
        ("greater", 2.0, None, "refuted"),
        ("less", 2.0, None, "supported"),
        ("less", 0.0, None, "refuted"),
        ("equal", 1.0, 0.5, "supported"),
        ("equal", 1.0, 0.05, "inconclusive"),
        ("equal", 0.0, 0.5, "refuted"),
    ],
)
def test_words(expects, threshold, margin, word):
    verdict = judge(NOISY, expects=expects, threshold=threshold, margin=margin)
    assert verdict.word == word
    assert verdict.effect == pytest.approx(1.0)
    assert verdict.low < 1.0 < verdict.high


def test_a_verdict_carries_its_evidence():
    verdict = judge(NOISY, expects="greater", unit="decades")
    assert (verdict.seeds, verdict.unit, verdict.statistic, verdict.confidence) == (5, "decades", "mean", 0.95)
    assert verdict.test == "sign test"
    assert verdict.p_value == pytest.approx(2 / 2**5)
    assert "5 seeds" in str(verdict)
    assert str(verdict).startswith("supported: 1 [")
    assert dataclasses.asdict(verdict)["word"] == "supported"


def test_one_seed_is_inconclusive_unless_the_statement_is_exact():
    assert judge([5.0], expects="greater").word == "inconclusive"
    assert judge([5.0], expects="greater", exact=True).word == "supported"
    assert np.isnan(judge([5.0], expects="greater").p_value)


def test_exact_statements():
    assert judge([0.0, 0.0], expects="equal", margin=0.0, exact=True).word == "supported"
    assert judge([0.0, 0.0, 1e-9], expects="equal", margin=0.0, exact=True).word == "refuted"
    assert judge([1.0, 0.0], expects="greater", exact=True).word == "refuted"
    assert judge([0.0, NAN], expects="equal", margin=0.0, exact=True).word == "inconclusive"
    assert judge([1.0, NAN], expects="equal", margin=0.0, exact=True).word == "refuted"
    assert judge([], expects="equal", margin=0.0, exact=True).word == "inconclusive"


def test_constant_effects_have_no_width():
    verdict = judge([0.3] * 5, expects="greater")
    assert (verdict.low, verdict.high, verdict.word) == (0.3, 0.3, "supported")
    assert judge([0.0] * 5, expects="equal", margin=0.0).word == "supported"
    assert judge([0.0] * 5, expects="greater").word == "inconclusive"


def test_missing_pairs_are_dropped_and_noted():
    verdict = judge([*NOISY, NAN], expects="greater")
    assert verdict.seeds == 5
    assert "1 seed missing" in verdict.note
    empty = judge([NAN, NAN], expects="greater")
    assert empty.word == "inconclusive"
    assert np.isnan(empty.effect)
    assert judge([], expects="equal", margin=1.0).word == "inconclusive"


def test_infinite_effects_count_by_rank_and_need_six_seeds():
    five = judge([INF, INF, INF, 300.0, 250.0], expects="greater")
    assert (five.word, five.statistic, five.low, five.high) == ("inconclusive", "median", 250.0, INF)
    assert five.confidence == pytest.approx(1 - 2**-4)
    assert "six seeds" in five.note
    six = judge([INF, INF, INF, 300.0, 250.0, INF], expects="greater", threshold=100.0)
    assert (six.word, six.effect, six.low) == ("supported", INF, 250.0)
    assert six.p_value == pytest.approx(2 / 2**6)
    assert judge([-INF, INF, -INF, INF, 0.0, 1.0], expects="greater").word == "inconclusive"


def test_misuse_is_refused():
    with pytest.raises(UsageError, match="greater"):
        judge(NOISY, expects="greator")
    for expects, margin in (("equal", None), ("equal", -1.0), ("less", 1.0)):
        with pytest.raises(UsageError, match="margin"):
            judge(NOISY, expects=expects, margin=margin)
    with pytest.raises(UsageError, match="threshold"):
        judge(NOISY, expects="less", threshold=NAN)


EFFECTS = st.lists(st.floats(-100, 100), min_size=1, max_size=9)


@settings(max_examples=30)
@given(effects=EFFECTS)
def test_less_is_greater_upside_down(effects):
    greater = judge(effects, expects="greater", threshold=1.0)
    less = judge(np.negative(effects), expects="less", threshold=-1.0)
    assert greater.p_value == pytest.approx(less.p_value, nan_ok=True)
    assert greater.effect == pytest.approx(-less.effect, abs=1e-9)


@settings(max_examples=30)
@given(effects=EFFECTS, shift=st.floats(-50, 50))
def test_the_order_of_seeds_does_not_matter_much_and_a_shift_moves_everything(effects, shift):
    here, there = interval_of(np.array(effects)), interval_of(np.array(effects) + shift)
    np.testing.assert_allclose(np.add(here[:3], shift), there[:3], atol=1e-6)
    assert here.low <= here.estimate <= here.high


def test_intervals_are_the_same_every_time():
    assert mean_interval(np.array(NOISY)) == mean_interval(np.array(NOISY))


def test_median_interval_of_ten():
    """Order statistics 2 and 9 hold the median with 97.9 %."""
    interval = median_interval(np.arange(1.0, 11.0))
    assert (interval.low, interval.estimate, interval.high) == (2, 5.5, 9)
    assert interval.confidence == pytest.approx(0.978515625)


def test_p_values():
    assert location_test(np.arange(1.0, 7.0)) == (pytest.approx(2 / 2**6), "Wilcoxon signed rank")
    assert location_test(np.zeros(3))[0] == 1
    assert location_test(np.zeros(8))[0] == 1
    assert location_test(np.full(5, 0.1), margin=1.0)[0] == pytest.approx(2**-5)
    assert location_test(np.full(5, 3.0), margin=1.0)[0] == 1


def test_combine():
    assert combine(["supported", "supported"]) == "supported"
    assert combine(["refuted"]) == "refuted"
    assert combine(["supported", "refuted", "inconclusive"]) == "mixed"
    assert combine(["supported", "inconclusive"]) == "inconclusive"
    assert combine(["mixed", "inconclusive"]) == "mixed"
    assert combine([]) == "inconclusive"


def test_adjust():
    np.testing.assert_allclose(adjust([0.01, NAN, 0.04, 0.03]), [0.03, NAN, 0.04, 0.04])
    assert np.isnan(adjust([NAN])).all()
    assert adjust([]).size == 0


def test_pairs():
    effects = paired_effects({1: 5.0, 0: 3.0, 2: 1.0, 3: INF}, {0: 1.0, 1: 1.0, 3: INF, 4: 0.0})
    np.testing.assert_array_equal(effects, [2, 4, NAN, NAN, NAN])


@pytest.mark.parametrize("seeds", [5, 10])
@pytest.mark.parametrize("distribution", ["normal", "laplace", "uniform"])
def test_false_support_stays_nominal_under_no_effect(seeds, distribution):
    """Symmetric effects around the threshold: 2.5 %, with room for 400 draws and for the 3.5 % of flat effects."""
    draws = getattr(np.random.default_rng(seeds), distribution)(-1 if distribution == "uniform" else 0, 1, (400, seeds))
    words = [judge(effects, expects="greater").word for effects in draws]
    assert words.count("supported") <= 400 * 0.025 + 3 * np.sqrt(400 * 0.025) + 4
    assert words.count("refuted") <= 400 * 0.025 + 3 * np.sqrt(400 * 0.025) + 4


def test_a_large_effect_is_found():
    """An effect of two deviations at five seeds: power 0.9 by the noncentral t, here with room for 200 draws."""
    draws = np.random.default_rng(0).normal(2, 1, (200, 5))
    words = [judge(effects, expects="greater").word for effects in draws]
    assert words.count("supported") >= 170
