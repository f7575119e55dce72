"""Claims judged from constructed runs with known effects."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from diagnostics.runs.experiment import Experiment, Incomplete
from diagnostics.verdict.claims import held_against, judge_claims
from diagnostics.verdict.sentences import answer, facts_of, filled
from diagnostics.verdict.verdict import judge

PART = {
    "measure": "layer_median",
    "parameters": {"column": "update_ratio", "layers": "*"},
    "control": None,
    "scale": "difference",
    "expects": "greater",
    "threshold": 0.0,
    "margin": None,
    "unit": "",
    "method": "t",
}


def run(value: float, rates: int = 100) -> Any:
    layers = pd.DataFrame({"step": [0], "layer": ["a"], "depth": [1], "kind": ["Dense"], "update_ratio": [value]})
    scalars = pd.DataFrame({"step": range(rates), "split": "train", "loss": 2.0, "learning_rate": 0.1})
    chosen = scalars.tail(1).assign(split="validation", loss=-value)
    return SimpleNamespace(layers=layers, scalars=pd.concat([scalars, chosen]))


def spread(middle: float, replicates: int = 6, width: float = 0.1) -> list[float]:
    """Values around a middle that differ from replicate to replicate."""
    return [middle + width * math.sin(3 * replicate) for replicate in range(replicates)]


def experiment(arms: dict[str, list[float]], *parts: dict[str, Any], **claim: Any) -> Experiment:
    content = {
        "name": "it",
        "statement": "It is so.",
        "parts": [PART | {"label": part["treated"]} | part for part in parts],
        "threshold": "",
        "negated": False,
        "outcomes": {
            "supported": "So for {supported}: {low} to {high}, {seeds} replicates.",
            "": "{supported}; {refuted}; {open}",
        },
    }
    runs = {arm: {seed: run(value) for seed, value in enumerate(values)} for arm, values in arms.items()}
    metadata = {
        "claims": [content | claim],
        "answers": [{"text": "Yes.", "when": {"it": "supported|mixed"}}, {"text": "No.", "when": {"it": "refuted"}}],
        "data": {"name": "digits", "classes": 10, "train": 100},
        "question": "Is it?",
        "config": {"epochs": 1, "batch_size": 32},
        "seeds": [],
        "arms": {},
        "figures": [],
    }
    return Experiment(Path(), metadata, cast(Any, runs))


def test_a_difference_is_paired_by_replicate():
    a = [1 + value for value in spread(10, width=5)]
    found = judge_claims(experiment({"a": a, "b": spread(10, width=5)}, {"treated": "a", "control": "b"}))
    part = found[0].parts[0]
    assert (part.verdict.effect, part.verdict.seeds) == (pytest.approx(1), 6)
    assert found[0].word == "supported" and found[0].sentence == "So for a: 1, 6 replicates."


def test_a_ratio_is_taken_of_logarithms():
    low = [1.0, 10, 100, 2, 3, 4]
    stored = experiment(
        {"a": [10 * x for x in low], "b": low}, {"treated": "a", "control": "b", "scale": "log10_ratio"}
    )
    assert judge_claims(stored)[0].parts[0].verdict.effect == pytest.approx(1)


def test_parts_that_disagree_make_a_mixed_claim_and_say_which_is_which():
    found = judge_claims(experiment({"a": spread(1), "b": spread(-1)}, {"treated": "a"}, {"treated": "b"}))[0]
    assert found.word == "mixed" and found.sentence == "a; b; none"


def test_one_part_is_enough_for_a_claim_of_existence():
    arms = {"a": spread(1), "b": spread(-1)}
    parts = ({"treated": "a"}, {"treated": "b"})
    assert judge_claims(experiment(arms, *parts, quantifier="any"))[0].word == "supported"


def test_a_claim_of_difference_is_refuted_by_equality():
    part = {"treated": "a", "control": "b", "expects": "equal", "margin": 0.1}
    equal = experiment({"a": spread(1), "b": spread(1.001)}, part, negated=True)
    different = experiment({"a": spread(2), "b": spread(1)}, part, negated=True)
    assert [judge_claims(stored)[0].word for stored in (equal, different)] == ["refuted", "supported"]


def test_a_claim_whose_arms_were_not_run_is_not_judged():
    found = judge_claims(experiment({"a": spread(1), "b": []}, {"treated": "a", "control": "b"}))[0]
    assert found.word == "open" and not found.parts and "not run" in found.sentence


def test_missing_values_leave_a_claim_open():
    found = judge_claims(experiment({"a": [math.nan] * 6}, {"treated": "a"}))[0]
    assert found.word == "open" and found.parts[0].verdict.seeds == 0


def test_before_the_first_look_nothing_is_decided():
    stored = experiment({"a": spread(1, 5)}, {"treated": "a"})
    part = judge_claims(stored)[0].parts[0]
    assert part.verdict.word == "open" and math.isnan(part.verdict.low) and "fewer than 6" in part.verdict.note
    assert answer(stored.plan.answers, judge_claims(stored)).startswith("No verdict yet")


def test_replicates_beyond_a_look_wait_for_the_next():
    values = [*spread(1), -50.0, -50.0]
    part = judge_claims(experiment({"a": values}, {"treated": "a"}))[0].parts[0].verdict
    assert (part.word, part.seeds, part.note) == ("supported", 6, "2 more wait for the next look")


def test_failed_runs_are_not_dropped():
    stored = experiment({"a": spread(1, 10)}, {"treated": "a"})
    for seed in (2, 5):
        del stored.runs["a"][seed]
    lost = tuple(Incomplete("a", seed, "failed", "it broke") for seed in (2, 5))
    verdict = judge_claims(replace(stored, incomplete=lost))[0].parts[0].verdict
    assert (verdict.word, verdict.statistic, verdict.note) == ("open", "median", "2 failed")
    assert verdict.low == -math.inf and verdict.high == math.inf


def test_each_arm_of_a_sweep_is_chosen_on_the_validation_part():
    """Validation loss is minus the value here: at each replicate the larger of the two values is chosen."""
    arms = {"a-1": [1.0, 5, 1, 5, 1, 5], "a-2": [5.0, 1, 5, 1, 5, 1], "b": [4.0, 4, 4, 4, 4, 4.01]}
    verdict = judge_claims(experiment(arms, {"treated": "a-*", "control": "b", "label": "best"}))[0].parts[0].verdict
    assert verdict.effect == pytest.approx(1, abs=0.01) and verdict.word == "supported"


def test_an_interaction_is_a_difference_of_differences():
    arms = {"a": spread(5), "b": spread(1, width=0.3), "c": spread(3), "d": spread(2, width=0.3)}
    part = {"treated": "a", "control": "b", "beside": ["c", "d"]}
    verdict = judge_claims(experiment(arms, part))[0].parts[0].verdict
    assert verdict.effect == pytest.approx(3) and verdict.word == "supported"
    alone = judge_claims(experiment({"a": spread(5), "b": spread(1)}, part))[0]
    assert not alone.parts, "not judged without the second pair"


def test_existence_needs_one_instance_and_is_reported_as_a_rate():
    one = judge_claims(experiment({"a": [0.0, 0, 0, 2, 0, 0]}, {"treated": "a", "method": "exists"}))[0]
    assert one.word == "supported" and one.parts[0].verdict.effect == pytest.approx(1 / 6)
    none = judge_claims(experiment({"a": [0.0] * 6}, {"treated": "a", "method": "exists"}))[0]
    assert none.word == "open" and none.parts[0].verdict.high == pytest.approx(0.5, abs=0.01)


def test_never_falls_with_one_counterexample_and_otherwise_has_a_bound():
    part = {"treated": "a", "method": "never", "threshold": 0.2, "expects": "less"}
    words = {n: judge_claims(experiment({"a": [0.0] * n}, part))[0].word for n in (6, 24)}
    assert words == {6: "open", 24: "supported"}
    assert judge_claims(experiment({"a": [0.0] * 23 + [1.0]}, part))[0].word == "refuted"


def test_a_check_of_the_instrument_is_exact():
    part = {"treated": "a", "method": "check", "expects": "equal", "margin": 0.0}
    assert judge_claims(experiment({"a": [0.0, 0.0]}, part))[0].word == "supported"
    assert judge_claims(experiment({"a": [0.0, 1e-9]}, part))[0].word == "refuted"
    assert judge_claims(experiment({"a": [0.0, math.nan]}, part))[0].word == "open"


def test_a_comparison_without_its_positive_control_stays_open():
    arms, parts = {"a": spread(1), "b": spread(-1)}, [PART | {"treated": "a", "label": "a"}]
    stored = experiment(arms, {"treated": "b"}, name="cure_helps")
    claim = dict(stored.metadata["claims"][0]) | {"name": "ranked", "parts": parts, "requires": "cure_helps"}
    stored.metadata["claims"].append(claim)
    assert [each.word for each in judge_claims(stored)] == ["refuted", "open"]
    assert "positive control" in judge_claims(stored)[1].sentence


def test_placeholders_are_filled_from_the_runs():
    part = {
        "treated": "a",
        "control": "b",
        "measure": "loss_at_progress",
        "parameters": {"progress": "common", "window": 1},
    }
    stored = experiment({"a": spread(1), "b": spread(1)}, part | {"expects": "equal", "margin": 0.1})
    assert judge_claims(stored)[0].word == "supported"


def test_word_interval_and_adjusted_p_agree_whatever_the_number_of_claims():
    values = [0.5 + math.sin(5 * replicate) for replicate in range(10)]
    stored = experiment({"a": spread(1, 10), "b": values}, {"treated": "a"})
    claim = stored.metadata["claims"][0]
    claims = [
        claim | {"name": str(n), "parts": [PART | {"treated": arm, "label": arm}]} for n, arm in enumerate("abbba")
    ]
    judged = judge_claims(replace(stored, metadata=stored.metadata | {"claims": claims}))
    for part in (each.parts[0] for each in judged):
        assert (part.verdict.word != "open") == (part.adjusted_p <= 0.05) == (part.verdict.low > 0)
    alone = judge_claims(stored)[0].parts[0].verdict
    assert judged[0].parts[0].verdict.confidence > alone.confidence


def test_the_answer_follows_from_the_words():
    told = {}
    for middle in (2, -2):
        stored = experiment({"a": spread(middle)}, {"treated": "a"})
        told[middle] = answer(stored.plan.answers, judge_claims(stored))
    assert told == {2: "Yes.", -2: "No."}
    open_ = experiment({"a": [-2, 2, 0, -1, 1, 0.5]}, {"treated": "a"})
    assert answer(open_.plan.answers, judge_claims(open_)) == "It depends. Of the statements below, 1 is open."


def test_the_answer_says_what_was_found():
    stored = experiment({"a": [2.0] * 6, "b": [-3.0] * 6}, {"treated": "a"}, {"treated": "b"})
    (claim,) = judge_claims(stored)
    facts = facts_of(claim.parts)
    assert (facts["supported"], facts["refuted"], facts["open"]) == (claim.parts[0].label, claim.parts[1].label, "none")
    assert (facts["size"], facts["points2"], facts["percent1"]) == ("−3 to 2", "300", "200 %")
    assert (
        filled("By {it.size2} {nobody.size} {it.nothing} {it}.", {"it": facts})
        == "By 3 {nobody.size} {it.nothing} {it}."
    )


def test_a_difference_below_its_bound_that_is_not_zero_is_told():
    arms = {
        "none": [0.0] * 6,
        "small": spread(0.2, width=0.05),
        "lower": spread(-0.2, width=0.05),
        "nil": spread(0, width=0.05),
    }
    held = {"control": "none", "threshold": 1.0}
    parts = [{"treated": arm, "label": arm, **held} for arm in ("small", "lower", "nil")]
    (found,) = judge_claims(experiment(arms, *parts))
    assert found.word == "refuted" and found.sentence.endswith(
        "Above 0 in any case: small. Below 0 in any case: lower."
    )
    (alone,) = judge_claims(experiment(arms, {"treated": "small", "control": "none"}))
    assert alone.word == "supported" and "in any case" not in alone.sentence
    (equal,) = judge_claims(
        experiment(arms, {"treated": "small", "control": "none", "expects": "equal", "margin": 1.0})
    )
    assert equal.word == "supported" and equal.sentence.endswith("Above 0 in any case.")


def test_sentences_that_would_name_no_part_are_left_out_and_open_parts_have_bounds():
    outcomes = {"": "More: {supported}. Less: {refuted}. Open: {open}. From {low} to {high}."}
    arms = {"a": spread(1), "b": spread(1), "c": [-1, 1, 0.5, -0.5, 0, 0.1]}
    parts = [{"treated": arm, "label": label} for arm, label in zip(arms, ("x, y", "z", "w"), strict=True)]
    found = judge_claims(experiment(arms, *parts, outcomes=outcomes))[0]
    assert found.sentence.startswith("More: x, y and z. Open: w. From")
    assert "Still open: w, differs by less than" in found.sentence


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"expects": "greater", "threshold": 3.0}, "above 3"),
        ({"expects": "less", "threshold": 0.25}, "below 0.25"),
        ({"expects": "equal", "margin": 0.03}, "within ±0.03"),
        ({"expects": "equal", "threshold": 1.0, "margin": 0.03}, "within 1 ±0.03"),
    ],
)
def test_what_an_effect_was_compared_with(options, told):
    assert held_against(judge([1.0, 2.0], **options)) == told
