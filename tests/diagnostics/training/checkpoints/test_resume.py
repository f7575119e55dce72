"""Trainings that end before their time and are resumed are bit-equal to one that was not; what cannot be repeated is refused."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import probes
from diagnostics import ProbeCallback, Trainer, load_run
from diagnostics.training import recorder
from diagnostics.training.checkpoints.store import Checkpoints
from probes.errors import UsageError

EXAMPLES, BATCH, STEPS = 40, 8, 5
DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(size=(EXAMPLES, 6)).astype(np.float32), DRAW.integers(0, 3, EXAMPLES)
MEASURED = [probes.GradientNorm(every=1), probes.DeadUnits(every=2, window=6)]


class Stop(keras.callbacks.Callback):
    """Raises after some steps."""

    def __init__(self, after: int | None) -> None:
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch, logs=None):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("enough")


class Told(keras.callbacks.Callback):
    """Notes what it is told of each epoch."""

    def __init__(self):
        super().__init__()
        self.losses = []

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append((logs or {})["loss"])


def model() -> keras.Model:
    keras.utils.set_random_seed(3)
    inner = [keras.layers.Dense(8, "relu", name="a"), keras.layers.BatchNormalization(name="b")]
    inner += [keras.layers.Dropout(0.3, name="c"), keras.layers.Dense(3, "softmax", name="d")]
    return keras.Sequential([keras.Input((6,)), *inner])


def by_trainer(folder, after=None, x=X, y=Y, epochs=3, told=None, **options):
    net = model()
    options = {"metrics": ["accuracy"], "seed": 5, "steps_per_call": 2, "checkpoint_every": 3} | options
    trainer = Trainer(net, "adam", "sparse_categorical_crossentropy", probes=MEASURED, directory=folder, **options)
    callbacks = [*([told] if told else []), Stop(after)]
    common = {"epochs": epochs, "batch_size": BATCH, "progress": False, "callbacks": callbacks}
    trainer.fit(x, y, validation_data=(X, Y), resume=True, **common)
    return [each.numpy() for each in (*net.variables, *trainer.optimizer.variables)]


def by_fit(folder, after=None, x=X, y=Y, epochs=3, told=None, **options):
    net = model()
    net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    callback = ProbeCallback(folder, MEASURED, checkpoint_every=3, resume=True, verbose=0, **options)
    callbacks = [callback, *([told] if told else []), Stop(after)]
    size = {} if y is None else {"batch_size": BATCH}
    net.fit(x, y, validation_data=(X, Y), epochs=epochs, verbose=0, callbacks=callbacks, **size)
    return [each.numpy() for each in (*net.variables, *net.optimizer.variables)]


def shuffled() -> tf.data.Dataset:
    tf.random.set_seed(3)  # the order depends on the global seed, too, which another training may have set by now
    return tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(EXAMPLES, seed=7).batch(BATCH)


def of_unknown_length() -> tf.data.Dataset:
    return shuffled().filter(lambda x, y: True)


INPUTS = {"arrays": lambda: {"x": X, "y": Y}, "dataset": lambda: {"x": shuffled(), "y": None}}
INPUTS["unknown length"] = lambda: {"x": of_unknown_length(), "y": None}


def assert_same_tables(one, other):
    for table in ("layers", "units", "scalars"):
        frames = [getattr(load_run(run), table).drop(columns="seconds", errors="ignore") for run in (one, other)]
        pd.testing.assert_frame_equal(*frames, check_exact=True)


@pytest.mark.parametrize(
    ("train", "given"),
    [(by_trainer, "unknown length"), (by_fit, "arrays")],  # the others are killed by ``tests.kit.killed``
)
def test_a_training_that_is_resumed_twice_is_bit_equal_to_one_that_was_not(train, given, tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.0)  # rows behind the checkpoint come to disk, and have to go
    whole = train(tmp_path / "whole", told=(told := Told()), **INPUTS[given]())
    for after in (4, 5):
        with pytest.raises(RuntimeError, match="enough"):
            train(tmp_path / "run", after, **INPUTS[given]())
    assert load_run(tmp_path / "run").status == "failed" or train is by_fit
    resumed = train(tmp_path / "run", told=(told_again := Told()), **INPUTS[given]())
    for one, other in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(one, other)
    assert_same_tables(tmp_path / "whole", tmp_path / "run")
    run = load_run(tmp_path / "run")
    assert run.status == "finished" and len(run.metadata["resumed"]) == 2
    assert told_again.losses == told.losses


def test_a_finished_run_goes_on_with_more_epochs(tmp_path):
    train = by_trainer
    whole = train(tmp_path / "whole", epochs=3)
    train(tmp_path / "run", epochs=2)
    longer = train(tmp_path / "run", epochs=3)
    for one, other in zip(whole, longer, strict=True):
        np.testing.assert_array_equal(one, other)
    assert_same_tables(tmp_path / "whole", tmp_path / "run")


def test_the_last_two_checkpoints_are_kept_and_a_damaged_one_is_passed_over(tmp_path):
    whole = by_trainer(tmp_path / "whole")
    with pytest.raises(RuntimeError):
        by_trainer(tmp_path / "run", after=6)
    places = sorted((tmp_path / "run" / "checkpoints").iterdir())
    assert [place.name for place in places] == ["step-00000006.npz", "step-00000009.npz"]
    content = bytearray(places[1].read_bytes())
    content[len(content) // 3] ^= 4
    places[1].write_bytes(content)
    with pytest.warns(UserWarning, match="its checksum does not match"):
        resumed = by_trainer(tmp_path / "run")
    for one, other in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(one, other)
    assert_same_tables(tmp_path / "whole", tmp_path / "run")


def test_every_flipped_bit_of_a_checkpoint_is_noticed(tmp_path):
    Checkpoints(tmp_path).save(3, {"some/name": np.arange(6.0), "text": np.array("words")})
    path = tmp_path / "checkpoints" / "step-00000003.npz"
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.warns(UserWarning, match="checksum"):
            assert Checkpoints(tmp_path).newest() is None


def test_a_disk_that_refuses_checkpoints_does_not_stop_training(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no space left")

    monkeypatch.setattr(Checkpoints, "save", refuse)
    with pytest.warns(UserWarning, match="no checkpoint of step 3; training goes on"):
        by_trainer(tmp_path / "run")
    assert load_run(tmp_path / "run").status == "finished"


def free_order() -> tf.data.Dataset:
    options = tf.data.Options()
    options.deterministic = False
    return shuffled().with_options(options)


UNREPEATABLE = {
    "a stage Shuffle without a seed": lambda: tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(8).batch(BATCH),
    "a stage ParallelMap with deterministic=False": lambda: shuffled().map(
        lambda x, y: (x, y), num_parallel_calls=2, deterministic=False
    ),
    "a stage Map that draws random numbers without a seed": lambda: (
        tf.data.Dataset.from_tensor_slices((X, Y)).batch(BATCH).map(lambda x, y: (x + tf.random.normal([6]), y))
    ),
    "options that do not keep to an order": free_order,
}


@pytest.mark.usefixtures("without_determinism")
@pytest.mark.parametrize("reason", UNREPEATABLE)
def test_data_that_cannot_be_repeated_is_refused_before_the_first_step(reason, tmp_path):
    net = model()
    tf.random.set_seed(None)
    trainer = Trainer(net, "adam", "mse", directory=tmp_path / "run", checkpoint_every=3)
    with pytest.raises(UsageError, match=reason):
        trainer.fit(UNREPEATABLE[reason]())
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_resumed_says_so(tmp_path):
    refused = pytest.raises(UsageError, match="there is nothing to resume from")
    with refused:
        Trainer(model(), "adam", "mse", directory=tmp_path / "run").fit(X, Y, resume=True)
    with refused:
        model_of_one = model()
        model_of_one.compile("adam", "sparse_categorical_crossentropy")
        model_of_one.fit(X, Y, verbose=0, callbacks=[ProbeCallback(tmp_path / "fit", resume=True)])
    with pytest.raises(UsageError, match="checkpoints need a folder"):
        Trainer(model(), "adam", "mse", checkpoint_every=3)
    with pytest.raises(UsageError, match="invalid checkpoint_every"):
        Trainer(model(), "adam", "mse", directory=tmp_path / "run", checkpoint_every=0)


def test_other_settings_and_other_data_are_refused(tmp_path):
    with pytest.raises(RuntimeError):
        by_trainer(tmp_path / "run", after=6)
    with pytest.raises(UsageError, match="cannot be resumed with other settings"):
        by_trainer(tmp_path / "run", seed=6)
    with pytest.warns(UserWarning, match="step 9 has a loss of .*does not repeat"):
        by_trainer(tmp_path / "run", x=X[::-1], y=Y)
    with pytest.raises(UsageError, match="its batches do not repeat"):
        by_trainer(tmp_path / "run", x=X[:16], y=Y[:16])


def test_a_fit_on_other_data_warns(tmp_path):
    with pytest.raises(RuntimeError):
        by_fit(tmp_path / "run", after=5)
    with pytest.warns(UserWarning, match="step 3 has a loss of .*does not repeat"):
        by_fit(tmp_path / "run", x=X[::-1], y=Y)


class Noisy(keras.layers.Layer):
    def call(self, inputs):
        return inputs + tf.random.normal(tf.shape(inputs))


def test_random_operations_that_no_state_reaches_are_named(tmp_path):
    net = keras.Sequential([keras.Input((6,)), Noisy(), keras.layers.Dense(1)])
    with pytest.warns(UserWarning, match="RandomStandardNormal keep their state"):
        Trainer(net, "sgd", "mse", directory=tmp_path / "run", checkpoint_every=3, seed=1).fit(X, X[:, :1])


def test_trainings_survive_kills_at_random_steps(tmp_path):
    command = [sys.executable, "-m", "tests.kit.killed", str(tmp_path / "trainings"), "--kills", "5", "--each", "5"]
    ended = subprocess.run(
        [*command, "--only", "fit", "arrays", "--steps-only"], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "5 kills, 1 trainings, 0 that differ" in ended.stdout
