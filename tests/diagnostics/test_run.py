"""The command line: what it prints, what it writes, how it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from diagnostics import load_experiment
from diagnostics.run import main
from scenarios.vanishing_gradient import VanishingGradient

ARMS = "tanh-0.01,tanh-0.001"


@pytest.fixture(scope="module")
def quick(tmp_path_factory) -> Path:
    """One quick run of two arms that share their compiled step."""
    out = tmp_path_factory.mktemp("runs") / "quick"
    assert main(["vanishing_gradient", "--quick", "--arms", ARMS, "--out", str(out), "--json"]) == 0
    return out


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "diagnostics.run", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


def test_list_names_every_scenario_without_loading_tensorflow():
    code = "import sys; from diagnostics.run import main; main(['--list']); print('tensorflow' in sys.modules, 'pandas' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert any(line.startswith("vanishing_gradient  ") for line in shown)
    assert shown[-1] == "False False"


def test_help_shows_examples_and_exit_status():
    shown = command("--help")
    assert shown.returncode == 0
    assert "exit codes" in shown.stdout and "--quick" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["vanishing_gradiant"], "use 'vanishing_gradient'"),
        ([], "no scenario was named"),
        (["vanishing_gradient", "--epochs", "0"], "--epochs"),
        (["vanishing_gradient", "--epochs", "two"], "'two'"),
        (["vanishing_gradient", "--seeds", "1,1"], "--seeds"),
        (["vanishing_gradient", "--seeds", "-3"], "--seeds"),
        (["vanishing_gradient", "--arms", "sigmod-0.01"], "use 'sigmoid-0.01'"),
        (["vanishing_gradient", "--data", "digit"], "use 'digits'"),
    ],
)
def test_wrong_use_says_what_to_do_and_writes_nothing(arguments, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert told in said and "do this:" in said
    assert not list(tmp_path.iterdir())


def test_earlier_results_are_never_overwritten(tmp_path, capsys):
    (tmp_path / "kept.txt").write_text("mine")
    assert main(["vanishing_gradient", "--out", str(tmp_path)]) == 2
    assert "never overwritten" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_an_output_below_a_file_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["vanishing_gradient", "--out", str(tmp_path / "file" / "run")]) == 2
    assert "do this:" in capsys.readouterr().err


def test_quick_run_leaves_runs_report_and_findings(quick):
    experiment = load_experiment(quick)
    assert list(experiment.runs) == ARMS.split(",")
    assert all(list(runs) == [0, 1] for runs in experiment.runs.values())
    run = experiment.runs["tanh-0.01"][0]
    assert {"activation_gradient_rms", "update_ratio", "gradient_norm", "activation_std"} <= set(run.layers.columns)
    assert run.status == "finished" and run.config["learning_rate"] == 0.01
    assert {"train", "validation", "test"} == set(run.scalars["split"])
    record = json.loads((quick / "findings.json").read_text())
    assert next(claim["name"] for claim in record["claims"]) == "learns_at_the_large_rate_only"
    assert set(record["findings"]) == set(experiment.runs)
    page = (quick / "report.html").read_text()
    assert experiment.metadata["command"].startswith("python -m diagnostics.run vanishing_gradient --quick")
    assert "quick run with fewer replicates and epochs" in page
    assert "<svg" in page and "http://" not in page.replace("http://www.w3.org", "")
    assert {path.suffix for path in (quick / "figures").iterdir()} == {".svg", ".png"}


def test_arms_that_differ_in_rate_only_start_alike_and_then_differ(quick):
    """They reuse one compiled step: the restart has to bring back weights, step counter and learning rate."""
    runs = load_experiment(quick).runs
    for seed in (0, 1):
        fast, slow = runs["tanh-0.01"][seed], runs["tanh-0.001"][seed]
        assert fast.layers["step"].min() == slow.layers["step"].min() == 0
        first = [run.layers[run.layers["step"] == 0].set_index("layer") for run in (fast, slow)]
        pd.testing.assert_series_equal(*(frame["activation_gradient_rms"] for frame in first))
        ratio = first[0]["update_ratio"] / first[1]["update_ratio"]
        assert ratio.between(9.9, 10.1).all()
    assert not runs["tanh-0.01"][0].scalars["loss"].equals(runs["tanh-0.01"][1].scalars["loss"])


def test_same_seed_gives_the_same_tables_bit_for_bit(quick, tmp_path):
    out = tmp_path / "again"
    assert main(["vanishing_gradient", "--quick", "--seeds", "1,0", "--arms", "tanh-0.001", "--out", str(out)]) == 0
    before, after = load_experiment(quick).runs["tanh-0.001"], load_experiment(out).runs["tanh-0.001"]
    for seed in (0, 1):
        pd.testing.assert_frame_equal(before[seed].layers, after[seed].layers, check_exact=True)
        scalars = [run.scalars.drop(columns="seconds") for run in (before[seed], after[seed])]
        pd.testing.assert_frame_equal(*scalars, check_exact=True)


def test_missing_data_are_named_with_their_path(tmp_path):
    shown = command(
        "vanishing_gradient", "--data", "mnist", "--out", str(tmp_path / "run"), KERAS_HOME=str(tmp_path), **OFFLINE
    )
    assert shown.returncode == 2
    assert "mnist.npz" in shown.stderr and "--data digits" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_processes_give_the_numbers_of_one(quick, tmp_path):
    out = tmp_path / "two"
    assert main(["vanishing_gradient", "--quick", "--jobs", "2", "--arms", ARMS, "--out", str(out)]) == 0
    here, there = load_experiment(quick).runs, load_experiment(out).runs
    for arm in here:
        for seed in here[arm]:
            pd.testing.assert_frame_equal(here[arm][seed].layers, there[arm][seed].layers, check_exact=True)


def test_resume_trains_what_is_missing_and_leaves_the_rest(tmp_path):
    out = tmp_path / "run"
    short = ["vanishing_gradient", "--quick", "--arms", "tanh-0.001", "--out", str(out)]
    assert main([*short, "--seeds", "1"]) == 0
    first = out / "arms" / "tanh-0.001" / "seed-0" / "run.json"
    before = first.read_bytes()
    assert main([*short, "--seeds", "2", "--resume"]) == 0
    assert first.read_bytes() == before
    assert list(load_experiment(out).runs["tanh-0.001"]) == [0, 1]
    assert main([*short, "--seeds", "2", "--epochs", "2", "--resume"]) == 2


def test_a_training_that_raises_is_reported_and_the_others_finish(tmp_path, monkeypatch, capsys):
    build = VanishingGradient.model

    def model(self, arm, data):
        if arm.name == "tanh-0.01":
            raise RuntimeError("out of luck")
        return build(self, arm, data)

    monkeypatch.setattr(VanishingGradient, "model", model)
    out = tmp_path / "run"
    assert main(["vanishing_gradient", "--quick", "--seeds", "1", "--arms", ARMS, "--out", str(out)]) == 1
    assert "failed: tanh-0.01, seed 0: RuntimeError: out of luck" in capsys.readouterr().err
    assert list(load_experiment(out).runs["tanh-0.001"]) == [0]


def test_all_writes_an_index_over_every_scenario(tmp_path, monkeypatch):
    monkeypatch.setattr("diagnostics.commands.catalogue.names", lambda: ["vanishing_gradient"])
    out = tmp_path / "all"
    assert main(["all", "--quick", "--seeds", "1", "--out", str(out)]) == 0
    page = (out / "index.html").read_text()
    assert 'href="vanishing_gradient/report.html"' in page and page.count("<tr>") == 1 + len(
        VanishingGradient().claims()
    )
    assert "quick runs with fewer replicates and epochs" in page


@pytest.mark.parametrize(("option", "value"), [("--backend", "dusk"), ("--jobs", "0")])
def test_wrong_ways_of_running_are_refused(option, value, tmp_path, capsys):
    arguments = ["vanishing_gradient", "--quick", "--jobs", "2", "--out", str(tmp_path / "run"), option, value]
    assert main(arguments) == 2
    assert "do this:" in capsys.readouterr().err


OFFLINE = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
