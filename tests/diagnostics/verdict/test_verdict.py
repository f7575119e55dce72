"""Verdicts: their words, their intervals, and how parts combine."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.verdict.verdict import combine, judge, paired_effects
from probes.errors import UsageError

NAN, INF = float("nan"), float("inf")
NOISY = [0.9, 1.1, 1.0, 0.95, 1.05]


@pytest.mark.parametrize(
    ("expects", "threshold", "margin", "word"),
    [
        ("greater", 0.0, None, "supported"),
        ("greater", 1.0, None, "open"),
        ("greater", 2.0, None, "refuted"),
        ("less", 2.0, None, "supported"),
        ("less", 0.0, None, "refuted"),
        ("equal", 1.0, 0.5, "supported"),
        ("equal", 1.0, 0.05, "open"),
        ("equal", 0.0, 0.5, "refuted"),
    ],
)
def test_words(expects, threshold, margin, word):
    verdict = judge(NOISY, expects=expects, threshold=threshold, margin=margin)
    assert verdict.word == word
    assert verdict.effect == pytest.approx(1.0)
    assert verdict.low < 1.0 < verdict.high


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=12), st.floats(-2, 2), st.sampled_from([None, 0.5]))
def test_word_interval_and_p_agree(effects, threshold, margin):
    verdict = judge(effects, expects="equal" if margin else "greater", threshold=threshold, margin=margin, level=0.02)
    assert (verdict.p_value <= 0.02) == (verdict.word != "open")
    reach = margin or 0.0
    above, below = verdict.low > threshold + reach, verdict.high < threshold - reach
    if verdict.word == "refuted":
        assert (above or below) if margin else verdict.high < threshold
    elif verdict.word == "open" and not margin:
        assert verdict.low <= threshold <= verdict.high


def test_a_verdict_carries_its_evidence():
    verdict = judge(NOISY, expects="greater", unit="decades")
    assert (verdict.seeds, verdict.unit, verdict.statistic, verdict.confidence) == (5, "decades", "mean", 0.95)
    assert verdict.test == "t" and 0 < verdict.p_value < 0.001
    assert str(verdict).startswith("supported: 1 [") and "5 replicates" in str(verdict)
    assert dataclasses.asdict(verdict)["word"] == "supported"


def test_what_stays_open_has_a_bound():
    assert judge([0.01, -0.02, 0.02, 0.0], expects="greater").bound == "differs by less than 0.0297"
    assert judge(NOISY, expects="greater", threshold=1.0, unit="nats").bound.startswith("between 0.90")
    assert judge([1.0], expects="greater").bound == "no bound yet"
    assert judge([-1.0, 1.0, 2.0, 3.0, 4.0, INF], expects="greater").bound == "above −1"


def test_one_replicate_is_open():
    assert judge([5.0], expects="greater").word == "open"
    assert judge([], expects="equal", margin=1.0).word == "open"


def test_missing_pairs_are_dropped_and_noted():
    verdict = judge([*NOISY, NAN], expects="greater")
    assert verdict.seeds == 5 and "1 replicate missing" in verdict.note


def test_outcomes_never_reached_enter_by_rank():
    five = judge([250.0, 300.0, 350.0, INF, INF], expects="greater")
    assert (five.word, five.statistic) == ("open", "median")
    assert judge([250.0, 300.0, 350.0, 400.0, INF, INF], expects="greater").word == "supported"
    assert judge([-INF, INF, -INF, INF, 0.0, 1.0], expects="greater").word == "open"


def test_pairs_that_lack_one_arm_or_are_both_infinite_are_missing():
    found = paired_effects({0: 1.0, 1: INF, 2: INF}, {0: 0.5, 1: INF, 3: 1.0})
    np.testing.assert_array_equal(found, [0.5, NAN, NAN, NAN])


@pytest.mark.parametrize(
    ("words", "quantifier", "word"),
    [
        (["supported", "refuted", "open"], "all", "mixed"),
        (["supported", "open"], "all", "open"),
        (["refuted", "open"], "all", "refuted"),
        (["refuted", "refuted"], "all", "refuted"),
        (["mixed", "open"], "all", "mixed"),
        ([], "all", "open"),
        (["supported", "refuted"], "any", "supported"),
        (["refuted", "open"], "any", "open"),
        (["refuted", "refuted"], "any", "refuted"),
    ],
)
def test_one_counterexample_refutes_a_universal_statement_and_one_instance_proves_existence(words, quantifier, word):
    assert combine(words, quantifier) == word


@pytest.mark.parametrize(
    "wrong",
    [
        {"expects": "more"},
        {"expects": "equal"},
        {"expects": "greater", "margin": 1.0},
        {"expects": "equal", "margin": -1.0},
        {"expects": "less", "threshold": INF},
    ],
)
def test_what_cannot_be_judged_is_refused(wrong):
    with pytest.raises(UsageError):
        judge(NOISY, **wrong)
