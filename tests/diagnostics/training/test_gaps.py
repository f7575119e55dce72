"""Steps that could not be stored are named in ``run.json``, also where no callback of Keras ends the record."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from diagnostics import Trainer, load_run
from diagnostics.training import recorder
from diagnostics.training.watch.process import WatchedProcess

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = X[:, :1]
DATA = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)


def parts():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
    return model, keras.optimizers.SGD(0.1), keras.losses.MeanSquaredError()


def by_trainer(folder):
    Trainer(*parts(), directory=folder).fit(DATA, progress=False)


def by_watched_loop(folder):
    model, optimizer, loss_fn = parts()
    watched = WatchedProcess(lambda: folder, "test")
    with watched.installed():
        for x, y in DATA:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x, training=True))
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    watched.end("finished")


@pytest.mark.parametrize("train", [by_trainer, by_watched_loop])
def test_a_reading_that_fails_is_a_gap(train, tmp_path, monkeypatch):
    def failing(monitor):
        raise RuntimeError("a summarize that fails")

    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 60.0)  # one flush, at the end
    monkeypatch.setattr(probes.Monitor, "read", failing)
    with pytest.warns(UserWarning, match="a summarize that fails"):
        train(tmp_path / "run")
    run = load_run(tmp_path / "run")
    assert run.metadata["gaps"] == [{"first": 0, "until": 5, "reason": "a summarize that fails"}]
    assert run.status == "finished"
