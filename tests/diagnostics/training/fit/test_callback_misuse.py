"""Wrong use of ``ProbeCallback`` raises an error before the first step; a failing disk does not stop training."""

from __future__ import annotations

import re
import shutil

import keras
import numpy as np
import pytest

import probes
from diagnostics import ProbeCallback, load_run
from diagnostics.runs import part_file
from diagnostics.training import recorder
from diagnostics.training.fit.train_function import ObservedFunction
from probes.capture.capture import Capture
from probes.errors import UsageError
from tests.diagnostics.training.fit.test_callback import X, Y, compiled, fit, left_behind, stack


def test_an_occupied_folder_is_refused_before_the_first_step(tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    model = compiled({})
    before = left_behind(model)
    with pytest.raises(UsageError, match="never overwritten"):
        fit(model, [ProbeCallback(tmp_path)])
    for one, other in zip(left_behind(model), before, strict=False):
        np.testing.assert_array_equal(one, other)
    assert not isinstance(model.train_function, ObservedFunction)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_model_without_an_optimizer_is_refused(tmp_path):
    model = stack()
    with pytest.raises(ValueError, match="compile"):
        fit(model, [ProbeCallback(tmp_path / "run")])
    model.compile(optimizer=None, loss="sparse_categorical_crossentropy")
    with pytest.raises(UsageError, match="no optimizer"):
        fit(model, [ProbeCallback(tmp_path / "run")])
    assert not (tmp_path / "run").exists()


def test_a_misspelt_layer_is_refused_before_a_folder_is_made(tmp_path):
    with pytest.raises(UsageError, match="hiden"):
        fit(compiled({}), [ProbeCallback(tmp_path / "run", [probes.GradientNorm(layers="hiden")])])
    assert not (tmp_path / "run").exists()


class Vanish(keras.callbacks.Callback):
    """Removes the folder during training."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            shutil.rmtree(self.folder)
            self.folder.write_text("a file where the folder was")


def test_training_goes_on_when_the_folder_is_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.0)
    bare, watched = compiled({}), compiled({})
    expected = fit(bare, epochs=3).history
    with pytest.warns(UserWarning, match="cannot be written at step 4; training goes on") as told:
        history = fit(watched, [ProbeCallback(tmp_path / "run"), Vanish(tmp_path / "run")], epochs=3).history
    assert history["loss"] == pytest.approx(expected["loss"], rel=1e-6) and len(history["loss"]) == 3
    assert len([each for each in told if "training goes on" in str(each.message)]) == 1


def test_a_disk_that_refuses_at_the_end_leaves_what_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.0)
    callback = ProbeCallback(tmp_path / "run", [probes.GradientNorm(every=1)])

    class Full(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                monkeypatch.setattr("diagnostics.runs.part_file.seal.seal", refuse)

    def refuse(*args, **options):
        raise OSError(28, "No space left on device")

    with pytest.warns(UserWarning, match="No space left"):
        fit(compiled({}), [callback, Full()])
    run = load_run(tmp_path / "run")
    (gap,) = run.metadata["gaps"]
    assert run.status == "finished" and (gap["first"], gap["until"]) == (4, 10)
    assert "could not be written" in gap["reason"]
    assert sorted(set(run.layers["step"])) == sorted(set(run.scalars["step"])) == [0, 1, 2, 3]


def test_a_passing_fault_of_the_disk_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.0)
    seal, refused = part_file.seal.seal, []

    def sometimes(file):
        if len(refused) < 5:
            refused.append(file)
            raise OSError(28, "No space left on device")
        seal(file)

    monkeypatch.setattr(part_file.seal, "seal", sometimes)
    with pytest.warns(UserWarning, match="writing is tried again"):
        fit(compiled({}), [ProbeCallback(tmp_path / "run", [probes.GradientNorm(every=1)])])
    run = load_run(tmp_path / "run")
    assert len(refused) == 5 and run.status == "finished" and "gaps" not in run.metadata
    assert sorted(set(run.layers["step"])) == sorted(set(run.scalars["step"])) == list(range(10))
    assert len(run.layer_table)


def test_one_reading_that_fails_is_a_gap_and_the_record_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.0)
    read, failed = probes.Monitor.read, []

    def once(monitor):
        reading = read(monitor)
        if len(reading.layers) and not failed:
            failed.extend(reading.layers["step"])
            raise RuntimeError("a summarize that fails")
        return reading

    monkeypatch.setattr(probes.Monitor, "read", once)
    with pytest.warns(UserWarning, match="a summarize that fails"):
        fit(compiled({}), [ProbeCallback(tmp_path / "run", [probes.GradientNorm(every=1)])])
    run = load_run(tmp_path / "run")
    (gap,) = run.metadata["gaps"]
    assert set(range(gap["first"], gap["until"])) >= set(failed) and gap["reason"] == "a summarize that fails"
    assert sorted(set(run.layers["step"])) == sorted(set(range(10)) - set(failed))


def test_a_fault_of_the_probes_does_not_stop_training(tmp_path, monkeypatch):
    def broken(*args, **options):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(probes.Monitor, "record", broken)
    with pytest.warns(UserWarning, match="training goes on unobserved: .*a fault of ours"):
        history = fit(compiled({}), [ProbeCallback(tmp_path / "run")]).history
    assert len(history["loss"]) == 2
    run = load_run(tmp_path / "run")
    assert run.status == "finished" and "a fault of ours" in run.metadata["unobserved"]
    assert run.scalars["step"].tolist() == list(range(10))


def test_manual_steps_inside_fit_are_not_recorded_as_its_steps(tmp_path):
    class ByHand(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.train_on_batch(X[:10], Y[:10])
            assert logs is not None
            logs |= {"note": "text", "nothing": None, "confusion": np.eye(3)}

    model = compiled({})
    fit(model, [ByHand(), ProbeCallback(tmp_path / "run", [probes.GradientNorm(every=1)])])
    run = load_run(tmp_path / "run")
    assert sorted(set(run.layers["step"])) == list(range(10))
    assert not {"note", "confusion"} & set(run.scalars.columns) and run.scalars["accuracy"].notna().all()
    assert int(model.optimizer.iterations) == 12


def test_the_output_of_keras_is_unchanged(tmp_path, capsys):
    printed = []
    for callbacks in ([], [ProbeCallback(tmp_path / "run")]):
        fit(compiled({}), callbacks, verbose=1, epochs=1)
        printed.append(re.sub(r"\d+(ms|s|us)\b(/step)?", "T", capsys.readouterr().out).replace("\x08", ""))
    assert "loss" in printed[0] and _words(printed[0]) == _words(printed[1])


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z_]+:|5/5", text))  # which of the other counts are printed depends on the time


def test_a_fault_of_the_probes_is_reported_and_does_not_change_training(tmp_path, monkeypatch):
    bare = compiled({})
    losses = fit(bare, []).history["loss"]

    def broken(*_):
        raise RuntimeError("out of order")

    monkeypatch.setattr(Capture, "observe", broken)
    model = compiled({})
    with pytest.warns(UserWarning, match=r"(?s)goes on unobserved: a fault of the probes: RuntimeError.*out of order"):
        assert fit(model, [ProbeCallback(tmp_path / "run")]).history["loss"] == losses
    for one, other in zip(model.get_weights(), bare.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    run = load_run(tmp_path / "run")
    assert run.status == "finished" and "out of order" in run.metadata["unobserved"] and len(run.scalars)


def test_a_fault_of_the_model_is_raised_as_it_is(tmp_path):
    class Faulty(keras.layers.Layer):
        def call(self, inputs):
            raise ArithmeticError("of the user's own")

    model = keras.Sequential([keras.layers.Dense(3), Faulty()])
    model.compile("sgd", "mse")
    with pytest.raises(ArithmeticError, match="user's own"):
        model.fit(X, X, verbose=0, callbacks=[ProbeCallback(tmp_path / "run")])  # pyright: ignore[reportArgumentType]
    assert load_run(tmp_path / "run").status == "failed"
