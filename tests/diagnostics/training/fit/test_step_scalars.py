"""The recorded loss and scalars are those that the step computed, step by step, whatever the training step looks like."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from diagnostics import ProbeCallback, load_run

X = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int32")
OPTIONS = {"batch_size": 8, "epochs": 2, "verbose": 0, "shuffle": False}


class Printing(keras.Model):
    """Keeps what its training step computes, on the host, as a script's ``tf.print`` would show it."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seen: dict[str, list[float]] = {}

    def show(self, **values):
        for name, value in values.items():

            def keep(number, name=name):
                self.seen.setdefault(name, []).append(float(number))

            tf.py_function(keep, [value], [])

    def means(self, *names):
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}

    def track(self, **values):
        for name, value in values.items():
            self.trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self.trackers.items()}


def mlp(name, *widths):
    return keras.Sequential(
        [layers.Dense(width, activation="tanh", name=f"d{n}") for n, width in enumerate(widths)], name=name
    )


class AutoEncoder(Printing):
    """A variational autoencoder whose trackers have names of their own, none of which is "loss"."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = mlp("encoder", 5, 4), mlp("decoder", 5, 6)
        self.means("total_loss", "reconstruction", "kl")

    def train_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        with tf.GradientTape() as tape:
            mean, log_variance = tf.split(self.encoder(x), 2, axis=-1)
            z = mean + tf.exp(log_variance / 2) * keras.random.normal(tf.shape(mean), seed=1)
            reconstruction = tf.reduce_mean(tf.reduce_sum((self.decoder(z) - x) ** 2, axis=-1))
            kl = tf.reduce_mean(-0.5 * (1 + log_variance - mean**2 - tf.exp(log_variance)))
            total = reconstruction + kl
        gradients = tape.gradient(total, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        self.show(loss=total, total_loss=total, reconstruction=reconstruction, kl=kl)
        return self.track(total_loss=total, reconstruction=reconstruction, kl=kl)


class Gan(Printing):
    """Two nets with losses and optimizers of their own, and a gradient penalty, which needs a tape inside a tape."""

    def __init__(self):
        super().__init__()
        self.generator, self.discriminator = mlp("generator", 5, 6), mlp("discriminator", 5, 1)
        self.means("d_loss", "g_loss")

    def compile(self, **options):
        super().compile(**options)
        self.d_optimizer, self.g_optimizer = keras.optimizers.SGD(0.05), keras.optimizers.Adam(0.01)

    def train_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        noise = keras.random.normal((tf.shape(x)[0], 3), seed=1)
        with tf.GradientTape() as tape:
            fake = self.generator(noise)
            with tf.GradientTape() as inner:
                inner.watch(fake)
                scores = self.discriminator(fake)
            slope = tf.norm(inner.gradient(scores, [fake])[0], axis=-1)
            d_loss = tf.reduce_mean(scores) - tf.reduce_mean(self.discriminator(x)) + tf.reduce_mean((slope - 1) ** 2)
        gradients = tape.gradient(d_loss, self.discriminator.trainable_weights)
        clipped, _ = tf.clip_by_global_norm(gradients, 1.0)
        self.d_optimizer.apply_gradients(zip(clipped, self.discriminator.trainable_weights, strict=True))
        with tf.GradientTape() as tape:
            g_loss = -tf.reduce_mean(self.discriminator(self.generator(noise)))
        gradients = tape.gradient(g_loss, self.generator.trainable_weights)
        self.g_optimizer.apply_gradients(zip(gradients, self.generator.trainable_weights, strict=True))
        shown = {"loss/discriminator": d_loss, "loss/generator": g_loss, "loss": d_loss + g_loss}
        self.show(d_loss=d_loss, g_loss=g_loss, **shown)
        return self.track(d_loss=d_loss, g_loss=g_loss)


class ActorCritic(Printing):
    """Two nets, one persistent tape, two calls of ``gradient`` for the sum of their losses."""

    def __init__(self):
        super().__init__()
        self.actor, self.critic = mlp("actor", 4, 2), mlp("critic", 4, 1)
        self.means("running_reward")

    def train_step(self, data):
        x, y = data
        with tf.GradientTape(persistent=True) as tape:
            logits, value = self.actor(x), self.critic(x)[:, 0]
            advantage = tf.cast(y, tf.float32) - value
            chosen = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
            loss = tf.reduce_mean(chosen * tf.stop_gradient(advantage)) + tf.reduce_mean(advantage**2)
        own = self.actor.trainable_weights, self.critic.trainable_weights
        gradients = [tape.gradient(loss, each) for each in own]
        self.optimizer.apply_gradients(zip(gradients[0] + gradients[1], own[0] + own[1], strict=True))
        reward = tf.reduce_mean(advantage)
        self.show(loss=loss, running_reward=reward, entropy=tf.reduce_mean(logits))
        return {**self.track(running_reward=reward), "entropy": tf.reduce_mean(logits)}


class Distiller(Printing):
    """A student that learns from a frozen teacher, with compiled metrics beside losses that it returns as they are."""

    def __init__(self):
        super().__init__()
        self.student, self.teacher = mlp("student", 4, 2), mlp("teacher", 8, 2)
        self.teacher.trainable = False

    def call(self, x):
        return self.student(x)

    def train_step(self, data):
        x, y = data
        soft = tf.nn.softmax(self.teacher(x) / 3)
        with tf.GradientTape() as tape:
            logits = self.student(x)
            student_loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
            distillation_loss = tf.reduce_mean(keras.losses.kl_divergence(soft, tf.nn.softmax(logits / 3)))
            total = 0.1 * student_loss + 0.9 * distillation_loss
        gradients = tape.gradient(total, self.student.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.student.trainable_variables, strict=True))
        right = tf.reduce_mean(tf.cast(tf.argmax(logits, 1, tf.int32) == y, tf.float32))
        self.show(loss=total, student_loss=student_loss, accuracy=right)
        return {**self.compute_metrics(x, y, logits), "student_loss": student_loss}


COMPILED = {
    AutoEncoder: {"optimizer": "adam"},
    Gan: {},
    ActorCritic: {"optimizer": "sgd"},
    Distiller: {"optimizer": "adam", "metrics": ["accuracy"]},
}


@pytest.mark.parametrize("kind", COMPILED)
def test_the_recorded_scalars_are_those_of_each_step(kind, tmp_path):
    keras.utils.set_random_seed(2)
    model = kind()
    model.compile(**COMPILED[kind])
    model.fit(X, Y, callbacks=[ProbeCallback(tmp_path / "run", [probes.GradientNorm()])], **OPTIONS)
    scalars = load_run(tmp_path / "run").scalars
    assert scalars["step"].tolist() == list(range(10))
    for name, values in model.seen.items():
        np.testing.assert_allclose(scalars[name], values, rtol=2e-7, err_msg=name)
    assert set(model.seen) < {*scalars.columns, "learning_rate"}


@pytest.mark.parametrize("scale", [None, 1024.0])
def test_steps_of_keras_own_train_step_have_metrics_of_their_own(tmp_path, scale):
    def compiled():
        keras.utils.set_random_seed(3)
        model = keras.Sequential(
            [keras.Input((6,)), layers.Dense(4, "relu"), layers.Dropout(0.2), layers.Dense(2, kernel_regularizer="l2")]
        )
        optimizer = keras.optimizers.SGD(0.01)
        if scale:
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=scale)
        model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        return model

    compiled().fit(X, Y, callbacks=[ProbeCallback(tmp_path / "run")], validation_data=(X, Y), **OPTIONS)
    scalars = load_run(tmp_path / "run").scalars
    train = scalars[scalars["split"] == "train"]
    twin, wanted = compiled(), []
    for _ in range(2):
        for first in range(0, 40, 8):  # the same steps by hand: Keras then returns figures of one batch
            wanted.append(twin.train_on_batch(X[first : first + 8], Y[first : first + 8]))
            twin.reset_metrics()
    np.testing.assert_allclose(train[["loss", "accuracy"]], wanted, rtol=1e-6)
    assert scalars["split"].tolist().count("validation") == 2
