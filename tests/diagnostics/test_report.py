from __future__ import annotations

import json

import numpy as np

from diagnostics.report import main
from diagnostics.runs import manifest
from diagnostics.runs.experiment import run_directory
from diagnostics.runs.writer import RunWriter
from tests.kit.runs import layers_table, scalars_table


def write_run(path) -> None:
    with RunWriter(path, command="train.py", config={}, seed=0) as writer:
        writer.append("layers", layers_table({"gradient_norm": np.ones((2, 2))}, steps=(0, 1)))
        writer.append("scalars", scalars_table([2.0, 1.0]))


def test_a_run_gets_its_page_where_it_is_or_where_it_is_wanted(tmp_path, capsys):
    write_run(tmp_path / "mine")
    assert main([str(tmp_path / "mine")]) == 0
    assert main([str(tmp_path / "mine"), "--out", str(tmp_path / "else" / "page.html")]) == 0
    assert (tmp_path / "mine" / "report.html").is_file() and (tmp_path / "else" / "page.html").is_file()
    assert "run finished · steps 0 to 1" in capsys.readouterr().out


def scenario(path) -> None:
    about = {
        "scenario": "tiny",
        "question": "Does it?",
        "answers": [{"text": "Nobody knows.", "when": {}}],
        "arms": {"one": {"name": "one", "label": "one", "settings": {}}},
        "seeds": [0],
        "claims": [],
        "figures": [],
        "data": {"name": "digits", "train": 10, "classes": 10},
        "config": {"epochs": 1, "batch_size": 2},
    }
    manifest.create(path, "scenario", about)[0].release()


def test_a_scenario_is_judged_anew_in_its_folder_and_left_alone_for_a_page_elsewhere(tmp_path, capsys):
    scenario(tmp_path / "tiny")
    write_run(run_directory(tmp_path / "tiny", "one", 0))
    assert main([str(tmp_path / "tiny"), "--out", str(tmp_path / "page.html")]) == 0
    assert not (tmp_path / "tiny" / "report.html").exists()
    assert main([str(tmp_path / "tiny")]) == 0
    assert json.loads((tmp_path / "tiny" / "findings.json").read_text())["answer"] == "Nobody knows."
    assert "Nobody knows." in capsys.readouterr().out


def test_input_without_a_report_is_an_error_and_nothing_is_written(tmp_path, capsys):
    scenario(tmp_path / "tiny")
    for folder in (tmp_path / "tiny", tmp_path / "nowhere", tmp_path):
        assert main([str(folder)]) == 2
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("do this:") == 1
    assert [file.name for file in (tmp_path / "tiny").iterdir()] == ["run.json"]
