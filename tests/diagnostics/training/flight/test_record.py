"""The flight recorder beside training: what it writes and what it leaves alone, and the command that replays it."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import diagnostics
from diagnostics import replay
from diagnostics.runs.files import PARTIAL
from diagnostics.runs.flight import FOLDER, records
from diagnostics.training.flight import writing
from diagnostics.training.flight.options import FlightRecorder
from probes.errors import UsageError

X = np.random.default_rng(0).normal(size=(32, 3)).astype(np.float32)
Y = X[:, :1]
BAD = X.copy()
BAD[17, 1] = np.nan


def network() -> keras.Model:
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Dense(4, "relu"), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    return keras.Sequential([keras.Input((3,)), *layers])


def trained(folder, x, **options):
    recorder = FlightRecorder(every=2, **options)
    trainer = diagnostics.Trainer(
        network(), "adam", "mse", probes=(), directory=folder, flight_recorder=recorder, steps_per_call=8
    )
    run = trainer.fit(x, Y, batch_size=8, shuffle=False, epochs=2, progress=False)
    return trainer.model, run


def test_a_healthy_run_writes_nothing_and_keeps_its_weights(tmp_path):
    model, run = trained(tmp_path / "with", X)
    bare = diagnostics.Trainer(network(), "adam", "mse", probes=(), directory=tmp_path / "without", steps_per_call=8)
    bare.fit(X, Y, batch_size=8, shuffle=False, epochs=2, progress=False)
    assert run.status == "finished" and not (tmp_path / "with" / FOLDER).exists()
    for one, other in zip(model.get_weights(), bare.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_skip_leaves_the_bad_batch_out(tmp_path):
    model, run = trained(tmp_path / "run", BAD, on_nonfinite="skip")
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert run.status == "finished" and [place.name for place in records(run.path)] == [
        "step-00000002",
        "step-00000006",
    ]


def test_stop_ends_at_the_fault(tmp_path):
    _, run = trained(tmp_path / "run", BAD, on_nonfinite="stop")
    losses = run.scalars[run.scalars["split"] == "train"]
    assert run.status == "failed" and "step 2" in run.metadata["error"] and losses["step"].max() == 2


def test_the_command_names_the_batch(tmp_path, capsys):
    trained(tmp_path / "run", BAD)
    assert replay.main([str(tmp_path / "run"), "--compare"]) == 0
    said = capsys.readouterr().out
    assert "Step 2" in said and "batch" in said and "equal to the recording" in said
    assert (records(tmp_path / "run")[0] / "replay.html").is_file()


def test_without_a_record_the_command_says_what_to_do(tmp_path, capsys):
    trained(tmp_path / "run", X)
    assert replay.main([str(tmp_path / "run")]) == 2
    assert "flight_recorder=True" in capsys.readouterr().err


def test_an_interrupted_record_leaves_whole_folders_only(tmp_path, monkeypatch):
    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(writing, "write_json", broken)
    with pytest.warns(UserWarning, match="cannot be written"):
        trained(tmp_path / "run", BAD)
    left = [place.name for place in (tmp_path / "run" / FOLDER).iterdir() if not place.name.endswith(PARTIAL)]
    assert not left


@pytest.mark.parametrize("given", [3, "yes"])
def test_something_else_is_refused(given, tmp_path):
    with pytest.raises(UsageError, match="flight recorder"):
        diagnostics.Trainer(network(), "adam", "mse", directory=tmp_path / "run", flight_recorder=given)
    with pytest.raises(UsageError, match="answer"):
        FlightRecorder(on_nonfinite="sikp")
