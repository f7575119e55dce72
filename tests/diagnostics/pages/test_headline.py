"""The first line of a report: how the run ended, what to fix, and which columns are the user's own."""

from __future__ import annotations

import importlib
import pkgutil
from types import SimpleNamespace

import numpy as np
import pytest

import probes
from diagnostics.measures.tables import KEYS
from diagnostics.pages.headline import answer, status
from diagnostics.pages.run_figures import sections
from diagnostics.pages.run_page import report
from diagnostics.pages.views import own_columns
from diagnostics.rules import diagnose
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
        ({"status": "finished"}, "Nothing suspicious"),
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
    assert "an oddity is noted. No check asks for a change. Noted: dead units in" in said


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


def test_a_share_of_a_training_of_a_second_is_told_in_seconds():
    def told(**changes):
        cost = {"share": 1.5, "per_step_without": 0.001, "steps": 400, "closing": 0.1, **changes}
        run = run_of(scalars=LEARNED, metadata={"status": "finished", "cost": cost})
        return told_of(run)

    assert "measuring took 0.60 s beside 0.40 s of steps" in told()
    assert "measuring took 150 %" in told(steps=40_000)
    assert "measuring took 5 %" in told(share=0.05)
