"""Claims judged from constructed runs with known effects."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from diagnostics.runs.experiment import Experiment
from diagnostics.verdict.claims import answer, held_against, judge_claims
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
    "exact": False,
}


def run(value: float, rates: int = 100) -> Any:
    layers = pd.DataFrame({"step": [0], "layer": ["a"], "depth": [1], "kind": ["Dense"], "update_ratio": [value]})
    scalars = pd.DataFrame({"step": range(rates), "split": "train", "loss": 2.0, "learning_rate": 0.1})
    return SimpleNamespace(layers=layers, scalars=scalars)


def experiment(arms: dict[str, list[float]], *parts: dict[str, Any], **claim: Any) -> Experiment:
    content = {
        "name": "it",
        "statement": "It is so.",
        "parts": [PART | {"label": part["treated"]} | part for part in parts],
        "threshold": "",
        "negated": False,
        "outcomes": {
            "supported": "So for {supported}: {low} to {high}, {seeds} seeds.",
            "": "{supported}; {refuted}; {inconclusive}",
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


def test_a_difference_is_paired_by_seed():
    found = judge_claims(experiment({"a": [2, 3, 4], "b": [1, 2, 3]}, {"treated": "a", "control": "b"}))
    part = found[0].parts[0]
    assert (part.verdict.effect, part.verdict.low, part.verdict.high, part.verdict.seeds) == (1, 1, 1, 3)
    assert found[0].word == "supported" and found[0].sentence == "So for a: 1, 3 seeds."


def test_a_ratio_is_taken_of_logarithms():
    stored = experiment(
        {"a": [10, 100, 1000], "b": [1, 10, 100]}, {"treated": "a", "control": "b", "scale": "log10_ratio"}
    )
    assert judge_claims(stored)[0].parts[0].verdict.effect == pytest.approx(1)


def test_parts_that_disagree_make_a_mixed_claim_and_say_which_is_which():
    found = judge_claims(experiment({"a": [1, 1.1, 1.2], "b": [-1, -1.1, -1.2]}, {"treated": "a"}, {"treated": "b"}))[0]
    assert found.word == "mixed" and found.sentence == "a; b; none"


def test_a_claim_of_difference_is_refuted_by_equality():
    part = {"treated": "a", "control": "b", "expects": "equal", "margin": 0.1}
    equal = experiment({"a": [1, 2, 3], "b": [1, 2, 3]}, part, negated=True)
    different = experiment({"a": [2, 3, 4], "b": [1, 2, 3]}, part, negated=True)
    assert [judge_claims(stored)[0].word for stored in (equal, different)] == ["refuted", "supported"]


def test_a_claim_whose_arms_were_not_run_is_not_judged():
    found = judge_claims(experiment({"a": [1, 2, 3], "b": []}, {"treated": "a", "control": "b"}))[0]
    assert found.word == "inconclusive" and not found.parts and "not run" in found.sentence


def test_missing_values_leave_a_claim_inconclusive():
    found = judge_claims(experiment({"a": [math.nan, math.nan, math.nan]}, {"treated": "a"}))[0]
    assert found.word == "inconclusive" and found.parts[0].verdict.seeds == 0


def test_placeholders_are_filled_from_the_runs():
    part = {
        "treated": "a",
        "control": "b",
        "measure": "loss_at_progress",
        "parameters": {"progress": "common", "window": 1},
    }
    stored = experiment({"a": [1, 2, 3], "b": [1, 2, 3]}, part | {"expects": "equal", "margin": 0.1})
    assert judge_claims(stored)[0].word == "supported"


def test_p_values_are_adjusted_over_all_comparisons():
    arms = {name: [1.0 + 0.1 * seed for seed in range(8)] for name in "abcd"} | {
        "e": [(-1.0) ** seed * (1 + seed) for seed in range(8)]
    }
    parts = judge_claims(experiment(arms, *({"treated": arm} for arm in arms)))[0].parts
    assert all(part.adjusted_p >= part.verdict.p_value for part in parts)
    assert any(part.adjusted_p > part.verdict.p_value for part in parts)


def test_the_answer_follows_from_the_words():
    stored = experiment({"a": [2, 2.1, 2.2]}, {"treated": "a"})
    assert answer(stored, judge_claims(stored)) == "Yes."
    opposite = experiment({"a": [-2, -2.1, -2.2]}, {"treated": "a"})
    assert answer(opposite, judge_claims(opposite)) == "No."
    open_ = experiment({"a": [-2, 2, 0]}, {"treated": "a"})
    told = answer(open_, judge_claims(open_))
    assert told == "It depends. Of the statements below, 1 is inconclusive."


def test_sentences_that_would_name_no_part_are_left_out():
    outcomes = {"": "More: {supported}. Less: {refuted}. Open: {inconclusive}. From {low} to {high}."}
    arms = {"a": [1, 1.1, 1.2], "b": [1, 1.1, 1.2], "c": [-1, 1, 0.0]}
    parts = [{"treated": arm, "label": label} for arm, label in zip(arms, ("x, y", "z", "w"), strict=True)]
    found = judge_claims(experiment(arms, *parts, outcomes=outcomes))[0]
    assert found.sentence == "More: x, y and z. Open: w. From 0 to 1.1."


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
