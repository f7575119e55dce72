"""The labelled trainings are well formed, their halves fixed, and a case goes from training to its score."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter

import numpy as np
import pytest

import diagnostics
from diagnostics.rules import rules
from tests.benchmarks.judgement import halves, store
from tests.benchmarks.judgement.case import Case, all_cases
from tests.benchmarks.judgement.causes import CAUSES, OUTCOMES, rules_of
from tests.benchmarks.judgement.checks import doubts
from tests.benchmarks.judgement.judge import DIAGNOSE, Complaint, Judged, judged
from tests.benchmarks.judgement.outcome import Outcome, outcome_of
from tests.benchmarks.judgement.score import Score, Share
from tests.benchmarks.judgement.train import missing, train

CASES = all_cases()
LEARNS, FAILS = "healthy_mlp/wine_adam", "learning_rate_too_low/adam_wine"


def test_names_are_names():
    assert all(re.fullmatch(r"[a-z]\w*/[a-z]\w*", name) for name in CASES)


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.causes], ids=lambda case: case.full_name)
def test_an_ill_case_has_known_causes_and_a_healthy_twin(case):
    assert set(case.causes) <= set(CAUSES)
    assert CASES[case.twin].kind == "healthy"


def test_every_rule_has_two_cases_unless_it_tells_an_outcome_only():
    named = Counter(rule for case in CASES.values() for rule in rules_of(case.causes))
    assert set(named) | OUTCOMES == set(rules())
    assert {rule for rule, cases in named.items() if cases < 2} == set()


def test_there_are_as_many_healthy_cases_as_ill_ones():
    kinds = Counter(case.kind for case in CASES.values())
    assert kinds["ill"] >= 80
    assert kinds["healthy"] >= kinds["ill"]


def test_a_case_has_one_half_whatever_the_order():
    forward, backward = halves.drawn(CASES.values()), halves.drawn(reversed(CASES.values()))
    assert forward == backward
    assert set(forward) == set(CASES)


def test_halves_are_stratified():
    drawn = halves.drawn(CASES.values())
    for kind in ("ill", "healthy"):
        cases = [case for case in CASES.values() if case.kind == kind]
        strata = Counter((case.cause if case.causes else case.family, drawn[case.full_name]) for case in cases)
        assert all(abs(strata[stratum, "tuning"] - strata[stratum, "scored"]) <= 1 for stratum, _ in strata)


def test_halves_are_frozen():
    assert halves.drawn(CASES.values(), halves.frozen()) == halves.frozen(), (
        "run python -m tests.benchmarks.judgement.halves"
    )


def test_a_scored_case_that_was_looked_at_is_not_fresh():
    scored = [name for name in CASES if halves.is_in("scored", name)]
    seen = set(halves.seen())
    assert seen <= set(scored) and set(halves.seen().values()) == {0, 1, 2, 3}
    assert {name for name in scored if halves.is_in("fresh", name)} == set(scored) - seen
    assert {name for name in CASES if halves.is_in("known", name)} == set(CASES) - set(scored) | seen


def test_a_new_case_moves_no_other():
    frozen = halves.frozen()
    new = dataclasses.replace(CASES[LEARNS], name="new")
    assert {
        name: half for name, half in halves.drawn([*CASES.values(), new], frozen).items() if name in frozen
    } == frozen


def test_a_case_is_trained_stored_and_judged(tmp_path):
    good, bad = CASES[LEARNS], CASES[FAILS]
    for case in (good, bad):
        assert train(case, tmp_path).error == ""
    assert doubts({LEARNS: good, FAILS: bad}, tmp_path) == {}
    assert missing([good, bad], tmp_path) == []
    assert judged(DIAGNOSE, good, diagnostics.load_run(store.folder_of(good, tmp_path))).seconds > 0


def test_a_case_that_raises_is_recorded(tmp_path):
    def fail(_):
        raise ValueError("no such data")

    case = dataclasses.replace(CASES[LEARNS], train=fail)
    assert train(case, tmp_path).error == "ValueError: no such data"
    assert "raised ValueError" in doubts({LEARNS: case}, tmp_path)[LEARNS]


def test_skill_is_0_for_the_best_constant_and_1_for_perfect():
    truth = np.array([0, 0, 0, 1, 2])
    assert outcome_of("classes", truth, np.eye(3)[truth]).skill == 1
    assert outcome_of("classes", truth, np.eye(3)[np.zeros(5, int)]).skill == pytest.approx(0)
    real = np.array([1.0, 2.0, 6.0])
    assert outcome_of("real", real, real[:, None]).skill == 1
    assert outcome_of("real", real, np.full((3, 1), 3.0)).skill == pytest.approx(0)
    assert outcome_of("real", real, np.full((3, 1), 300.0)).skill == -1
    assert outcome_of("real", real, np.full((3, 1), np.nan)).skill == -1
    labels = np.array([[0, 1], [0, 0], [1, 1]])
    assert outcome_of("labels", labels, labels * 0.9).skill == 1
    assert outcome_of("labels", labels, np.array([[0.1, 0.9]] * 3)).skill == pytest.approx(0)


def test_scores_of_judged_cases():
    def said(case: Case, *complaints: Complaint) -> Judged:
        return Judged(case, complaints, 0.0)

    healthy = dataclasses.replace(CASES[LEARNS])
    ill = Case("ill", lambda _: Outcome(0, ""), ("dead_units", "initialisation"), LEARNS, "family")
    right, other = Complaint("dead", frozenset({"dead_units"})), Complaint("rate", frozenset({"update_ratio"}), "error")
    score = Score("judge", (said(healthy), said(healthy, other), said(ill, other, right), said(ill, right), said(ill)))
    found = {name: (share.hits, share.total) for name, share in score.overall.items()}
    assert found == {
        "ill detected (recall)": (2, 3),
        "right cause first": (1, 3),
        "right cause anywhere": (2, 3),
        "flagged are ill (precision)": (2, 3),
        "healthy with a complaint": (1, 2),
        "healthy with an error": (1, 2),
    }
    assert score.of_rule("rate") == (Share(0, 2), Share(1, 2))
    assert score.confusion["dead_units", "nothing"] == 1
    assert len(score.wrong) == 3


def test_the_interval_of_a_share():
    assert Share(0, 50).interval == pytest.approx((0, 0.0713), abs=1e-3)
    assert Share(45, 50).interval == pytest.approx((0.786, 0.957), abs=1e-3)
