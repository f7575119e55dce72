"""The models whose training step is timed: small and wide dense stacks, a convolutional net, a transformer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import layers

CLASSES = 10


@dataclass(frozen=True)
class Case:
    """A model and its batch.

    Attributes:
        build: makes the model.
        shape: one example's shape.
        batch: examples in a step.
        tokens: size of the vocabulary when the input is integers, 0 otherwise.
    """

    build: Callable[[], keras.Model]
    shape: tuple[int, ...]
    batch: int
    tokens: int = 0

    def data(self) -> tuple[tf.Tensor, tf.Tensor]:
        """One batch, made up: what it holds does not matter for the time."""
        random, shape = np.random.default_rng(0), (self.batch, *self.shape)
        x = random.integers(0, self.tokens, shape) if self.tokens else random.normal(size=shape).astype(np.float32)
        return tf.constant(x), tf.constant(random.integers(0, CLASSES, self.batch))


def mlp(depth: int, width: int, inputs: int = 64) -> keras.Model:
    hidden = [layers.Dense(width, activation="relu", kernel_initializer="he_normal") for _ in range(depth)]
    return keras.Sequential([keras.Input((inputs,)), *hidden, layers.Dense(CLASSES)])


def resnet() -> keras.Model:
    """Three stages of two residual blocks on 32 × 32 images, as in the ResNets for CIFAR-10."""
    image = keras.Input((32, 32, 3))
    x = _convolved(image, 16, 1)
    for filters in (16, 32, 64):
        for block in range(2):
            stride = 2 if filters > 16 and block == 0 else 1
            shortcut = x if stride == 1 else layers.Conv2D(filters, 1, strides=2, use_bias=False)(x)
            y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(_convolved(x, filters, stride))
            x = layers.ReLU()(layers.add([layers.BatchNormalization()(y), shortcut]))
    return keras.Model(image, layers.Dense(CLASSES)(layers.GlobalAveragePooling2D()(x)))


def _convolved(x, filters: int, stride: int):
    x = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def transformer(blocks: int = 4, width: int = 128, sequence: int = 64, tokens: int = 1000) -> keras.Model:
    token = keras.Input((sequence,), dtype="int32")
    x = layers.Embedding(tokens, width)(token)
    for _ in range(blocks):
        y = layers.LayerNormalization()(x)
        x = layers.add([x, layers.MultiHeadAttention(4, width // 4)(y, y)])
        y = layers.Dense(4 * width, activation="gelu")(layers.LayerNormalization()(x))
        x = layers.add([x, layers.Dense(width)(y)])
    return keras.Model(token, layers.Dense(CLASSES)(layers.GlobalAveragePooling1D()(x)))


CASES = {
    "mlp-20x100-b32": Case(lambda: mlp(20, 100), (64,), 32),
    "mlp-20x100-b256": Case(lambda: mlp(20, 100), (64,), 256),
    "mlp-4x1024-b256": Case(lambda: mlp(4, 1024), (64,), 256),
    "resnet-32x32-b32": Case(resnet, (32, 32, 3), 32),
    "transformer-b16": Case(transformer, (64,), 16, tokens=1000),
}
