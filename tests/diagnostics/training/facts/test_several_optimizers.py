"""A ``train_step`` that uses optimizers of its own: those that update are recorded, not the one that ``compile`` assumes."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from diagnostics import ProbeCallback, load_run
from diagnostics.pages.trainings import Training

layers = keras.layers
REAL = np.random.default_rng(1).normal(size=(32, 4)).astype(np.float32)


class Gan(keras.Model):
    """One loss before each of two updates, on labels that are made in the step."""

    def __init__(self) -> None:
        super().__init__(name="gan")
        self.generator = keras.Sequential([keras.Input((3,)), layers.Dense(4)], name="generator")
        self.discriminator = keras.Sequential([keras.Input((4,)), layers.Dense(1)], name="discriminator")
        self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)

    def compile(self):
        super().compile()
        decay = keras.optimizers.schedules.InverseTimeDecay(0.1, 1, 1.0)
        self.d_optimizer, self.g_optimizer = keras.optimizers.SGD(decay), keras.optimizers.Adam(0.02)

    def train_step(self, real):
        ones, zeros, noise = tf.ones((8, 1)), tf.zeros((8, 1)), tf.ones((8, 3))
        both, labels = tf.concat([real, self.generator(noise)], 0), tf.concat([ones, zeros], 0)
        for optimizer, part in ((self.d_optimizer, self.discriminator), (self.g_optimizer, self.generator)):
            with tf.GradientTape() as tape:
                fake = self.discriminator(self.generator(noise))
                loss = (
                    self.loss_fn(ones, fake)
                    if part is self.generator
                    else self.loss_fn(labels, self.discriminator(both))
                )
            optimizer.apply(tape.gradient(loss, part.trainable_variables), part.trainable_variables)
        return {"g_loss": loss}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    keras.utils.set_random_seed(1)
    model, folder = Gan(), tmp_path_factory.mktemp("gan") / "run"
    model.compile()
    model.fit(REAL, batch_size=8, verbose=0, shuffle=False, callbacks=[ProbeCallback(folder, verbose=0)])
    return load_run(folder)


def test_each_part_has_its_optimizer(run):
    assert run.training.optimizer is None and run.config["optimizer"] is None
    found = {part: optimizer.class_name for part, optimizer in run.training.optimizers.items()}
    assert found == {"discriminator": "SGD", "generator": "Adam"}
    assert Training(run, "").about == "gan, SGD (discriminator) and Adam (generator), fit 1"


def test_each_rate_is_that_of_its_steps(run):
    assert "learning_rate" not in run.scalars
    np.testing.assert_allclose(
        run.scalars["learning_rate/discriminator"], [0.1 / (1 + step) for step in range(4)], rtol=1e-6
    )
    np.testing.assert_allclose(run.scalars["learning_rate/generator"], 0.02, rtol=1e-6)


def test_labels_that_the_step_makes_are_no_targets(run):
    assert run.data.targets == () and run.data.inputs[0].name
    assert run.layers["model"].unique().tolist() == ["generator", "discriminator"]
