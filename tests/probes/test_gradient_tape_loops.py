"""Any GradientTape loop: two models with a monitor each, several tapes and optimizers, gradients accumulated by hand."""

from __future__ import annotations

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from tests.kit.steps import rows
from tests.kit.training import graph_optimizer

NOISE = tf.constant(np.random.default_rng(1).normal(size=(8, 3)), tf.float32)
REAL = tf.constant(np.random.default_rng(2).normal(size=(8, 5)), tf.float32)


class Gan:
    """A generator and a discriminator with an optimizer and a monitor each; one step trains both."""

    def __init__(self, watch: bool = True, persistent: bool = False) -> None:
        keras.utils.set_random_seed(4)
        self.generator = keras.Sequential(
            [keras.Input((3,)), layers.Dense(8, "relu", name="g1"), layers.Dense(5, name="g2")]
        )
        self.discriminator = keras.Sequential(
            [keras.Input((5,)), layers.Dense(8, "relu", name="d1"), layers.Dense(1, name="d2")]
        )
        self.parts = (self.generator, self.discriminator)
        self.optimizers = [keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.1)]
        self.monitors = [probes.Monitor(part, probes.default(every=1)) for part in self.parts] if watch else []
        self.step = tf.function(self.persistent if persistent else self.two_tapes)

    def losses(self) -> tuple[tf.Tensor, tf.Tensor]:
        entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        of_made, of_real = (self.discriminator(x, training=True) for x in (self.generator(NOISE, training=True), REAL))
        ones, zeros = tf.ones_like(of_made), tf.zeros_like(of_made)
        return entropy(ones, of_made), entropy(ones, of_real) + entropy(zeros, of_made)

    def two_tapes(self) -> list:
        with tf.GradientTape() as tape, tf.GradientTape() as other, self.captured():
            mine, others = self.losses()
        variables = [part.trainable_variables for part in self.parts]
        return self.apply([tape.gradient(mine, variables[0]), other.gradient(others, variables[1])])

    def persistent(self) -> list:
        with tf.GradientTape(persistent=True) as tape, self.captured():
            losses = self.losses()
        pairs = zip(losses, self.parts, strict=True)
        return self.apply([tape.gradient(loss, part.trainable_variables) for loss, part in pairs])

    def captured(self) -> contextlib.ExitStack:
        stack = contextlib.ExitStack()
        for monitor in self.monitors:
            stack.enter_context(monitor.capture())
        return stack

    def apply(self, gradients: list) -> list:
        for optimizer, part, own in zip(self.optimizers, self.parts, gradients, strict=True):
            optimizer.apply(own, part.trainable_variables)
        for monitor, own in zip(self.monitors, gradients, strict=False):
            monitor.update(own)
        return gradients

    def weights(self) -> list[bytes]:
        return [weight.tobytes() for part in self.parts for weight in part.get_weights()]


def norms(gradients: list) -> list[float]:
    """By layer: kernel and bias together."""
    squares = [float(tf.reduce_sum(tf.square(each))) for each in gradients]
    return [np.sqrt(kernel + bias) for kernel, bias in zip(squares[::2], squares[1::2], strict=True)]


@pytest.mark.parametrize("persistent", [False, True], ids=["a tape for each model", "one persistent tape"])
def test_a_gan_with_two_monitors_is_seen_whole_and_trains_the_same(persistent):
    with graph_optimizer(on=False):
        watched, bare = Gan(persistent=persistent), Gan(watch=False, persistent=persistent)
        for gan in (watched, bare):
            for _ in range(3):
                gradients = gan.step()
    assert watched.weights() == bare.weights()
    for monitor, own in zip(watched.monitors, gradients, strict=True):
        reading = monitor.read()
        assert (
            list(reading.layers["step"].unique()) == [0, 1, 2]
            and not reading.layers.duplicated(["step", "layer"]).any()
        )
        np.testing.assert_allclose(rows(reading, 2)["gradient_norm"], norms(own), rtol=1e-5)


def test_a_layer_called_on_real_and_made_examples_is_one_row_over_both():
    gan = Gan()
    made = gan.generator(NOISE)
    outputs = np.concatenate([gan.discriminator.layers[0](x) for x in (made, REAL)])
    gan.step()
    seen = rows(gan.monitors[1].read()).loc["d1"]
    assert seen.activation_mean == pytest.approx(outputs.mean(), rel=1e-5)
    assert seen.zero_fraction == pytest.approx((outputs == 0).mean(), rel=1e-5)


class TrainedByFit(keras.Model):
    """The same in a ``train_step`` that ``fit`` compiles."""

    def __init__(self, gan: Gan) -> None:
        super().__init__()
        self.gan = gan
        self.generator, self.discriminator = gan.parts

    def train_step(self, data):
        self.gan.two_tapes()
        return {"loss": self.gan.losses()[0]}


def test_monitors_inside_a_train_step_read_what_they_read_in_a_loop():
    by_hand, fitted = Gan(), Gan()
    for gan in (by_hand, fitted):
        for optimizer, part in zip(gan.optimizers, gan.parts, strict=True):
            optimizer.build(part.trainable_variables)
    model = TrainedByFit(fitted)
    model.compile(jit_compile=False)
    model.fit(tf.data.Dataset.range(4), shuffle=False, verbose=0)
    for _ in range(4):
        by_hand.step()
    for one, other in zip(by_hand.monitors, fitted.monitors, strict=True):
        keys, mine, its = ["step", "layer", "depth", "kind"], one.read().layers, other.read().layers
        assert len(mine) and mine[keys].equals(its[keys])
        np.testing.assert_allclose(its.drop(columns=keys), mine.drop(columns=keys), rtol=1e-4, atol=1e-6)
