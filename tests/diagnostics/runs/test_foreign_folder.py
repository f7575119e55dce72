"""A run folder that somebody else made reads and writes nothing outside itself."""

from __future__ import annotations

import importlib
import os
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.runs import confined, manifest
from diagnostics.runs.experiment import load_experiment, run_directory
from diagnostics.runs.resuming import begin_again
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError

compare, export, report = (importlib.import_module(f"diagnostics.{name}") for name in ("compare", "export", "report"))

LAYERS = pd.DataFrame(
    {"step": 0, "layer": ["a", "b"], "depth": [0, 1], "kind": "Dense", "gradient_norm": np.float32(1)}
)
SECRET = "the user's own"


@pytest.fixture
def outside(tmp_path) -> Path:
    """A folder of the user's, with a file, a run and nothing else that may change or be read."""
    place = tmp_path / "outside"
    place.mkdir()
    (place / "train.py").write_text(SECRET)
    (place / "figures").mkdir()
    stored(place / "run", layer="outside")
    return place


def stored(path: Path, layer: str = "a", split: str = "train") -> Path:
    with RunWriter(path, command="", config={}, seed=0) as writer:
        writer.append("layers", LAYERS.assign(layer=[layer, "b"]))
        writer.append("scalars", pd.DataFrame({"step": [0, 1], "epoch": 0, "split": split, "loss": [1.0, 0.5]}))
    return path


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if stat.S_ISREG(path.lstat().st_mode)}


LINKS = {
    "report.html": "train.py",
    "figures": "figures",
    "csv": "figures",
    "tensorboard": "figures",
    ".report.html.1.partial": "train.py",
    f".report.html.{os.getpid()}.partial": "train.py",
    "layers/.part-00001.parquet.1.partial": "train.py",
    "findings.json": "train.py",
    ".writer.lock": "train.py",
}


def test_no_command_writes_through_a_link(tmp_path, outside, capsys):
    run = stored(tmp_path / "run")
    for name, target in LINKS.items():
        (run / name).symlink_to(outside / target)
    before = content(outside)
    assert report.main([str(run)]) == 2
    assert f"{run}/figures" in capsys.readouterr().err
    (run / "figures").unlink()
    (run / "figures").mkdir()
    for name in ("gradient-norm-depth-profile.png", "gradient-norm-depth-profile.svg"):
        (run / "figures" / name).symlink_to(outside / "train.py")
    assert report.main([str(run)]) == 0
    assert export.main([str(run), "--csv"]) == 0
    assert compare.main([str(run), str(outside / "run"), "--out", str(tmp_path / "comparison")]) == 0
    assert content(outside) == before
    assert not list((outside / "figures").iterdir())
    assert (run / "report.html").is_file() and not (run / "report.html").is_symlink()


@pytest.mark.parametrize("name", ["layers", "layers/part-00000.parquet", "run.json"])
def test_nothing_is_read_through_a_link(tmp_path, outside, name):
    run = stored(tmp_path / "run")
    kept = run / "kept"
    (run / name).rename(kept)
    (run / name).symlink_to(outside / "run" / name)
    if name == "run.json":
        with pytest.raises(UsageError, match=r"run\.json"):
            load_run(run)
        return
    with pytest.warns(UserWarning, match="not read"):
        loaded = load_run(run).layers
    assert "outside" not in set(loaded["layer"])


@pytest.mark.parametrize("split", ["/", "../../outside", "..", "a/../../../outside", "", "x" * 300, "\0", "ä" * 200])
def test_a_splits_name_is_no_path(tmp_path, outside, split):
    run = stored(tmp_path / "run", split=split.replace("outside", str(outside)) if split.startswith("/") else split)
    before = content(tmp_path / "outside")
    assert export.main([str(run), "--tensorboard", "--out", str(tmp_path / "boards")]) == 0
    written = {path for path in tmp_path.rglob("events*")}
    assert written and all(path.is_relative_to(tmp_path / "boards") for path in written)
    assert content(tmp_path / "outside") == before


@pytest.mark.parametrize("arm", ["../../outside", "..", "/etc", "a/b", "", ".", "a\0b"])
def test_an_arms_name_is_no_path(tmp_path, outside, arm):
    folder = tmp_path / "experiment"
    manifest.create(folder, "scenario", {"arms": [arm], "seeds": [0]})[0].release()
    experiment = load_experiment(folder)
    assert [item.status for item in experiment.incomplete] == ["unreadable"]
    with pytest.raises(UsageError, match="leads out"):
        begin_again(folder, arm, 0)
    assert (outside / "train.py").read_text() == SECRET


@pytest.mark.parametrize("place", ["arms", "arms/a", "arms/a/seed-0"])
def test_resuming_clears_nothing_behind_a_link(tmp_path, outside, place):
    folder = tmp_path / "experiment"
    manifest.create(folder, "scenario", {"arms": ["a"], "seeds": [0]})[0].release()
    target = run_directory(outside / "experiment", "a", 0)
    manifest.create(target, "run", {})[0].release()
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).symlink_to(outside / "experiment" / place)
    before = content(outside)
    with pytest.raises(UsageError, match="a link stands"):
        begin_again(folder, "a", 0)
    assert [item.status for item in load_experiment(folder).incomplete] == ["unreadable"]
    assert content(outside) == before


def test_a_link_inside_a_run_that_is_cleared_goes_and_its_target_stays(tmp_path, outside):
    place = run_directory(tmp_path, "a", 0)
    manifest.create(place, "run", {})[0].release()
    (place / "layers").symlink_to(outside)
    (place / "deep").mkdir()
    (place / "deep" / "link").symlink_to(outside)
    before = content(outside)
    assert begin_again(tmp_path, "a", 0)
    assert content(outside) == before and not list(place.iterdir())


@pytest.mark.parametrize("name", ["run.json", "layers/part-00000.parquet", ".writer.lock"])
def test_a_pipe_makes_nobody_wait(tmp_path, name):
    run = stored(tmp_path / "run")
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    assert report.main([str(run)]) in (0, 2)


def test_a_part_of_another_folder_is_found_by_its_name_only(tmp_path):
    run = stored(tmp_path / "run")
    other = stored(tmp_path / "other", layer="other")
    (run / "layers" / "part-00000 (copy).parquet").write_bytes((other / "layers" / "part-00000.parquet").read_bytes())
    with pytest.warns(UserWarning, match="has no part's name"):
        assert set(load_run(run).layers["layer"]) == {"a", "b"}


@pytest.mark.parametrize("text", ["a", "x y", "ä", "a/b", "..", ".", "", "/", "x" * 300, "\ud800", "a\\b"])
def test_any_text_becomes_a_name(tmp_path, text):
    name = confined.as_name(text)
    (tmp_path / name).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert name == text or text not in ("a", "x y", "ä")


def test_cells_that_spreadsheets_would_run_are_quoted(tmp_path):
    run = stored(tmp_path / "run", layer='=HYPERLINK("http://x")')
    assert export.main([str(run), "--csv", "--out", str(tmp_path / "csv")]) == 0
    read = pd.read_csv(tmp_path / "csv" / "layers.csv")
    assert read["layer"][0] == '\'=HYPERLINK("http://x")' and read["layer"][1] == "b"
    assert read["gradient_norm"].tolist() == [1.0, 1.0]
