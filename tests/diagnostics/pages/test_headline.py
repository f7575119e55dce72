"""The first line of a report: how the run ended, what to fix, and which columns are the user's own."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import probes
from diagnostics.measures.tables import KEYS
from diagnostics.pages.headline import answer, status
from diagnostics.pages.run_figures import sections
from diagnostics.pages.run_page import report
from diagnostics.pages.views import own_columns
from diagnostics.rules import Finding, diagnose
from probes.probe import Probe
from tests.kit.runs import facts_of, layers_table, run_of, scalars_table

LEARNED = scalars_table(0.2 + 2 * np.exp(-np.arange(60) / 5))


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (
            {"status": "failed", "error": "ResourceExhaustedError: OOM"},
            "Training failed after 60 steps: ResourceExhaustedError",
        ),
        ({"status": "interrupted"}, "Training was interrupted after 60 steps."),
        ({"status": "running"}, "Training is still running or was killed after 60 steps."),
        ({"status": "finished"}, "No fault was found, but only"),
    ],
)
def test_how_a_run_ended_comes_first(metadata, said):
    assert answer(diagnose(run_of(scalars=LEARNED, metadata=metadata))).startswith(said)


def test_a_cut_run_is_still_judged():
    run = run_of(scalars=scalars_table([2.0] * 30 + [np.nan] * 30), metadata={"status": "interrupted"})
    said = answer(diagnose(run))
    assert said.startswith("Training was interrupted") and "NaN or infinite values, since step 30." in said


def test_too_few_steps_are_not_nothing_suspicious():
    assert answer(diagnose(run_of(scalars=scalars_table([2.0, 1.9])))).startswith("The run has 2 of the 5 readings")


def test_an_oddity_is_no_complaint():
    dead = layers_table({"dead_fraction": np.full((4, 2), 0.3)}, steps=range(4))
    said = answer(diagnose(run_of(dead, LEARNED)))
    assert "Nothing has to be changed. Noted: dead units in" in said and "1 found something worth a note" in said


def test_a_clean_run_answers_the_five_questions():
    passed = Finding("vanishing_gradient", "clean", "It does not.", value=0.5, threshold=2.0)
    longer = Finding("stopped_early", "info", "More epochs would still improve the model: it fell.")
    ended = Finding("ended", "clean", "Training ended as intended.")
    lacking = [
        Finding(name, "not_evaluated", "Not evaluated: needs more.") for name in ("narrow_layer", "over_fitting")
    ]
    said = answer([ended, *[passed] * 9, longer, *lacking], span=(0, 231))
    assert said == (
        "No fault was found in any layer from step 0 to 231. Nothing has to be changed; more epochs would still improve the model. "
        "The check nearest to its bound (vanishing gradient) is a factor of 4 away from it. 9 of 12 checks passed, 1 found "
        "something worth a note, and 2 could not be made (results that do not hold on validation data and narrow layer)."
    )
    assert "All 9 checks passed." in answer([passed] * 9)
    far = [replace(passed, value=0.175), *lacking]
    assert "(vanishing gradient) is a factor of about 10 away" in answer(far)
    again = [replace(one, do="Record the run again: Trainer does.") for one in lacking]
    assert answer([passed, *again]).endswith(" For 2 of these, record the run again: Trainer does.")
    assert answer([passed, *lacking * 3]).startswith("No fault was found, but only 1 of 7 checks could be made.")


def test_a_validation_loss_that_has_stopped_far_above_is_noted():
    longer = Finding(
        "stopped_early", "info", "More epochs would lower the training loss, but not the validation loss: so."
    )
    ends = {"no_learning": 0.1, "over_fitting": 0.5}
    passed = [Finding(rule, "clean", "So.", numbers={"end": end}) for rule, end in ends.items()]
    said = answer([longer, *passed])
    assert (
        "Noted: training is far ahead of validation (the validation loss no longer falls, and ends at 0.5, 5 times"
        in said
    )
    near = answer([longer, passed[0], replace(passed[1], numbers={"end": 0.15})])
    assert "Noted" not in near and "but not the validation loss." in near


def test_a_rate_that_is_too_high_in_consequence_waits_for_its_cause():
    cause = Finding("initialisation", "error", "It is large.", do="Use He.")
    rate = Finding("learning_rate_too_high", "warning", "It is high.", explained_by="initialisation")
    assert "Use He. Then train again before you lower the learning rate" in answer([cause, rate])
    assert "Then train" not in answer([cause, replace(rate, explained_by="")])


def test_since_when_is_said_once():
    dead = Finding("dead_units", "error", "They are dead.", means="No gradient passes.", layers=("a",))
    assert answer([dead], since="from the start").startswith("Dead units in a, from the start. No gradient")
    assert answer([replace(dead, steps=(7, 9))], since="since step 7").startswith("Dead units in a, since step 7. No")


def told_of(run, training: dict | None = None) -> str:
    run = vars(run) | {"status": "finished", "layer_table": [], "seed": 1, "damage": (), **facts_of(training)}
    return status(SimpleNamespace(**{"metadata": {}} | run))


def test_the_status_names_what_a_reader_asks_for_first():
    training = {"optimizer": {"class": "SGD", "settings": {"learning_rate": 0.1}}, "batch_size": 64}
    for precision, end in (("float32", "batches of 64"), ("mixed_float16", "batches of 64 · mixed_float16")):
        said = told_of(run_of(scalars=LEARNED), training | {"precision": precision})
        assert f"SGD at 0.1 · {end} · seed 1" in said


def test_a_column_of_ones_own_is_drawn():
    layers = layers_table({"gradient_norm": np.ones((3, 2)), "my_statistic": np.ones((3, 2))}, steps=range(3))
    assert own_columns(layers) == ["my_statistic"]
    found = {section.heading: section for section in sections(layers, LEARNED, name="mine")}
    assert [figure.name for figure in found["Your own probes"].figures] == ["my-statistic-by-layer"]


def test_no_column_of_this_project_is_taken_for_ones_own():
    modules = [importlib.import_module(f"probes.{module.name}") for module in pkgutil.iter_modules(probes.__path__)]
    found = {
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Probe)
    }
    columns = {column for probe in found for column in getattr(probe, "columns", ())} - set(KEYS)
    assert len(columns) > 20
    assert own_columns(layers_table({column: np.ones((2, 2)) for column in columns}, steps=(0, 1))) == []


def test_a_reading_has_a_report(tmp_path):
    reading = probes.Reading(layers_table({"gradient_norm": np.ones((3, 2))}, steps=range(3)))
    assert "gradient" in report(reading, tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_time_of_a_training_of_a_second_is_split():
    def told(ended: str | None = "2026-01-01T00:03:32+00:00", **changes):
        cost = {"share": 1.5, "per_step_without": 0.001, "steps": 400, "closing": 0.1, "first_calls": 196, **changes}
        times = {"started": "2026-01-01T00:00:00+00:00", "ended": ended}
        return told_of(run_of(scalars=LEARNED, metadata={"status": "finished", "cost": cost, **times}))

    split = "3 min 16 s in the first calls, which compile, 0.4 s in training steps, 0.7 s measuring"
    assert f"took 3 min 32 s in all: {split}, 15 s outside the steps: data, evaluation, saving" in told()
    assert told(first_calls=211).endswith("0.4 s in training steps, 0.7 s measuring")
    assert f" · {split}" in told(ended=None)
    assert "measuring took 150 %" in told(steps=40_000)
    assert "measuring took 5 %" in told(share=0.05)


def test_what_the_record_lacks_is_said():
    layers = layers_table({"gradient_norm": np.ones((3, 2))}, steps=range(3))
    assert "2 layers measured · optimizer and batch size not recorded" in told_of(run_of(layers, LEARNED))
    half = {"optimizer": {"class": "Adam", "settings": {"loss_scale": {"initial_scale": 32768.0}}}}
    said = told_of(run_of(layers, LEARNED), half | {"precision": "mixed_float16", "batch_size": 8})
    assert "mixed_float16 · loss scale 32,768 at first" in said and "not recorded ·" in said
