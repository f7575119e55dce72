"""Small models, one of each kind, with a batch to train on."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

BATCH = 8


def normal(*shape: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(len(shape)).normal(size=(BATCH, *shape)), tf.float32)


LABELS = tf.constant(np.arange(BATCH) % 3)


def mlp() -> Any:
    return keras.Sequential(
        [keras.Input((5,)), *(layers.Dense(16, activation="relu") for _ in range(4)), layers.Dense(3)]
    )


def softmax() -> Any:
    return keras.Sequential([keras.Input((5,)), layers.Dense(8, "tanh"), layers.Dense(3, activation="softmax")])


def convolution() -> Any:
    block = [layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU()]
    return keras.Sequential([keras.Input((8, 8, 2)), *block, layers.MaxPooling2D(), layers.Flatten(), layers.Dense(3)])


def recurrent() -> Any:
    return keras.Sequential([keras.Input((4, 5)), layers.LSTM(6), layers.Dense(3)])


def transformer() -> Any:
    tokens = keras.Input((6, 8))
    attended = layers.MultiHeadAttention(2, 4, dropout=0.1)(tokens, tokens)
    normed = layers.LayerNormalization()(layers.Add()([tokens, attended]))
    inner = layers.Dense(8)(layers.Dense(16, activation="gelu")(normed))
    mixed = layers.LayerNormalization()(layers.Add()([normed, inner]))
    return keras.Model(tokens, layers.Dense(3)(layers.GlobalAveragePooling1D()(mixed)))


def dropout() -> Any:
    stack = [layers.Dense(16, activation="relu"), layers.Dropout(0.5), layers.Dense(16, activation="selu")]
    return keras.Sequential([keras.Input((5,)), *stack, layers.AlphaDropout(0.2), layers.GaussianNoise(0.1),
                             layers.Dense(3)])  # fmt: skip


def mixed_precision() -> Any:
    half = "mixed_float16"
    stack = [layers.Dense(16, activation="relu", dtype=half) for _ in range(3)]
    return keras.Sequential([keras.Input((5,)), *stack, layers.BatchNormalization(dtype=half), layers.Dense(3)])


class Subclassed(keras.Model):
    """Layers in a list and a dictionary, a function in between, TensorFlow's own random numbers, own weights."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [layers.Dense(8, name=f"block_{i}") for i in range(2)]
        self.heads = {"labels": layers.Dense(3, name="labels")}
        self.scale = self.add_weight(shape=(8,), initializer="ones", name="scale")

    def call(self, x, training=False):
        for block in self.blocks:
            x = tf.nn.relu(block(x)) * self.scale
        if training:
            x = x + tf.random.normal(tf.shape(x), stddev=0.1)
        return self.heads["labels"](x)


def embedding() -> Any:
    return keras.Sequential(
        [keras.Input((4,), dtype="int32"), layers.Embedding(7, 5, mask_zero=True), layers.GRU(4), layers.Dense(3)]
    )


def tokens(length: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).integers(0, 7, (BATCH, length)), tf.int32)


MODELS: dict[str, tuple[Any, tf.Tensor]] = {
    "mlp": (mlp, normal(5)),
    "softmax": (softmax, normal(5)),
    "convolution with batch normalisation": (convolution, normal(8, 8, 2)),
    "lstm": (recurrent, normal(4, 5)),
    "transformer block": (transformer, normal(6, 8)),
    "dropout": (dropout, normal(5)),
    "mixed_float16 with loss scaling": (mixed_precision, normal(5)),
    "subclassed": (Subclassed, normal(5)),
    "embedding": (embedding, tokens(4)),
}
