"""The scenario's part of ``run.json``: what is written is read back, and what is wrong is named."""

from __future__ import annotations

import pytest

from diagnostics import figures
from diagnostics.pages.scenario_tables import SOURCES
from diagnostics.runs.figure_kinds import KINDS
from diagnostics.runs.plan import Plan
from probes.errors import UsageError

RECORD = {
    "question": "Is it?",
    "config": {"epochs": 1, "batch_size": 32},
    "seeds": [0, 1],
    "arms": {"a": {"name": "a", "label": "A"}},
    "claims": [],
    "figures": [{"kind": "curves", "caption": "Loss.", "parameters": {"column": "loss", "split": "train"}}],
    "answers": [{"text": "Yes.", "when": {"it": "supported"}}],
    "data": {"name": "digits", "classes": 10, "train": 100},
}


def figure(kind: str, **parameters):
    return [{"kind": kind, "caption": "", "parameters": parameters}]


def test_a_plan_is_read_back_as_it_was_written():
    plan = Plan.of(RECORD, "run.json")
    assert Plan.of(plan.record(), "run.json") == plan
    assert plan.seeds == (0, 1) and plan.arms["a"].label == "A"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seeds": ["0"]}, r"seeds\[0\]"),
        ({"config": {"epochs": 1}}, "'batch_size' is missing"),
        ({"config": {"epochs": "1", "batch_size": 32}}, "config: epochs"),
        ({"question": 3}, "question"),
        ({"data": {"name": "digits", "classes": 10}}, "'train'"),
        ({"arms": {"a": {"name": "a"}}}, "'label'"),
        ({"answers": [{"text": "Yes.", "when": {"it": 1}}]}, "when.it"),
        ({"figures": figure("curve", column="loss")}, "curves"),
        ({"figures": figure("curves", column="loss", layer="a")}, "layers"),
        ({"figures": figure("by_setting", column="loss", options={"X": "rate"})}, "option of by_setting"),
        ({"figures": figure("by_setting", column="loss", options="x")}, "options must be a mapping"),
        ({"figures": figure("seed_pairs", column="loss")}, "'pairs'"),
    ],
)
def test_what_is_wrong_is_named(change, named):
    with pytest.raises(UsageError, match=named):
        Plan.of(RECORD | change, "run.json")


def test_a_missing_field_is_named():
    with pytest.raises(UsageError, match="'claims' is missing"):
        Plan.of({name: value for name, value in RECORD.items() if name != "claims"}, "run.json")


def test_every_kind_has_its_function_and_its_table():
    for name, kind in KINDS.items():
        assert hasattr(figures, name)
        assert {kind.table, kind.by_layers or kind.table} <= {"layers", "scalars", *SOURCES}


CLAIM = {"name": "c", "statement": "s", "parts": [], "threshold": "", "negated": False}


@pytest.mark.parametrize("template", ["{", "{0}", "{low.__class__}", "{low!r}", "{low:>9999999999}", "{low[0]}"])
def test_a_sentence_with_more_than_names_in_braces_is_refused(template):
    with pytest.raises(UsageError, match="braces"):
        Plan.of(RECORD | {"claims": [CLAIM | {"outcomes": {"": template}}]}, "run.json")


def test_a_sentence_with_names_in_braces_is_read():
    assert Plan.of(RECORD | {"claims": [CLAIM | {"outcomes": {"": "{low}: {supported}"}}]}, "run.json").claims
