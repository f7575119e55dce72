"""Folders of results with every kind of damage, and every command that reads them: a longer version is ``tests.benchmarks.fuzz``."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from diagnostics.commands import command
from diagnostics.report import main as report
from diagnostics.runs import flight
from probes.errors import UsageError
from tests.kit import damage, good_runs, readers
from tests.kit.bad_input import WRONG, changed, stored_run
from tests.kit.guarded import guarded

QUICK = ("load", "report json", "report markdown", "diagnose", "diagnose json", "csv")
"""Readers that draw nothing."""
SAMPLES = 2  # of each damage


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Whole folders of every kind that needs no training, and a folder that nobody may touch."""
    home = tmp_path_factory.mktemp("damaged")
    for kind, make in good_runs.LIGHT.items():
        make(home / f"whole-{kind}{good_runs.SUFFIX.get(kind, '')}")
    (home / "outside" / "figures").mkdir(parents=True)
    (home / "outside" / "train.py").write_text("the user's own")
    stored_run(home / "outside" / "run")
    return home


def copied(place: Path, tmp_path: Path, kind: str) -> Path:
    suffix = good_runs.SUFFIX.get(kind, "")
    whole, folder = place / f"whole-{kind}{suffix}", tmp_path / f"run{suffix}"
    shutil.copytree(whole, folder) if whole.is_dir() else shutil.copy(whole, folder)
    return folder


LEFT_OUT = {"locked_away", "huge_json", "arrays", "flip_and_seal"}
"""As root, no file can be locked away; large files take long; these folders hold no archives."""
OF_TABLES = {"column", "lacking_column", "cells", "layer_names", "rows_twice", "no_rows"}
CASES = [
    (name, kind)
    for name in sorted({each.__name__ for each in damage.DAMAGES} - LEFT_OUT)
    for kind in good_runs.LIGHT
    if kind != "page" or name not in OF_TABLES | {"link", "same_behind_a_link"}
]


@pytest.mark.parametrize("number", range(SAMPLES))
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_damaged_folder_opens_or_explains_itself(name, kind, number, place, tmp_path, monkeypatch):
    draw, outside = random.Random(f"{name} {kind} {number}"), place / "outside"
    monkeypatch.setattr(damage, "DAMAGES", [getattr(damage, name)])
    folder = copied(place, tmp_path, kind)
    done = damage.damaged(folder, draw, outside, most=1)
    main, arguments = readers.reader(draw.choice(QUICK), folder, place / "whole-stored", tmp_path / "out")
    result = guarded(main, arguments, folder, outside)
    for moved in outside.glob("moved-*"):
        shutil.rmtree(moved) if moved.is_dir() else moved.unlink()
    assert done and not result.faults, (done, arguments)


@pytest.mark.parametrize("target", ["arms", "arms/one", "arms/one/seed-0"])
def test_no_folder_of_an_experiment_is_listed_through_a_link(target, place, tmp_path):
    folder, outside = copied(place, tmp_path, "scenario"), place / "outside"
    damage.same_behind_a_link(folder / target, random.Random(0), outside)
    for name in ("load", "report json", "compare"):
        main, arguments = readers.reader(name, folder, place / "whole-stored", tmp_path / "out")
        assert not guarded(main, arguments, folder, outside).faults
    shutil.rmtree(outside / f"moved-{Path(target).name}")


def test_what_a_reader_did_not_expect_is_said_in_four_parts(place, monkeypatch, capsys):
    def broken(_):
        raise ZeroDivisionError("so that is that")

    monkeypatch.setattr("diagnostics.report._of_run", broken)
    monkeypatch.setattr("diagnostics.report.JUDGES", {"run": broken})
    monkeypatch.delenv(command.TRACEBACK, raising=False)
    assert report([str(place / "whole-stored"), "--json"]) == 2
    said = capsys.readouterr().err
    assert said.count("do this:") == 1 and "ZeroDivisionError: so that is that (test_damaged_folders.py:" in said
    monkeypatch.setenv(command.TRACEBACK, "1")
    with pytest.raises(ZeroDivisionError):
        report([str(place / "whole-stored"), "--json"])


RECORD = {
    "schema_version": 1,
    "step": 3,
    "kind": "loss",
    "detail": "",
    "spec": "",
    "stretches": [0],
    "steps": [{"step": 3, "loss": 1.0, "gradient_norm": 1.0, "learning_rate": 0.1, "finite": 0.0, "scaled": 0.0}],
    "loop": "fit",
    "environment": {"devices": ["CPU"]},
    "saved": {"model": "model.keras"},
    "parts": {},
    "jit_compile": False,
    "run_eagerly": False,
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong!r:.20}")
def test_a_flight_record_with_a_wrong_type_in_every_field(wrong, tmp_path):
    folder = tmp_path / "flight" / "step-00000003"
    folder.mkdir(parents=True)
    (folder / flight.RECORD).write_text(json.dumps(RECORD))
    assert flight.content(folder)["step"] == 3
    for at, content in changed(RECORD, wrong):
        (folder / flight.RECORD).write_text(json.dumps(content))
        try:
            flight.content(folder)
        except UsageError as error:
            assert error.where.startswith(str(folder)), at


@pytest.mark.parametrize("name", ["report json", "report elsewhere", "csv", "load"])
def test_an_experiment_without_arms_keeps_its_page(name, place, tmp_path):
    folder = copied(place, tmp_path, "scenario")
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"arms": {}}))
    main, arguments = readers.reader(name, folder, place / "whole-stored", tmp_path / "out")
    result = guarded(main, arguments, folder, place / "outside")
    assert result.code == 0 and not result.faults


WRONG_PLANS = {
    "a figure of text": ("figures", 0, "parameters", "column", 5),
    "layers as a list": ("figures", 0, "parameters", "layers", ["a"]),
    "a guide of one part": ("figures", 0, "parameters", "guide", [1.0]),
    "an outcome without a sentence": ("claims", 0, "outcomes", {"open": "It is open."}),
    "a sentence with another field": ("claims", 0, "outcomes", {"": "{nosuch}"}),
    "a part beside one arm": ("claims", 0, "parts", 0, "beside", ["one"]),
    "a part without a treated arm": ("claims", 0, "parts", 0, "treated", ""),
    "a measure's parameter of another type": ("claims", 0, "parts", 0, "parameters", {"column": 5}),
    "an unknown measure": ("claims", 0, "parts", 0, "measure", "nosuch"),
    "two arms with one label": ("arms", "two", "label", "one"),
}


@pytest.mark.parametrize("case", WRONG_PLANS)
def test_a_plan_that_cannot_be_judged_is_refused_by_its_field(case, place, tmp_path, capsys):
    folder = copied(place, tmp_path, "scenario")
    content = json.loads((folder / "run.json").read_text())
    *path, last, value = WRONG_PLANS[case]
    at = content
    for key in path:
        at = at[key]
    at[last] = value
    (folder / "run.json").write_text(json.dumps(content))
    assert report([str(folder), "--json"]) == 2
    assert capsys.readouterr().err.count("do this:") == 1
