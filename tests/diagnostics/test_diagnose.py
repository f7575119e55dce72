"""The command that judges a stored run, and the exit status of the commands that judge."""

from __future__ import annotations

import json

import numpy as np
import pytest

import diagnostics
from diagnostics.diagnose import main
from diagnostics.report import main as report
from diagnostics.runs.writer import RunWriter
from tests.kit.runs import layers_table, scalars_table


@pytest.fixture
def run(tmp_path):
    dead = layers_table({"dead_fraction": np.full((4, 2), 0.3)}, steps=range(4))
    with RunWriter(tmp_path / "mine", command="train.py", config={}, seed=0) as writer:
        writer.append("layers", dead)
        writer.append("scalars", scalars_table(np.where(np.arange(60) < 30, 2.3, np.nan)))
    return str(tmp_path / "mine")


def test_what_to_fix_comes_first_and_what_passed_on_request(run, capsys):
    assert main([run]) == 0
    said = capsys.readouterr().out
    assert said.startswith("error: non_finite: First NaN or Inf at step 30")
    assert "clean:" not in said and "--all lists them" in said
    assert main([run, "--all"]) == 0
    assert "not evaluated: saturation" in capsys.readouterr().out


def test_thresholds_are_set_by_name(run, capsys):
    assert main([run, "--json"]) == 0
    before = {found["rule"]: found["severity"] for found in json.loads(capsys.readouterr().out)}
    assert main([run, "--json", "--set", "dead_units.warning=0.4", "--set", "ended.fewest=100"]) == 0
    after = {found["rule"]: found["severity"] for found in json.loads(capsys.readouterr().out)}
    assert (before["dead_units"], after["dead_units"]) == ("info", "clean")
    assert (before["ended"], after["ended"]) == ("clean", "info")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("dead_unit.warning=1", "dead_units"),
        ("dead_units.warn=1", "warning"),
        ("dead_units", "rule.field=value"),
        ("dead_units.warning=much", "give a number"),
        ("ended.fewest=1.5", "give a whole number"),
    ],
)
def test_a_wrong_setting_is_answered_with_what_is_right(run, capsys, setting, said):
    assert main([run, "--set", setting]) == 2
    assert said in capsys.readouterr().err


def test_the_exit_status_follows_the_worst_finding(run, tmp_path):
    assert main([run, "--fail-on", "error"]) == report([run, "--fail-on", "warning"]) == 3
    with RunWriter(tmp_path / "good", command="train.py", config={}, seed=0) as writer:
        writer.append("scalars", scalars_table(2 * np.exp(-np.arange(60) / 10)))
    assert main([str(tmp_path / "good"), "--fail-on", "warning"]) == 0


def test_the_module_is_the_function_too(run):
    assert vars(diagnostics)["diagnose"](diagnostics.load_run(run))[0].rule == "non_finite"
