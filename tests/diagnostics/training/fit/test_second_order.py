"""A WGAN with a gradient penalty, one tape inside another, trains to the same bits with and without probes."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import probes
from diagnostics import ProbeCallback, load_run
from diagnostics.training.watch.process import WatchedProcess
from tests.kit.training import graph_optimizer

NOISE, WIDTH, BATCH = 3, 4, 8
X = np.random.default_rng(0).normal(size=(4 * BATCH, WIDTH)).astype(np.float32)


class Wasserstein(keras.Model):
    """Critic and generator with an optimizer each; as in Keras' own example, the critic is trained more often."""

    def __init__(self) -> None:
        super().__init__()
        inner = [layers.Dense(8, "relu", name="c1"), layers.Dropout(0.2, name="c2"), layers.Dense(1, name="c3")]
        self.critic = keras.Sequential([keras.Input((WIDTH,)), *inner], name="critic")
        inner = [layers.Dense(8, name="g1"), layers.LeakyReLU(name="g2"), layers.Dense(WIDTH, name="g3")]
        self.generator = keras.Sequential([keras.Input((NOISE,)), *inner], name="generator")
        self.seeds = keras.random.SeedGenerator(1)
        self.critic_optimizer, self.generator_optimizer = keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01)

    def penalty(self, real, fake):
        mixed = real + keras.random.uniform((BATCH, 1), seed=self.seeds) * (fake - real)
        with tf.GradientTape() as inner:
            inner.watch(mixed)
            score = self.critic(mixed, training=True)
        norms = tf.sqrt(tf.reduce_sum(tf.square(inner.gradient(score, mixed)), axis=1) + 1e-12)  # no NaN at 0
        return tf.reduce_mean((norms - 1.0) ** 2)

    def train_step(self, data):
        for _ in range(2):
            noise = keras.random.normal((BATCH, NOISE), seed=self.seeds)
            with tf.GradientTape() as tape:
                fake = self.generator(noise, training=True)
                scores = self.critic(fake, training=True), self.critic(data, training=True)
                loss = tf.reduce_mean(scores[0]) - tf.reduce_mean(scores[1]) + 10.0 * self.penalty(data, fake)
            gradients = tape.gradient(loss, self.critic.trainable_variables)
            self.critic_optimizer.apply(gradients, self.critic.trainable_variables)
        noise = keras.random.normal((BATCH, NOISE), seed=self.seeds)
        with tf.GradientTape() as tape:
            generator_loss = -tf.reduce_mean(self.critic(self.generator(noise, training=True), training=True))
        gradients = tape.gradient(generator_loss, self.generator.trainable_variables)
        self.generator_optimizer.apply(gradients, self.generator.trainable_variables)
        return {"critic": loss, "generator": generator_loss}


def model() -> Wasserstein:
    keras.utils.set_random_seed(3)
    return Wasserstein()


def state(net: Wasserstein) -> list[np.ndarray]:
    held = [*net.variables, *net.critic_optimizer.variables, *net.generator_optimizer.variables]
    return [each.numpy() for each in held]


def by_fit(callbacks) -> list[np.ndarray]:
    net = model()
    net.compile()
    net.fit(X, batch_size=BATCH, epochs=3, shuffle=False, verbose=0, callbacks=callbacks)
    return state(net)


def by_loop() -> list[np.ndarray]:
    net = model()
    step = tf.function(net.train_step)
    for _ in range(3):
        for batch in tf.data.Dataset.from_tensor_slices(X).batch(BATCH):
            step(batch)
    return state(net)


def assert_same(one, other):
    assert len(one) == len(other)
    for first, second in zip(one, other, strict=True):
        assert np.isfinite(first).all()
        np.testing.assert_array_equal(first, second)


def test_a_fit_is_bit_equal_and_measured(tmp_path):
    with graph_optimizer(on=False):
        bare = by_fit([])
        assert_same(by_fit([ProbeCallback(tmp_path / "run", probes.default(every=1), verbose=0)]), bare)
    table = load_run(tmp_path / "run").layers
    norms = table.groupby("layer", observed=True)["gradient_norm"].min()
    assert {"critic/c1", "critic/c3", "generator/g1", "generator/g3"} <= set(norms.dropna().index)
    assert (norms.dropna() > 0).all()


def test_a_watched_loop_is_bit_equal(tmp_path):
    with graph_optimizer(on=False):
        bare = by_loop()
        watched = WatchedProcess(lambda: tmp_path / f"run-{len(watched.directories)}", "test")
        with watched.installed():
            assert_same(by_loop(), bare)
        watched.end("finished")
    assert watched.directories
