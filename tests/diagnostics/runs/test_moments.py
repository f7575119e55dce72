"""Signals at random moments of a run that is written; more moments, and trainings: ``python -m tests.kit.moments``."""

from __future__ import annotations

import subprocess
import sys

from diagnostics.runs.writer import RunWriter
from tests.kit.moments import faults


def test_a_run_survives_signals_at_random_moments(tmp_path):
    command = [sys.executable, "-m", "tests.kit.moments", str(tmp_path), "--moments", "6", "--only", "writer"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "6 moments, 0 with faults" in ended.stdout


def test_lost_rows_and_wrong_statuses_are_found(tmp_path):
    RunWriter(tmp_path / "run", command="", config={}, seed=0).finish("failed")
    found = faults(tmp_path / "run", ["begun", "layers 5"], 2, "fit")
    assert found == ["layers: 0 rows of 5 that were on disk", "status failed, where interrupted is due"]
