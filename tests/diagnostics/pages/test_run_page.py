from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest

import diagnostics.pages.run_page
from diagnostics.pages.finite_part import until_lost
from diagnostics.pages.headline import answer
from diagnostics.pages.run_page import page_of, report
from diagnostics.rules import Evidence, Finding, Remedy
from diagnostics.runs.run import Run, load_run
from diagnostics.runs.writer import RunWriter
from tests.kit import figure_frames as frames
from tests.kit.runs import layers_table

FINDINGS = [
    Finding(
        "vanishing_gradient",
        "error",
        "The gradient loses 12 decades.",
        "Early layers stand still.",
        "Use ReLU.",
        layers=("hidden_1",),
        steps=(150, 900),
        value=1e-6,
        threshold=1e-5,
        confidence=0.8,
        evidence=(Evidence("update_ratio"),),
        remedies=(Remedy("learning_rate", {"factor": 0.1}), Remedy("labels")),
    ),
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
    assert page.answer == "Vanishing gradient in hidden_1, since step 150. Early layers stand still. Use ReLU."
    findings, ruled_out, missing = page.sections[:3]
    assert [letter.word for letter in findings.letters] == ["error"]
    letter = findings.letters[0]
    assert (letter.means, letter.advice[0].text) == ("Early layers stand still.", "Use ReLU.")
    assert letter.evidence.name == "evidence-vanishing-gradient-update-ratio"
    assert ruled_out.folded and [row[0] for row in ruled_out.tables[0].rows] == ["NaN or infinite values"]
    assert missing.folded and [row[:2] for row in missing.tables[0].rows] == [("dead units", "dead_fraction")]


def test_only_what_no_other_finding_explains_is_marked_in_the_model(run):
    cause = Finding("dead_units", "warning", "All dead.", layers=("hidden_1",))
    follows = Finding("update_ratio", "warning", "Too slow.", layers=("hidden_1",), explained_by="dead_units")
    for loud, marked in (([cause, follows], "warning"), ([replace(cause, layers=()), follows], "")):
        (model,) = (one for one in page_of(run, loud).sections if one.picture)
        (row,) = model.picture.diagrams[0].rows
        assert row.marked == marked and ("named under Findings" in model.text) == bool(marked)


def test_without_a_complaint_the_checks_are_the_letter(run):
    page = page_of(run, FINDINGS[1:])
    assert [(one.heading, one.folded) for one in page.sections[:2]] == [
        ("Loss and metrics", False),  # first where no letter says what to look at
        ("What was checked", False),
    ]
    odd = replace(FINDINGS[0], severity="info")
    noted = page_of(run, [odd, *FINDINGS[1:]]).sections[1]
    assert noted.heading == "What was noted" and noted.tables[0].rows[0][3] == "Early layers stand still."


def test_what_is_noted_beside_a_finding_is_not_told_to_be_ruled_out(run):
    odd = Finding("stuck_loss", "info", "It stands still.", explained_by="vanishing_gradient")
    _, noted, ruled_out, *_ = page_of(run, [FINDINGS[0], odd, *FINDINGS[1:]]).sections
    assert (noted.heading, ruled_out.heading) == ("What else was noted", "What was ruled out")
    assert [row[0] for row in noted.tables[0].rows] == ["a loss that is stuck"] and len(ruled_out.tables) == 1


def test_clean_and_not_evaluated_are_distinguished():
    assert answer(FINDINGS[2:]) == "No fault was found in any layer. Nothing has to be changed. The one check passed."
    assert (
        answer([FINDINGS[2]] * 3) == "No fault was found in any layer. Nothing has to be changed. All 3 checks passed."
    )
    assert answer(FINDINGS[1:2]).startswith("This run did not record enough")


def test_a_figure_for_each_column_with_values_and_a_name_for_each_without(run):
    page = page_of(run, FINDINGS)
    names = [exhibit.name for section in page.sections for exhibit in section.figures]
    assert names == [
        "loss-curves",
        "activation-gradient-rms-by-layer",
        "update-ratio-by-layer",
    ]
    assert page.sections[-1].heading.startswith("Not recorded") and page.sections[-1].folded
    assert "probes.ActivationMoments()" in page.sections[-1].text and "probes.DeadUnits()" in page.sections[-1].text


def test_the_column_of_a_probe_of_ones_own_is_shown(run):
    own = Run(run.path, run.metadata, {"layers": run.layers.assign(activation_peak=2.0), "scalars": run.scalars})
    section = next(each for each in page_of(own, FINDINGS).sections if each.heading == "Your own probes")
    assert [figure.name for figure in section.figures] == ["activation-peak-by-layer"]


def test_the_report_of_a_stored_run_asks_the_rules_itself(run, tmp_path):
    text = report(run, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "vanishing gradient" in text or "gradient loses" in text
    assert "run finished · steps 0 to 900 · 20 layers measured · optimizer and batch size not recorded · seed 3" in text
    assert text.count("<figure") >= 4 and "Not drawn" not in text


def test_a_run_that_recorded_nothing_still_has_a_report(tmp_path):
    run = stored(tmp_path / "empty")
    text = report(run, tmp_path / "report.html").read_text(encoding="utf-8")
    assert "no steps recorded" in text and "<figure" not in text


def test_the_module_is_the_function_too(run, tmp_path):
    importlib.import_module("diagnostics.report")
    assert vars(diagnostics)["report"](run, tmp_path / "report.html", findings=FINDINGS).is_file()


def test_as_many_checks_are_told_in_the_title_as_in_the_tables(run):
    passed = [
        Finding("dead_units", "clean", "Few are dead.", value=0.01, threshold=0.1),
        Finding("non_finite", "clean", "All readings are finite."),
        Finding("ended", "clean", "It ended as planned."),
    ]
    page = page_of(run, passed)
    assert "All 2 checks passed." in page.answer
    tables = {section.heading: section.tables[0].rows for section in page.sections if "check" in section.heading}
    assert len(tables["What was checked"]) == 1 and "1 more check that passed" in tables


def test_figures_by_layer_end_with_the_last_finite_reading():
    values = np.array([[1.0, 1.0], [2.0, np.inf], [np.inf, np.inf], [np.inf, np.inf]])
    layers, said = until_lost(layers_table({"activation_std": values}, steps=(0, 10, 20, 30)))
    assert layers["step"].max() == 10 and said.startswith("After step 10") and said.endswith("the run goes on.")
    whole, said = until_lost(layers_table({"activation_std": values[:2]}, steps=(0, 10)))
    assert len(whole) == 4 and not said
    lost, said = until_lost(layers_table({"activation_std": values[2:]}, steps=(0, 10)))
    assert len(lost) == 4 and not said
