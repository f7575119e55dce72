"""A training step of several updates, such as a GAN's: which gradients and which calls belong to which layer."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from diagnostics import ProbeCallback, load_run

REAL = np.random.default_rng(1).normal(size=(16, 4)).astype(np.float32)
NOISE = tf.constant(np.random.default_rng(2).normal(size=(16, 3)), tf.float32)


class Gan(keras.Model):
    """Two models, two optimizers, two updates in a step; ``together`` makes both tapes before the first update."""

    def __init__(self, together: bool):
        super().__init__()
        self.together = together
        layers = keras.layers
        self.generator = keras.Sequential([keras.Input((3,)), layers.Dense(4, name="make")], name="generator")
        self.discriminator = keras.Sequential(
            [
                keras.Input((4,)),
                layers.Dense(5, name="look"),
                layers.LeakyReLU(name="bend"),
                layers.Dense(1, name="tell"),
            ],
            name="discriminator",
        )
        self.built = True

    def compile(self):
        super().compile()
        self.d_optimizer, self.g_optimizer = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.2)

    def losses_of(self, real):
        d_real, d_fake = self.discriminator(real), self.discriminator(self.generator(NOISE))
        return tf.reduce_mean(tf.nn.softplus(-d_real)) + tf.reduce_mean(tf.nn.softplus(d_fake))

    def fool(self):
        return tf.reduce_mean(tf.nn.softplus(-self.discriminator(self.generator(NOISE))))

    def train_step(self, real):
        d, g = self.discriminator.trainable_variables, self.generator.trainable_variables
        with tf.GradientTape() as d_tape:
            d_loss = self.losses_of(real)
        d_gradients = d_tape.gradient(d_loss, d)
        if not self.together:
            self.d_optimizer.apply(d_gradients, d)
        with tf.GradientTape() as g_tape:
            g_loss = self.fool()
        if self.together:
            self.d_optimizer.apply(d_gradients, d)
        self.g_optimizer.apply_gradients(zip(g_tape.gradient(g_loss, g), g, strict=True))
        return {"d_loss": d_loss, "g_loss": g_loss}


def trained(together: bool, callbacks: list[Any]) -> Any:
    keras.utils.set_random_seed(3)
    model: Any = Gan(together)
    model.compile()
    model.fit(tf.data.Dataset.from_tensors(REAL).repeat(3), verbose=0, shuffle=False, callbacks=callbacks)
    return model


def norm(gradients) -> float:
    return float(tf.linalg.global_norm(gradients))


@pytest.mark.parametrize("together", [False, True])
def test_each_model_is_measured_at_its_own_update(together, tmp_path):
    chosen = [probes.GradientNorm(every=1), probes.ActivationMoments(every=1), probes.UpdateRatio(every=1)]
    model = trained(together, [ProbeCallback(tmp_path / "run", chosen)])
    bare = trained(together, [])
    for one, other in zip(model.variables, bare.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    layers = load_run(tmp_path / "run").layers
    rows = layers[layers["step"] == 0].assign(layer=lambda t: t["layer"].astype(str)).set_index("layer")

    keras.utils.set_random_seed(3)
    twin: Any = Gan(together)
    twin.compile()
    look, tell = (twin.discriminator.get_layer(name) for name in ("look", "tell"))
    make = twin.generator.get_layer("make")
    with tf.GradientTape() as tape:
        loss = twin.losses_of(REAL)
    d = tape.gradient(loss, twin.discriminator.trainable_variables)
    seen = tf.concat([look(REAL), look(twin.generator(NOISE))], 0).numpy()
    if not together:
        twin.d_optimizer.apply(d, twin.discriminator.trainable_variables)
    with tf.GradientTape() as tape:
        loss = twin.fool()
    g = tape.gradient(loss, twin.generator.trainable_variables)
    if together:  # one pass over all, the discriminator's second call included
        seen = np.concatenate([seen, look(twin.generator(NOISE)).numpy()])

    names = {key: f"{holder}/{key}" for holder, key in
             (("discriminator", "look"), ("discriminator", "tell"), ("generator", "make"))}  # fmt: skip
    np.testing.assert_allclose(rows.loc[names["look"], "gradient_norm"], norm(d[:2]), rtol=1e-5)
    np.testing.assert_allclose(rows.loc[names["tell"], "gradient_norm"], norm(d[2:]), rtol=1e-5)
    np.testing.assert_allclose(rows.loc[names["make"], "gradient_norm"], norm(g), rtol=1e-5)
    np.testing.assert_allclose(rows.loc[names["look"], "activation_mean"], seen.mean(), rtol=1e-5)
    np.testing.assert_allclose(rows.loc[names["make"], "activation_mean"], make(NOISE).numpy().mean(), rtol=1e-5)
    weights = norm([variable.value for variable in make.trainable_variables])
    np.testing.assert_allclose(rows.loc[names["make"], "update_ratio"], 0.2 * norm(g) / weights, rtol=1e-4)
    assert tell.built


class Idle(Gan):
    """A step that does not train the model."""

    def train_step(self, real):
        return {"d_loss": self.losses_of(real)}


def test_a_step_without_an_update_says_so_and_trains_on(tmp_path):
    model: Any = Idle(False)
    model.compile()
    with pytest.warns(UserWarning, match="training goes on unobserved: no Keras optimizer"):
        model.fit(
            tf.data.Dataset.from_tensors(REAL).repeat(3),
            verbose=0,
            shuffle=False,
            callbacks=[ProbeCallback(tmp_path / "run")],
        )
    run = load_run(tmp_path / "run")
    assert run.status == "finished" and len(run.layers) == 0 and "unobserved" in run.metadata
