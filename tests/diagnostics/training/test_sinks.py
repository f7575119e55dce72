"""Trackers get what the run's folder holds, and none of them can stop a training."""

from __future__ import annotations

import json
import struct
import warnings
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import diagnostics
import probes
from diagnostics.training import recorder
from diagnostics.training.sink import Outcome, Sink, points, spread
from probes.errors import UsageError


class Notes(Sink):
    """Writes down what it is handed."""

    def __init__(self, fails_at: str = "") -> None:
        self.tables: list[tuple[str, pd.DataFrame]] = []
        self.ends: list[tuple[str, list[str], list[str]]] = []
        self.begun: list[Path] = []
        self.fails_at = fails_at

    def _fail(self, at: str) -> None:
        if at == self.fails_at:
            raise ConnectionError("the tracker's server is gone")

    def begin(self, run: diagnostics.Run) -> None:
        self._fail("begin")
        self.begun.append(run.path)

    def write(self, table: str, frame: pd.DataFrame) -> None:
        self._fail("write")
        self.tables.append((table, frame))

    def finish(self, outcome: Outcome) -> None:
        self._fail("finish")
        found = [one.rule for one in outcome.findings]
        self.ends.append((outcome.run.status, found, [*outcome.figures]))


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(4, "relu", name="hidden_1"), keras.layers.Dense(1, name="output")]
    return keras.Sequential([keras.Input((3,)), *layers])


X = np.random.default_rng(0).standard_normal((64, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)
PROBES = [probes.GradientNorm(every=1), probes.ActivationGradient(every=2)]


def fit(
    model: keras.Model, folder: Path, *sinks: Sink, also: Sequence[keras.callbacks.Callback] = ()
) -> diagnostics.Run:
    if not model.compiled:
        model.compile("sgd", "mse")
    callback = diagnostics.ProbeCallback(folder, PROBES, sinks=sinks, verbose=0)
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0, validation_split=0.25, callbacks=[callback, *also])
    return diagnostics.load_run(folder)


def joined(sink: Notes, table: str) -> pd.DataFrame:
    return pd.concat([frame for name, frame in sink.tables if name == table], ignore_index=True)


def test_a_sink_gets_every_row_at_each_flush_and_the_report_at_the_end(model, tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.0)
    sink = Notes()
    run = fit(model, tmp_path / "mine", sink)
    assert sink.begun == [run.path] and len(sink.tables) > 2
    assert joined(sink, "layers")["gradient_norm"].tolist() == run.layers["gradient_norm"].tolist()
    assert joined(sink, "scalars")["loss"].tolist() == run.scalars["loss"].tolist()
    ((status, rules, figures),) = sink.ends
    assert status == "finished" and "gradient-norm-by-layer" in figures
    assert rules == [one.rule for one in diagnostics.diagnose(run)]


@pytest.mark.parametrize("at", ["begin", "write", "finish"])
def test_a_sink_that_fails_is_named_once_and_training_goes_on(model, tmp_path, monkeypatch, at):
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.0)
    good = Notes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = fit(model, tmp_path / "mine", Notes(at), good)
    said = [str(one.message) for one in caught if "Notes failed" in str(one.message)]
    assert len(said) == 1 and "server is gone" in said[0]
    assert run.status == "finished" and len(run.layers) == len(joined(good, "layers")) and good.ends


def test_a_failed_training_is_handed_over_as_such(model, tmp_path):
    def stop(*_: object) -> None:
        raise RuntimeError("enough")

    sink = Notes()
    with pytest.raises(RuntimeError, match="enough"):
        fit(model, tmp_path / "mine", sink, also=[keras.callbacks.LambdaCallback(on_epoch_end=stop)])
    assert [end[0] for end in sink.ends] == ["failed"]


def test_the_trainer_takes_sinks_too(model, tmp_path):
    sink = Notes()
    loop = diagnostics.Trainer(model, "sgd", "mse", probes=PROBES, directory=tmp_path / "mine", sinks=[sink])
    run = loop.fit(X, Y, epochs=1, progress=False)
    assert run is not None and sink.ends[0][0] == "finished"
    assert joined(sink, "scalars")["loss"].tolist() == run.scalars["loss"].tolist()


def test_what_is_no_sink_is_refused_before_training(tmp_path):
    with pytest.raises(UsageError, match="takes a list of sinks") as caught:
        diagnostics.ProbeCallback(tmp_path / "mine", sinks=["mlflow"])  # type: ignore[list-item]
    assert "diagnostics.sinks.MLflow()" in str(caught.value)


def test_points_name_layers_and_splits_and_leave_missing_values_out():
    layers = pd.DataFrame({"step": [0, 0, 1], "layer": ["a", "b", "a"], "depth": [0.0, 1.0, 0.0]})
    layers["gradient_norm"] = [1.0, np.nan, 3.0]
    assert points("layers", layers, 9) == {0: {"gradient_norm/a": 1.0}, 1: {"gradient_norm/a": 3.0}}
    scalars = pd.DataFrame({"step": [1, 1], "epoch": [0, 0], "split": ["train", "validation"], "loss": [np.nan, 2.0]})
    found = points("scalars", scalars, 9)
    assert list(found) == [1] and np.isnan(found[1]["train/loss"]) and found[1]["validation/loss"] == 2.0
    assert points("units", layers, 9) == {}


@pytest.mark.parametrize(("count", "most"), [(0, 5), (1, 5), (5, 5), (6, 5), (1000, 7), (3, 1)])
def test_thinned_steps_are_few_and_hold_the_last(count, most):
    kept = spread(np.repeat(np.arange(count), 2), most)
    assert len(kept) <= most and (count == 0 or kept[0] == count - 1)
    assert len(np.unique(np.diff(kept))) <= 1 and len(kept) >= min(count, most / 2)


@pytest.mark.parametrize("name", ["MLflow", "Wandb", "TensorBoard"])
def test_a_missing_package_is_an_error_with_what_to_install(monkeypatch, name):
    monkeypatch.setitem(__import__("sys").modules, name.lower(), None)
    with pytest.raises(UsageError, match=f"{name} is not installed") as caught:
        getattr(diagnostics.sinks, name)()
    assert "pip install" in str(caught.value)


def test_tensorboard_in_a_folder_of_ones_own(model, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: PLC0415

    run = fit(model, tmp_path / "mine", diagnostics.sinks.TensorBoard(tmp_path / "board"))
    events = EventAccumulator(str(tmp_path / "board" / "train")).Reload()
    assert len(events.Tensors("gradient_norm/hidden_1")) == run.layers["step"].nunique()


def test_mlflow_holds_metrics_findings_and_report(model, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "tracked").as_uri())
    mlflow.set_experiment("tests")
    run = fit(model, tmp_path / "mine", diagnostics.sinks.MLflow())
    (found,) = mlflow.MlflowClient().search_runs([mlflow.get_experiment_by_name("tests").experiment_id])
    assert found.info.status == "FINISHED" and found.info.run_name == "mine" and mlflow.active_run() is None
    history = mlflow.MlflowClient().get_metric_history(found.info.run_id, "gradient_norm/hidden_1")
    rows = run.layers[run.layers["layer"] == "hidden_1"]
    assert [one.step for one in history] == rows["step"].tolist()
    np.testing.assert_allclose([one.value for one in history], rows["gradient_norm"], rtol=1e-6)
    assert found.data.params["optimizer"] == "SGD" and found.data.tags["finding.vanishing_gradient"]
    kept = mlflow.artifacts.download_artifacts(run_id=found.info.run_id, artifact_path="diagnostics/report.json")
    assert json.loads(Path(kept).read_text())["answer"] == found.data.tags["diagnostics.answer"]
    with mlflow.start_run() as own:
        fit(model, tmp_path / "second", diagnostics.sinks.MLflow())
        assert mlflow.active_run().info.run_id == own.info.run_id
    assert "validation/loss" in mlflow.get_run(own.info.run_id).data.metrics


def test_wandb_holds_scalars_findings_and_figures_offline(model, tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb")
    for key, value in {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_CONSOLE": "off"}.items():
        monkeypatch.setenv(key, value)
    run = fit(model, tmp_path / "mine", diagnostics.sinks.Wandb(project="tests"))
    assert wandb.run is None
    (folder,) = (run.path / "wandb").glob("offline-run-*")
    media = [str(file.relative_to(folder / "files")) for file in (folder / "files").rglob("*") if file.is_file()]
    assert any("gradient-norm-by-layer" in name for name in media) and any(name.endswith(".html") for name in media)
    rows = history(next(folder.glob("*.wandb")))
    told = {row["diagnostics/step"]: row for row in rows if "train/loss" in row}
    losses = run.scalars[run.scalars["split"] == "train"].set_index("step")["loss"]
    np.testing.assert_allclose([row["train/loss"] for row in told.values()], losses.loc[[*told]], rtol=1e-6)
    assert len(told) == len(losses) and any("gradient_norm/hidden_1" in row for row in rows)


def history(file: Path) -> list[dict]:
    """The rows in a run file of W&B: LevelDB's log format after a header of 7 bytes."""
    from wandb.proto import wandb_internal_pb2 as messages  # noqa: PLC0415

    content, place, whole, rows = file.read_bytes(), 7, b"", []
    while place + 7 <= len(content):
        if (left := 32768 - place % 32768) < 7:  # the rest of a block that is too small for a header
            place += left
            continue
        length, kind = struct.unpack_from("<HB", content, place + 4)
        whole += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # a full record, or the last part of one
            record = messages.Record()
            record.ParseFromString(whole)
            items = record.history.item
            rows.append({one.key or "/".join(one.nested_key): json.loads(one.value_json) for one in items})
            whole = b""
    return [row for row in rows if row]
