"""Event files, read back by a real TensorBoard server on loopback through its own HTTP interface."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import diagnostics
import probes
from diagnostics import export
from diagnostics.pages import board
from diagnostics.run import main
from diagnostics.runs.bin_edges import EDGES, edges_of
from diagnostics.runs.run import Run, load_run
from diagnostics.training import recorder
from diagnostics.training.tensorboard.board import BoardWriter, bins
from probes.errors import UsageError

Ask = Callable[..., Any]
TRAIN, VALIDATION = "tensorboard/train", "tensorboard/validation"
STATED = {"learning_rate": 0.05, "nested": {"width": 8}, "words": ["a", "b"]}


def dataset(count: int = 64) -> tf.data.Dataset:
    x = np.random.default_rng(0).standard_normal((count, 4)).astype("float32")
    return tf.data.Dataset.from_tensor_slices((x, (x.sum(axis=1) > 0).astype("int32"))).batch(16)


def train(directory: Path, **options) -> Run:
    keras.utils.set_random_seed(0)
    names = ("hidden_1", "hidden_2")
    model = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(8, "relu", name=name) for name in names)])
    model.add(keras.layers.Dense(2, name="logits"))
    seen = [probes.GradientNorm(), probes.ActivationGradient(), probes.Histogram(edges=(0.1, 1.0))]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    metrics = [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
    chosen = {"probes": seen, "metrics": metrics, "directory": directory, "config": STATED, "seed": 3}
    loop = diagnostics.Trainer(model, keras.optimizers.SGD(0.05), loss, steps_per_call=2, **chosen)
    run = loop.fit(dataset(), validation_data=dataset(32), epochs=2, **{"progress": False, **options})
    assert run is not None
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    return train(tmp_path_factory.mktemp("boards") / "mine", tensorboard=True)


@pytest.fixture(scope="module")
def ask(run) -> Iterator[Ask]:
    """A function that queries the server, which is started once on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--logdir", str(run.path), "--port", str(port), "--host", "127.0.0.1", "--load_fast=false"]
    server = subprocess.Popen(
        [sys.executable, "-m", "tensorboard.main", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def get(path: str, body: Any = None, **query: str) -> Any:
        address = f"http://127.0.0.1:{port}/data/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(address, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            content = answer.read()
            return content if answer.headers.get_content_maintype() == "image" else json.loads(content)

    try:
        wait_for(lambda: set(get("runs")) >= {TRAIN, VALIDATION, "tensorboard"}, server)
        yield get
    finally:
        server.terminate()
        server.wait(30)


def wait_for(ready: Callable[[], bool], server: subprocess.Popen) -> None:
    for _ in range(600):
        assert server.poll() is None, "the server ended"
        try:
            if ready():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server never showed the runs")


def test_the_tags_are_statistics_by_layer_and_scalars_by_split(ask, run):
    tags = ask("plugin/scalars/tags")
    statistics = board.numeric(run.layers, but=("step", "layer", "depth", "kind"))
    written = {f"{name}/{layer}" for name in statistics for layer in ("hidden_1", "hidden_2", "logits")}
    train_only = {"loss", "accuracy", "learning_rate", "seconds"}
    assert set(tags[TRAIN]) == written | train_only
    assert set(tags[VALIDATION]) == {"loss", "accuracy", "seconds"}


@pytest.mark.parametrize("tag", ["gradient_norm/hidden_1", "activation_gradient_rms/hidden_2"])
def test_statistics_are_those_of_the_runs_tables(ask, run, tag):
    column, layer = tag.split("/")
    rows = run.layers[(run.layers["layer"] == layer) & run.layers[column].notna()]
    told = np.array(ask("plugin/scalars/scalars", run=TRAIN, tag=tag))
    np.testing.assert_array_equal(told[:, 1], rows["step"])
    np.testing.assert_array_equal(told[:, 2].astype("float32"), rows[column])


@pytest.mark.parametrize("split", ["train", "validation"])
def test_losses_are_those_of_the_runs_tables(ask, run, split):
    rows = run.scalars[run.scalars["split"] == split]
    told = np.array(ask("plugin/scalars/scalars", run=f"tensorboard/{split}", tag="loss"))
    np.testing.assert_array_equal(told[:, 1], rows["step"])
    np.testing.assert_allclose(told[:, 2], rows["loss"], rtol=1e-6)


def test_histograms_hold_the_counts(ask, run):
    tags = ask("plugin/histograms/tags")[TRAIN]
    assert set(tags) == {f"histogram/{name}" for name in ("hidden_1", "hidden_2", "logits")}
    told = ask("plugin/histograms/histograms", run=TRAIN, tag="histogram/hidden_1")
    first = run.layers[(run.layers["layer"] == "hidden_1") & run.layers["histogram"].notna()].iloc[0]
    _, step, rows = told[0]
    assert step == first["step"] and sum(count for *_, count in rows) == pytest.approx(sum(first["histogram"]))


def test_the_heat_map_is_a_picture(ask):
    (told,) = ask("plugin/images/images", run=TRAIN, tag="activation_gradient_rms", sample="0")
    picture = Image.open(io.BytesIO(ask(f"plugin/images/individualImage?{told['query']}")))
    assert picture.width > 600 and picture.height > 200
    assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 10


def test_the_summary_tells_the_checks(ask):
    (told,) = ask("plugin/text/text", run="tensorboard", tag="summary")
    assert "vanishing gradient" in told["text"] and "run finished" in told["text"] and "<table>" in told["text"]


def test_hyperparameters_stand_beside_the_metrics(ask, run):
    statuses = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
    body = {"allowedStatuses": statuses, "sliceSize": 10, "colParams": [], "includeMetrics": True}
    (group,) = ask("plugin/hparams/session_groups", body)["sessionGroups"]
    assert group["hparams"] == {"learning_rate": 0.05, "nested.width": 8.0, "words": "['a', 'b']", "seed": 3.0}
    values = {(one["name"]["group"], one["name"]["tag"]): one["value"] for one in group["metricValues"]}
    last = run.scalars[run.scalars["split"] == "validation"].iloc[-1]
    assert values["validation", "accuracy"] == pytest.approx(last["accuracy"])
    assert set(values) == {(split, name) for split in ("train", "validation") for name in ("loss", "accuracy")}


def test_events_are_there_while_training_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.0)
    sizes = []

    def look(*_: Any) -> None:
        sizes.append(sum(file.stat().st_size for file in tmp_path.glob("live/tensorboard/train/*")))

    train(tmp_path / "live", tensorboard=True, progress=look)
    assert 100 < sizes[1] < sizes[2] < sizes[3]


def test_training_and_record_do_not_depend_on_it(run, tmp_path):
    bare = train(tmp_path / "bare")
    pd.testing.assert_frame_equal(run.layers, bare.layers, check_exact=True)
    pd.testing.assert_series_equal(run.scalars["loss"], bare.scalars["loss"], check_exact=True)


def test_a_folder_that_takes_no_more_events_does_no_harm(tmp_path, monkeypatch):
    def full(self: BoardWriter, frame: pd.DataFrame) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(BoardWriter, "layers", full)
    with pytest.warns(UserWarning, match="No space left"):
        run = train(tmp_path / "mine", tensorboard=True)
    assert run.status == "finished" and len(run.layers)


def test_the_edges_of_the_bins_are_the_probes():
    for name, edges in EDGES.items():
        assert getattr(probes, name)().edges == edges == edges_of([], name)
    seen = [repr(probes.GradientHistogram(edges=(0.1, 1.0))), repr(probes.Histogram(edges=(0.5, 2.0)))]
    assert edges_of(seen) == (0.5, 2.0) and edges_of(seen, "GradientHistogram") == (0.1, 1.0)
    table = bins(np.array([1, 2, 3, 4, 5, 9]), (0.5, 2.0))
    assert table[1:4].tolist() == [[-2.0, -0.5, 2.0], [-0.5, 0.5, 3.0], [0.5, 2.0, 4.0]]
    assert table[:, 2].sum() == 15  # all but the NaN
    with pytest.raises(UsageError, match="do not match these bins"):
        bins(np.zeros(7), (0.5, 2.0))


def test_a_stored_run_is_exported_like_a_live_one(run, tmp_path, capsys):
    assert export.main([str(run.path), "--tensorboard", "--out", str(tmp_path / "board")]) == 0
    assert "tensorboard --logdir" in capsys.readouterr().out
    live, stored = (values_in(folder) for folder in (run.path / "tensorboard", tmp_path / "board" / "mine"))
    assert live == stored and len(live) > 30


def values_in(folder: Path) -> dict[tuple[str, str, int], float]:
    """All scalars of the training's event files, read by TensorFlow."""
    files = [str(file) for file in sorted((folder / "train").iterdir())]
    events = [event for file in files for event in tf.compat.v1.train.summary_iterator(file)]
    found = {("train", value.tag, event.step): value.tensor for event in events for value in event.summary.value}
    return {key: float(tf.make_ndarray(tensor)) for key, tensor in found.items() if not tensor.tensor_shape.dim}


def test_a_scenario_is_written_live_too(tmp_path):
    words = ["vanishing_gradient", "--quick", "--seeds", "1", "--epochs", "1", "--arms", "tanh-0.01", "--tensorboard"]
    assert main([*words, "--out", str(tmp_path / "all")]) == 0
    (live,) = (tmp_path / "all").glob("arms/*/seed-0/tensorboard")
    assert export.main([str(tmp_path / "all"), "--tensorboard", "--out", str(tmp_path / "board")]) == 0
    assert values_in(live) == values_in(tmp_path / "board" / "tanh-0.01" / "seed-0")


def test_csv_holds_the_tables(run, tmp_path):
    assert export.main([str(run.path), "--csv", "--out", str(tmp_path / "tables")]) == 0
    table = pd.read_csv(tmp_path / "tables" / "layers.csv")
    np.testing.assert_allclose(table["gradient_norm"], run.layers["gradient_norm"], rtol=1e-6)
    assert json.loads(table["histogram"][0]) == list(run.layers["histogram"].iloc[0])
    assert len(pd.read_csv(tmp_path / "tables" / "scalars.csv")) == len(run.scalars)


@pytest.mark.parametrize("wrong", [["--csv"], ["--csv", "--out", "taken"]])
def test_wrong_use_is_one_message(run, tmp_path, monkeypatch, capsys, wrong):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").touch()
    folder = "nowhere" if len(wrong) == 1 else str(run.path)
    assert export.main([folder, *wrong]) == 2
    assert capsys.readouterr().err.count("do this:") == 1


def test_without_tensorboard_the_error_says_what_to_install(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert export.main([str(run.path), "--tensorboard", "--out", str(tmp_path / "board")]) == 2
    said = capsys.readouterr().err
    assert "TensorBoard is not installed" in said and "pip install tensorboard" in said
    with pytest.raises(UsageError, match="not installed"):
        train(tmp_path / "mine", tensorboard=True)
    assert not (tmp_path / "mine").exists()


def test_the_stored_run_reads_as_before(run):
    assert load_run(run.path).status == "finished"


def test_the_callback_writes_what_its_run_holds(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu", name="hidden"), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    callback = diagnostics.ProbeCallback(tmp_path / "mine", [probes.GradientNorm(every=1)], tensorboard=True)
    model.fit(dataset(), validation_data=dataset(32), epochs=2, verbose=0, callbacks=[callback])
    run = diagnostics.load_run(tmp_path / "mine")
    train, validation = (EventAccumulator(str(run.path / split)).Reload() for split in (TRAIN, VALIDATION))

    def values(events: Any, tag: str) -> list[float]:
        return [float(tf.make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]

    norms = run.layers.loc[run.layers["layer"] == "hidden", "gradient_norm"]
    np.testing.assert_allclose(values(train, "gradient_norm/hidden"), norms, rtol=1e-6)
    validated = run.scalars[run.scalars["split"] == "validation"]
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(values(validation, name), validated[name], rtol=1e-6)
