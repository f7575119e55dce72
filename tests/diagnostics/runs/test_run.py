"""A run on disk: refused folders, every way to end, and reading it back."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.runs.files import plain
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError

LAYERS = pd.DataFrame(
    {"step": 0, "layer": ["a", "b"], "depth": [0, 1], "kind": "Dense", "gradient_norm": np.float32(1)}
)


def full_disk(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, "No space left on device")


def writer(path: Path, **fields) -> RunWriter:
    return RunWriter(path, **({"command": "test", "config": {"rate": 0.1}, "seed": 3} | fields))


def test_a_finished_run_reads_back(tmp_path):
    with writer(tmp_path / "deep" / "run") as run:
        run.describe(layer_table=[{"layer": "a"}, {"layer": "b"}], probes=["GradientNorm()"])
        run.append("layers", LAYERS)
        run.append("layers", LAYERS.assign(step=1))
        run.append("units", pd.DataFrame({"step": [5], "layer": "a", "unit": 7, "event": "death"}))
        run.append("scalars", pd.DataFrame({"step": [0], "epoch": 0, "split": "train", "loss": np.nan}))
    loaded = load_run(tmp_path / "deep" / "run")
    assert (loaded.status, loaded.seed, loaded.config) == ("finished", 3, {"rate": 0.1})
    assert (loaded.layer_table, loaded.probes) == ([{"layer": "a"}, {"layer": "b"}], ["GradientNorm()"])
    assert list(loaded.layers["step"]) == [0, 0, 1, 1]
    assert loaded.units.iloc[0].to_dict() == {"step": 5, "layer": "a", "unit": 7, "event": "death"}
    assert np.isnan(loaded.scalars["loss"].iloc[0])
    assert loaded.layers is loaded.layers, "read once"


def test_run_json_tells_how_the_run_came_about(tmp_path):
    writer(tmp_path / "run").finish(note="x")
    metadata = json.loads((tmp_path / "run" / "run.json").read_text())
    assert {"schema_version": 2, "kind": "run", "status": "finished", "command": "test", "note": "x"}.items() <= (
        metadata.items()
    )
    assert metadata["started"] <= metadata["ended"]
    assert set(metadata["versions"]) == {"python", "tensorflow", "keras", "numpy"}
    assert metadata["versions"]["numpy"] == np.__version__


def test_a_run_without_rows_has_empty_tables(tmp_path):
    with writer(tmp_path / "run") as run:
        run.append("layers", LAYERS.iloc[:0])
    loaded = load_run(tmp_path / "run")
    assert loaded.layers.empty
    assert {"step", "layer", "unit", "event"} <= set(loaded.units.columns)
    assert not (tmp_path / "run" / "layers").exists()


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), "interrupted"), (ValueError("loss is NaN"), "failed")]
)
def test_an_exception_ends_the_run_and_passes_through(tmp_path, error, status):
    with pytest.raises(type(error)), writer(tmp_path / "run") as run:
        run.append("layers", LAYERS)
        raise error
    loaded = load_run(tmp_path / "run")
    assert loaded.status == status
    assert len(loaded.layers) == 2
    assert loaded.metadata["error"] == f"{type(error).__name__}: {error}"


def test_an_exception_is_not_hidden_by_a_disk_that_fails_too(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="first") as caught, writer(tmp_path / "run") as run:
        monkeypatch.setattr("diagnostics.runs.files.os.fsync", full_disk)
        raise ValueError("first")
    assert "No space left" in caught.value.__notes__[0]
    assert load_run(tmp_path / "run").status == "running", "it may be ended again when there is space"
    monkeypatch.undo()
    run.finish()
    assert load_run(tmp_path / "run").status == "finished"


def test_an_interrupt_while_a_part_is_written_keeps_the_parts_before(tmp_path, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), writer(tmp_path / "run") as run:
        run.append("layers", LAYERS)
        with monkeypatch.context() as patch:
            patch.setattr("diagnostics.runs.part_file.seal.seal", interrupted)
            run.append("layers", LAYERS.assign(step=1))
    loaded = load_run(tmp_path / "run")
    assert (loaded.status, list(loaded.layers["step"])) == ("interrupted", [0, 0])
    assert not list(tmp_path.rglob("*.partial"))


KILLED = """
import os, signal, sys
import pandas as pd
from diagnostics.runs import seal
from diagnostics.runs.writer import RunWriter
frame = pd.DataFrame({"step": [0, 0], "layer": ["a", "b"]})
with RunWriter(sys.argv[1], command="", config={}, seed=0) as run:
    run.append("layers", frame)
    run.append("layers", frame.assign(step=1))
    def half(file):
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    seal.seal = half
    run.append("layers", frame.assign(step=2))
"""


def test_a_process_killed_in_the_middle_of_a_part_keeps_the_whole_ones(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "run")], check=False, cwd=Path.cwd())
    assert done.returncode == -9
    assert list(tmp_path.rglob("*.partial"))
    loaded = load_run(tmp_path / "run")
    assert loaded.status == "killed"
    assert list(loaded.layers["step"]) == [0, 0, 1, 1]


def test_a_folder_in_use_is_refused_and_left_as_it_was(tmp_path):
    with writer(tmp_path / "run") as run:
        run.append("layers", LAYERS)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="never overwritten"):
        writer(tmp_path / "run")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_of_two_writers_that_start_at_once_the_second_is_refused(tmp_path, monkeypatch):
    first = writer(tmp_path / "run")
    monkeypatch.setattr(Path, "iterdir", lambda _: iter(()))  # as seen before the first one wrote
    with pytest.raises(UsageError, match="another process writes here"):
        writer(tmp_path / "run")
    first.finish()


def test_a_folder_with_anything_in_it_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="never overwritten"):
        writer(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_taken(tmp_path):
    writer(tmp_path).finish()
    assert load_run(tmp_path).status == "finished"


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="a file"):
        writer(tmp_path / "file")
    with pytest.raises(UsageError, match="cannot be written"):
        writer(tmp_path / "file" / "run")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_may_not_be_written_is_refused(tmp_path, monkeypatch):
    def denied(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(UsageError, match="Permission denied"):
        writer(tmp_path / "run")


def test_misuse_is_told(tmp_path):
    run = writer(tmp_path / "run")
    with pytest.raises(UsageError, match="use 'layers'"):
        run.append("layer", LAYERS)
    with pytest.raises(UsageError, match="use 'finished'"):
        run.finish("finish")
    run.finish()
    with pytest.raises(UsageError, match="has ended"):
        run.append("layers", LAYERS)


def test_the_first_ending_counts(tmp_path):
    with pytest.raises(ValueError, match="late"), writer(tmp_path / "run") as run:
        run.finish(accuracy=0.5)
        raise ValueError("late")
    assert load_run(tmp_path / "run").status == "finished"


def test_a_disk_too_full_to_compact_warns_and_loses_nothing(tmp_path, monkeypatch):
    run = writer(tmp_path / "run")
    run.append("layers", LAYERS)
    run.append("layers", LAYERS.assign(step=1))
    monkeypatch.setattr("diagnostics.runs.part_file.written_whole", full_disk)
    with pytest.warns(UserWarning, match="stays in parts"):
        run.finish()
    assert load_run(tmp_path / "run").status == "finished"
    assert len(load_run(tmp_path / "run").layers) == 4


def test_loading_points_to_the_run_that_was_meant(tmp_path):
    writer(tmp_path / "mine").finish()
    for path, hint in (("mime", "mine"), (".", "mine"), ("mine/layers", "mine")):
        with pytest.raises(UsageError, match=hint) as caught:
            load_run(tmp_path / path)
        assert hint in caught.value.do
    with pytest.raises(UsageError, match="nothing there"):
        load_run(tmp_path / "a" / "b")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{"schema_version": 99}', "schema version 99"),
        ('{"schema_version": 1, "kind": "scenario"}', "load_experiment"),
        ('{"schema_version": 1', "cannot be read"),
        ("[]", "not an object"),
    ],
)
def test_an_unusable_run_json_is_an_error(tmp_path, content, complaint):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(UsageError, match=complaint):
        load_run(tmp_path)


def test_a_run_shows_itself_and_escapes(tmp_path):
    writer(tmp_path / "run", command="<b>").finish()
    loaded = load_run(tmp_path / "run")
    assert "finished, seed=3" in repr(loaded)
    assert "&lt;b&gt;" in loaded._repr_html_()
    assert "<b>" not in loaded._repr_html_()


def test_any_config_becomes_strict_json(tmp_path):
    config = {
        "array": np.arange(2),
        "scalar": np.float32(0.5),
        1: (Path("x"), None, True),
        "inf": float("inf"),
        "f": len,
    }
    writer(tmp_path / "run", config=config | {"set": {"b", "a"}, "nan": np.float64("nan")}).finish()
    text = (tmp_path / "run" / "run.json").read_text()
    read = json.loads(text, parse_constant=lambda name: pytest.fail(f"bare {name}"))["config"]
    assert read == {
        "array": [0, 1],
        "scalar": 0.5,
        "1": ["x", None, True],
        "inf": "inf",
        "f": repr(len),
        "set": ["a", "b"],
        "nan": "nan",
    }
    assert plain(np.array(np.inf)) == "inf"
