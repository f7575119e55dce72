"""Programs whose outcome is not a prediction for a label: pairs, contrasts, codes, and samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.neighbors import KNeighborsClassifier

import diagnostics
from tests.benchmarks.judgement.data import Data, digits
from tests.benchmarks.judgement.outcome import Outcome, outcome_of

PAIRS = 2400


def pairs(data: Data, same_image: bool) -> tuple[list[np.ndarray], np.ndarray]:
    """Pairs of images and whether they show the same digit; ``same_image``: some pairs hold one image twice."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, len(data.x), PAIRS)
    alike = [rng.choice(np.flatnonzero(data.y == data.y[one])) for one in first]
    second = np.where(rng.random(PAIRS) < 0.5, alike, rng.integers(0, len(data.x), PAIRS))
    if same_image:
        second[:40] = first[:40]
    return [data.x[first], data.x[second]], (data.y[first] == data.y[second]).astype(np.float32)


def fit_pairs(distance: Callable[[Any], Any], directory: Path, *, same_image: bool = False) -> Outcome:
    """A siamese net trained by the contrastive loss of Hadsell et al. 2006; the outcome is that of its distances."""

    def contrastive(same: Any, apart: Any) -> Any:
        same = tf.cast(same, apart.dtype)
        return tf.reduce_mean(same * apart**2 + (1 - same) * tf.nn.relu(1.0 - apart) ** 2)

    tower = keras.Sequential([keras.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(8)])
    one, two = keras.Input((64,)), keras.Input((64,))
    model = keras.Model([one, two], layers.Lambda(distance)([tower(one), tower(two)]))
    model.compile(keras.optimizers.Adam(3e-3), contrastive)
    x, y = pairs(digits(), same_image)
    cut = 2 * PAIRS // 3
    x_train, x_test = [part[:cut] for part in x], [part[cut:] for part in x]
    model.fit(x_train, y[:cut], epochs=10, verbose=0, callbacks=[diagnostics.ProbeCallback(directory)])  # pyright: ignore
    return outcome_of("binary", y[cut:].astype(int), 1.0 - model.predict(x_test, verbose=0))  # pyright: ignore


def by_neighbours(encode: Callable[[np.ndarray], np.ndarray], data: Data) -> Outcome:
    """How well the nearest neighbours among codes tell the class."""
    near = KNeighborsClassifier(5).fit(encode(data.x), data.y)
    return outcome_of("classes", data.truth, near.predict(encode(data.x_test)))


class SimClr(keras.Model):
    """Contrast of two noisy views of the same images (Chen et al. 2020)."""

    def __init__(self, encoder: keras.Model, temperature: float = 0.2) -> None:
        super().__init__()
        self.encoder, self.head, self.temperature = encoder, layers.Dense(16), temperature

    def call(self, x: Any) -> Any:
        return keras.ops.normalize(self.head(self.encoder(x)))

    def train_step(self, data: Any) -> dict[str, Any]:
        with tf.GradientTape() as tape:
            views = [self(data + tf.random.normal(tf.shape(data), stddev=0.15), training=True) for _ in range(2)]
            scores = tf.matmul(views[0], views[1], transpose_b=True) / self.temperature
            places = tf.range(tf.shape(scores)[0])
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(places, scores))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


class Vae(keras.Model):
    """A variational autoencoder (Kingma and Welling 2013) with a code of a few normal variables."""

    def __init__(self, inputs: int, code: int = 6) -> None:
        super().__init__()
        self.hidden, self.moments = layers.Dense(48, activation="relu"), layers.Dense(2 * code)
        self.back, self.out = layers.Dense(48, activation="relu"), layers.Dense(inputs, activation="sigmoid")

    def call(self, x: Any, training: bool = False) -> Any:
        mean, log_variance = keras.ops.split(self.moments(self.hidden(x)), 2, axis=-1)
        self.add_loss(0.02 * keras.ops.mean(mean**2 + keras.ops.exp(log_variance) - 1 - log_variance))
        noise = keras.random.normal(keras.ops.shape(mean)) if training else 0.0
        return self.out(self.back(mean + noise * keras.ops.exp(0.5 * log_variance)))


class Gan(keras.Model):
    """A generator of points in the plane against a discriminator (Goodfellow et al. 2014)."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = keras.Sequential(
            [keras.Input((4,)), layers.Dense(32, "relu"), layers.Dense(32, "relu"), layers.Dense(2)]
        )
        self.discriminator = keras.Sequential(
            [keras.Input((2,)), layers.Dense(32, "leaky_relu"), layers.Dense(32, "leaky_relu"), layers.Dense(1)]
        )
        self.other = keras.optimizers.Adam(2e-3, beta_1=0.5)

    def call(self, noise: Any) -> Any:
        return self.discriminator(self.generator(noise))

    def train_step(self, data: Any) -> dict[str, Any]:
        count = tf.shape(data)[0]
        with tf.GradientTape(persistent=True) as tape:
            fake = self.discriminator(self.generator(tf.random.normal((count, 4))))
            real = self.discriminator(data)
            loss_real, loss_fake = _logistic(real, 1.0), _logistic(fake, 0.0)
            generator_loss, loss = _logistic(fake, 1.0), loss_real + loss_fake
        weights = self.discriminator.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        weights = self.generator.trainable_variables
        self.other.apply(tape.gradient(generator_loss, weights), weights)
        return {"loss": loss, "generator_loss": generator_loss}


def _logistic(score: Any, label: float) -> Any:
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(label * tf.ones_like(score), score))


def like_the_data(samples: np.ndarray, data: np.ndarray) -> Outcome:
    """How near samples are to data: 1 − energy distance / that of the data's mean repeated."""

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.linalg.norm(a[:, None] - b[None], axis=-1).mean())

    def energy(a: np.ndarray) -> float:
        return 2 * apart(a, data) - apart(a, a) - apart(data, data)

    constant = energy(np.repeat(data.mean(axis=0, keepdims=True), len(samples), axis=0))
    found = energy(samples)
    return Outcome(max(-1.0, 1 - found / constant), f"energy distance: {found:.4g}, of the mean {constant:.4g}")
