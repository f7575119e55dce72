from __future__ import annotations

import importlib

import numpy as np
import pytest

import diagnostics.pages.run_page
from diagnostics.pages.headline import answer
from diagnostics.pages.run_page import page_of, report
from diagnostics.rules import Finding
from diagnostics.runs.run import Run, load_run
from diagnostics.runs.writer import RunWriter
from tests.kit import figure_frames as frames

FINDINGS = [
    Finding("vanishing_gradient", "error", "The gradient loses 12 decades.", "Early layers stand still.", "Use ReLU."),
    Finding("dead_units", "not_evaluated", "Not evaluated: needs dead_fraction."),
    Finding("non_finite", "clean", "All readings are finite."),
]


def stored(path, layers=None, scalars=None) -> Run:
    with RunWriter(
        path, command="train.py", config={"epochs": 1}, seed=3, layer_table=[{"layer": "hidden_1"}]
    ) as writer:
        for table, frame in (("layers", layers), ("scalars", scalars)):
            if frame is not None:
                writer.append(table, frame)
    return load_run(path)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    layers, scalars = frames.layers(steps=6, seeds=1), frames.scalars(steps=120, seeds=1)
    layers = layers[layers["arm"] == "sigmoid-0.01"].drop(columns=["arm", "seed"])
    scalars = scalars[scalars["arm"] == "sigmoid-0.01"].drop(columns=["arm", "seed"]).assign(epoch=0)
    return stored(tmp_path_factory.mktemp("runs") / "mine", layers.assign(activation_std=np.float32("nan")), scalars)


def test_the_worst_finding_is_the_answer(run):
    page = page_of(run, FINDINGS)
    assert page.answer == "The gradient loses 12 decades."
    findings = page.sections[0]
    assert [card.word for card in findings.cards] == ["error"]
    assert findings.cards[0].sentence == "Early layers stand still. Use ReLU."
    assert [row[1] for row in findings.tables[0].rows] == ["not evaluated", "clean"]


def test_clean_and_not_evaluated_are_distinguished():
    assert answer(FINDINGS[2:]) == "Nothing suspicious: the one check that could run passed."
    assert answer([FINDINGS[2]] * 3) == "Nothing suspicious: all 3 checks that could run passed."
    assert answer(FINDINGS[1:2]).startswith("This run did not record enough")


def test_a_figure_for_each_column_with_values_and_a_name_for_each_without(run):
    page = page_of(run, FINDINGS)
    names = [exhibit.name for section in page.sections for exhibit in section.figures]
    assert names == [
        "loss-curves",
        "activation-gradient-rms-depth-profile",
        "activation-gradient-rms-heat-map",
        "update-ratio-depth-profile",
    ]
    assert page.sections[-1].heading == "Not shown"
    assert "activation_std" in page.sections[-1].text and "dead_fraction" in page.sections[-1].text


def test_the_report_of_a_stored_run_asks_the_rules_itself(run, tmp_path):
    text = report(run, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "vanishing gradient" in text or "gradient loses" in text
    assert "run finished · steps 0 to 900 · 1 layer · seed 3" in text
    assert text.count("<figure") == 4 and "Not drawn" not in text


def test_a_run_that_recorded_nothing_still_has_a_report(tmp_path):
    run = stored(tmp_path / "empty")
    text = report(run, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "no steps recorded" in text and "<figure" not in text


def test_the_module_is_the_function_too(run, tmp_path):
    importlib.import_module("diagnostics.report")
    assert vars(diagnostics)["report"](run, tmp_path / "report.html", findings=FINDINGS).is_file()
