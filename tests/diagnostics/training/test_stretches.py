"""Steps that are not measured run in a loop without probes: the same training, the same record."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers

import probes
from diagnostics.training.trainer import Trainer

STEPS = 90  # more than the first 50, all of which are watched
X = np.random.default_rng(0).normal(size=(STEPS * 4, 5)).astype("float32")


class OwnNoise(layers.Layer):
    """Draws from TensorFlow's own generator, whose state lies in the compiled function."""

    def call(self, x):
        return x + tf.random.normal(tf.shape(x))


def trained(watched, tmp_path, name, *extra, **options):
    keras.utils.set_random_seed(7)
    stack = [
        layers.Dense(4, activation="relu", name="a"),
        layers.Dropout(0.3, name="drop"),
        *extra,
        layers.Dense(1, name="out"),
    ]
    model = keras.Sequential([keras.Input((5,)), *stack])
    trainer = Trainer(model, keras.optimizers.Adam(0.01), "mse", probes=watched, directory=tmp_path / name, **options)
    run = trainer.fit(X, X[:, :1], batch_size=4, shuffle=False, epochs=2, progress=False)
    return trainer, run


@pytest.fixture
def graph_optimizer_off():
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


def test_training_is_that_without_probes_bit_for_bit(tmp_path, graph_optimizer_off):
    bare, without = trained([], tmp_path, "bare")
    watched, measured = trained([probes.GradientNorm(every=7), probes.DeadUnits(every=5)], tmp_path, "watched")
    for mine, other in zip(watched.model.weights, bare.model.weights, strict=True):
        assert mine.numpy().tobytes() == other.numpy().tobytes()
    losses = [run.scalars["loss"].to_numpy() for run in (without, measured)]
    np.testing.assert_array_equal(*losses)
    assert watched.monitor is not None and watched.monitor.steps == 2 * STEPS


def test_record_does_not_depend_on_how_many_steps_a_call_takes(tmp_path):
    watched = [probes.GradientNorm(every=7), probes.ActivationMoments(every=10)]
    runs = [trained(watched, tmp_path, f"{steps}", steps_per_call=steps)[1] for steps in (1, 13, 64)]
    due = sorted({*range(0, 2 * STEPS, 7), *range(0, 2 * STEPS, 10)})
    for run in runs:
        assert sorted(set(run.layers["step"])) == due
        pd.testing.assert_frame_equal(run.layers, runs[0].layers, check_exact=True)


def test_state_of_random_operations_is_not_split(tmp_path):
    """A step with such operations stays in one loop, which draws the numbers that a training without probes draws."""
    losses = []
    for number, watched in enumerate(([], [probes.GradientNorm(every=7)])):
        tf.random.set_seed(3)
        _, run = trained(watched, tmp_path, str(number), OwnNoise())
        losses.append(run.scalars["loss"].to_numpy())
    np.testing.assert_allclose(*losses, rtol=1e-5)
