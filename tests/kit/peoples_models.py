"""Common model structures in small, each with a typical training loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from probes.capture.capture import HANDED_ON, INNER_LOOP

BATCH = 6
Loss = Callable[[Any, Any], tf.Tensor]


@dataclass(frozen=True)
class Case:
    """A model, its batch, and what is expected to be missing from its readings.

    Attributes:
        make: makes the model.
        x: a batch, in the structure that the model takes.
        y: targets for it.
        loss: of (y, output), to which the losses that the layers add are added.
        unseen: why a layer's output is not measured, by path.
        frozen: layers whose weights are not trained.
    """

    make: Callable[[], keras.Model]
    x: Any
    y: Any
    loss: Loss
    unseen: Mapping[str, str] = field(default_factory=dict)
    frozen: tuple[str, ...] = ()


def normal(*shape: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(len(shape)).normal(size=(BATCH, *shape)), tf.float32)


def integers(below: int, *shape: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(below).integers(1, below, (BATCH, *shape)))


class Patches(layers.Layer):
    """Cuts images into patches, embeds them, and adds a class token and positions of its own."""

    def __init__(self, size: int, width: int, **options: Any) -> None:
        super().__init__(**options)
        self.size, self.width = size, width
        self.embed = layers.Dense(width, name="embed")

    def build(self, shape: Any) -> None:
        count = (shape[1] // self.size) * (shape[2] // self.size)
        self.token = self.add_weight(shape=(1, 1, self.width), name="token")
        self.positions = self.add_weight(shape=(1, count + 1, self.width), name="positions")
        self.embed.build((None, count, self.size**2 * shape[3]))

    def call(self, images: tf.Tensor) -> tf.Tensor:
        patches = tf.image.extract_patches(
            images, [1, self.size, self.size, 1], [1, self.size, self.size, 1], [1, 1, 1, 1], "VALID"
        )
        flat = tf.reshape(patches, [tf.shape(images)[0], -1, patches.shape[-1]])
        tokens = tf.tile(self.token, [tf.shape(images)[0], 1, 1])
        return tf.concat([tokens, self.embed(flat)], axis=1) + self.positions


def vision_transformer() -> keras.Model:
    images = keras.Input((8, 8, 3))
    x = Patches(4, 8, name="patches")(images)
    normed = layers.LayerNormalization(name="norm_1")(x)
    x = x + layers.MultiHeadAttention(2, 4, dropout=0.1, name="attention")(normed, normed)
    normed = layers.LayerNormalization(name="norm_2")(x)
    inner = layers.Dense(16, activation="gelu", name="widen")(normed)
    x = x + layers.Dropout(0.1, name="drop")(layers.Dense(8, name="narrow")(inner))
    return keras.Model(images, layers.Dense(3, name="head")(layers.LayerNormalization(name="norm")(x)[:, 0]))


class Translator(keras.Model):
    """An encoder and a decoder of LSTMs with attention between them, and teacher forcing."""

    def __init__(self, words: int = 11, width: int = 8) -> None:
        super().__init__(name="translator")
        self.source = layers.Embedding(words, width, mask_zero=True, name="source")
        self.target = layers.Embedding(words, width, mask_zero=True, name="target")
        self.encoder = layers.LSTM(width, return_sequences=True, return_state=True, name="encoder")
        self.decoder = layers.LSTM(width, return_sequences=True, name="decoder")
        self.attention = layers.AdditiveAttention(name="attention")
        self.words = layers.Dense(words, name="words")

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        source, target = inputs
        encoded, *state = self.encoder(self.source(source), training=training)
        decoded = self.decoder(self.target(target), initial_state=state, training=training)
        context = self.attention([decoded, encoded], training=training)
        return self.words(tf.concat([decoded, context], axis=-1))


class Sampling(layers.Layer):
    """Draws the code and adds the divergence from the prior to the loss."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seed = keras.random.SeedGenerator(5)

    def call(self, inputs: Any) -> tf.Tensor:
        mean, log_variance = inputs
        divergence = 0.5 * (tf.square(mean) + tf.exp(log_variance) - 1 - log_variance)
        self.add_loss(tf.reduce_mean(tf.reduce_sum(divergence, axis=-1)))
        return mean + tf.exp(0.5 * log_variance) * keras.random.normal(tf.shape(mean), seed=self.seed)


def variational_autoencoder() -> keras.Model:
    x = keras.Input((12,))
    hidden = layers.Dense(8, activation="relu", name="encoder")(x)
    code = Sampling(name="code")([layers.Dense(2, name="mean")(hidden), layers.Dense(2, name="log_variance")(hidden)])
    return keras.Model(x, layers.Dense(12, name="output")(layers.Dense(8, activation="relu", name="decoder")(code)))


def siamese() -> keras.Model:
    encoder = keras.Sequential(
        [keras.Input((10,)), layers.Dense(8, activation="relu", name="wide"), layers.Dense(4, name="code")],
        name="encoder",
    )
    one, other = keras.Input((10,)), keras.Input((10,))
    apart = layers.Subtract(name="apart")([encoder(one), encoder(other)])
    return keras.Model([one, other], layers.Dense(1, name="same")(layers.Lambda(tf.abs, name="size")(apart)))


def u_net() -> keras.Model:
    def block(x: Any, filters: int, name: str) -> Any:
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
        return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_norm")(x))

    images = keras.Input((16, 16, 2))
    first = block(images, 4, "down_1")
    second = block(layers.MaxPooling2D(name="pool_1")(first), 8, "down_2")
    bottom = block(layers.MaxPooling2D(name="pool_2")(second), 8, "bottom")
    up = layers.Conv2DTranspose(8, 2, 2, name="rise_2")(bottom)
    up = block(layers.Concatenate(name="skip_2")([up, second]), 8, "up_2")
    up = layers.UpSampling2D(name="rise_1")(up)
    up = block(layers.Concatenate(name="skip_1")([up, first]), 4, "up_1")
    return keras.Model(images, layers.Conv2D(2, 1, name="classes")(up))


def frozen_features() -> keras.Model:
    x = keras.Input((8, 8, 3))
    inner = layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    inner = layers.BatchNormalization(name="norm")(inner)
    features = keras.Model(x, layers.GlobalAveragePooling2D(name="pool")(inner), name="features")
    features.trainable = False
    images = keras.Input((8, 8, 3))
    hidden = layers.Dropout(0.2, name="drop")(features(images, training=False))
    return keras.Model(images, layers.Dense(3, name="head")(hidden))


def cross_entropy(y: Any, output: Any) -> tf.Tensor:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, output)


def mean_square(y: Any, output: Any) -> tf.Tensor:
    return tf.reduce_mean(tf.square(y - output))


def contrast(y: Any, output: Any) -> tf.Tensor:
    return keras.losses.BinaryCrossentropy(from_logits=True)(y, output)


CASES = {
    "vision transformer": Case(
        vision_transformer, normal(8, 8, 3), integers(3), cross_entropy, unseen={"attention": HANDED_ON}
    ),
    "sequence to sequence, LSTM, attention": Case(
        Translator,
        (integers(11, 5), integers(11, 4)),
        integers(11, 4),
        cross_entropy,
        unseen={"encoder/lstm_cell": INNER_LOOP, "decoder/lstm_cell": INNER_LOOP},
    ),
    "variational autoencoder": Case(variational_autoencoder, normal(12), normal(12), mean_square),
    "siamese network": Case(
        siamese, (normal(10), normal(10) + 1), integers(2, 1), contrast, unseen={"encoder": HANDED_ON}
    ),
    "U-Net": Case(u_net, normal(16, 16, 2), integers(2, 16, 16), cross_entropy),
    "frozen features, new head": Case(
        frozen_features,
        normal(8, 8, 3),
        integers(3),
        cross_entropy,
        unseen={"features": HANDED_ON},
        frozen=("features/conv", "features/norm"),
    ),
}
