"""One small model of each common kind, with a batch; the source of ``docs/models.md``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from probes.capture.capture import HANDED_ON, INNER_LOOP, MODEL_ITSELF, NO_FLOATS
from probes.capture.layers import NOT_CALLED

BATCH = 6


@dataclass(frozen=True)
class Kind:
    """A kind of model or of setting.

    Attributes:
        make: the model.
        x: a batch for it, in any structure.
        unseen: the layers whose activations are not captured, by path, with the reason.
        optimizer: makes the optimizer.
        options: of the ``tf.function`` around the step.
        penalty: whether the loss holds the norm of its own gradient with respect to the input: a tape inside the tape.
    """

    make: Callable[[], Any]
    x: Any
    unseen: Mapping[str, str] = field(default_factory=dict)
    optimizer: Callable[[], Any] = lambda: keras.optimizers.SGD(0.1, momentum=0.9)
    options: Mapping[str, Any] = field(default_factory=dict)
    penalty: bool = False


def normal(*shape: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(len(shape)).normal(size=(BATCH, *shape)), tf.float32)


def tokens(length: int, padded: bool = False) -> tf.Tensor:
    drawn = np.random.default_rng(0).integers(1, 7, (BATCH, length))
    drawn[:, length // 2 :] *= not padded
    return tf.constant(drawn, tf.int32)


def stack(shape: tuple[int, ...], *inside: Any, dtype: str | None = None) -> Callable[[], Any]:
    """A Sequential with a head, whose layers are created anew at each call."""
    return lambda: keras.Sequential([keras.Input(shape, dtype=dtype), *(make() for make in inside), layers.Dense(2)])


def mlp(**options: Any) -> Any:
    hidden = [layers.Dense(8, activation="relu", **options) for _ in range(3)]
    return keras.Sequential([keras.Input((5,)), *hidden, layers.Dense(2, **options)])


def several_inputs_and_outputs() -> Any:
    left, right = keras.Input((5,), name="left"), keras.Input((3,), name="right")
    joined = layers.Concatenate()([layers.Dense(4, activation="relu")(left), layers.Dense(4)(right)])
    return keras.Model({"left": left, "right": right}, {"one": layers.Dense(2)(joined), "two": layers.Dense(1)(joined)})


def shared_and_residual() -> Any:
    start, block = keras.Input((5,)), layers.Dense(5, activation="relu")
    once = layers.Add()([start, block(start)])
    return keras.Model(start, layers.Dense(2)(layers.Add()([once, block(once)])))


class Subclassed(keras.Model):
    """Layers in a list, in a dictionary and created late; functions as activations; a weight that belongs to the model itself."""

    def __init__(self) -> None:
        super().__init__(name="subclassed")
        self.blocks = [layers.Dense(5) for _ in range(2)]
        self.heads = {"labels": layers.Dense(2)}
        self.late = None
        self.scale = self.add_weight(shape=(5,), initializer="ones", name="scale")

    def call(self, x):
        if self.late is None:
            self.late = layers.Dense(5)
        for block in self.blocks:
            x = tf.nn.relu(block(x)) * self.scale
        return self.heads["labels"](keras.ops.gelu(self.late(x)))


def nested() -> Any:
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(4, activation="tanh")], name="inner")
    outer = keras.Sequential([keras.Input((5,)), inner, layers.Dense(4)], name="outer")
    return keras.Sequential([keras.Input((5,)), outer, layers.Dense(2)])


class NotConnected(keras.Model):
    """A layer that is not called, and one whose output is thrown away."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.aside, self.idle = layers.Dense(2), layers.Dense(3, name="aside"), layers.Dense(2, name="idle")
        self.idle.build((None, 5))

    def call(self, x):
        self.aside(x)
        return self.used(x)


def frozen() -> Any:
    model = mlp()
    model.layers[0].trainable = False
    return model


def attention() -> Any:
    start = keras.Input((4, 8))
    attended = layers.MultiHeadAttention(2, 4, dropout=0.1, name="mha")(start, start, use_causal_mask=True)
    return keras.Model(start, layers.Dense(2)(layers.LayerNormalization()(layers.Add()([start, attended]))))


def cells() -> Any:
    return layers.RNN(layers.StackedRNNCells([layers.GRUCell(3, name="g"), layers.LSTMCell(3, name="h")], name="cells"),
                      name="rnn")  # fmt: skip


def image(*inside: Callable[[], Any], channels_first: bool = False) -> Callable[[], Any]:
    return stack((4, 8, 8) if channels_first else (8, 8, 4), *inside, layers.Flatten)


IMAGE, SERIES, VOLUME = normal(8, 8, 4), normal(6, 4), normal(4, 4, 4, 2)
FIRST = {"data_format": "channels_first"}
DENSE, CELL = normal(5), dict.fromkeys(["rnn/lstm_cell"], INNER_LOOP)
BIDIRECTIONAL = dict.fromkeys(["rnn/forward_one/gru_cell", "rnn/backward_one/gru_cell"], INNER_LOOP)
STACKED = dict.fromkeys(["rnn/cells", "rnn/cells/g", "rnn/cells/h"], INNER_LOOP)

MODELS: dict[str, Kind] = {
    "Sequential, Dense": Kind(mlp, DENSE),
    "Functional, several inputs and outputs": Kind(several_inputs_and_outputs, {"left": DENSE, "right": normal(3)}),
    "Functional, shared layer, residual": Kind(shared_and_residual, DENSE),
    "subclassed": Kind(Subclassed, DENSE, {"subclassed": MODEL_ITSELF}),
    "nested models": Kind(nested, DENSE, dict.fromkeys(["outer", "outer/inner"], HANDED_ON)),
    "built at the first call": Kind(lambda: keras.Sequential([layers.Dense(4), layers.Dense(2)]), DENSE),
    "Conv1D": Kind(stack((6, 4), lambda: layers.Conv1D(4, 3), layers.GlobalAveragePooling1D), SERIES),
    "Conv2D, pooling": Kind(image(lambda: layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D,
                                  lambda: layers.AveragePooling2D(2)), IMAGE),
    "Conv3D": Kind(stack((4, 4, 4, 2), lambda: layers.Conv3D(3, 2), layers.MaxPooling3D, layers.Flatten), VOLUME),
    "DepthwiseConv2D": Kind(image(lambda: layers.DepthwiseConv2D(3)), IMAGE),
    "SeparableConv2D": Kind(image(lambda: layers.SeparableConv2D(4, 3)), IMAGE),
    "Conv2DTranspose": Kind(image(lambda: layers.Conv2DTranspose(3, 3, strides=2), layers.UpSampling2D), IMAGE),
    "channels_first": Kind(image(lambda: layers.Conv2D(4, 3, **FIRST), lambda: layers.BatchNormalization(axis=1),
                                 lambda: layers.MaxPooling2D(**FIRST), channels_first=True), normal(4, 8, 8)),
    "Embedding": Kind(stack((4,), lambda: layers.Embedding(7, 3), layers.Flatten, dtype="int32"), tokens(4)),
    "masks": Kind(stack((4,), lambda: layers.Embedding(7, 3, mask_zero=True), lambda: layers.LSTM(3, name="rnn"),
                        dtype="int32"), tokens(4, padded=True), CELL),
    "LSTM": Kind(stack((6, 4), lambda: layers.LSTM(3, name="rnn")), SERIES, CELL),
    "GRU, unrolled": Kind(stack((6, 4), lambda: layers.GRU(3, name="rnn", unroll=True)), SERIES,
                          {"rnn/gru_cell": INNER_LOOP}),
    "Bidirectional": Kind(stack((6, 4), lambda: layers.Bidirectional(layers.GRU(3, name="one"), name="rnn")), SERIES,
                          BIDIRECTIONAL),
    "TimeDistributed": Kind(stack((6, 4), lambda: layers.TimeDistributed(layers.Dense(3, name="d"), name="each")),
                            SERIES, {"each/d": NOT_CALLED}),
    "RNN over cells": Kind(stack((6, 4), cells), SERIES, STACKED),
    "MultiHeadAttention": Kind(attention, normal(4, 8), {"mha": HANDED_ON}),
    "BatchNormalization": Kind(stack((5,), lambda: layers.Dense(4), layers.BatchNormalization, layers.ReLU), DENSE),
    "LayerNormalization": Kind(stack((5,), lambda: layers.Dense(4), layers.LayerNormalization), DENSE),
    "GroupNormalization": Kind(image(lambda: layers.GroupNormalization(2)), IMAGE),
    "Dropout and its kin": Kind(stack((5,), lambda: layers.Dropout(0.5), lambda: layers.AlphaDropout(0.2),
                                      lambda: layers.GaussianNoise(0.1)), DENSE),
    "a layer that returns integers": Kind(stack((5,), lambda: layers.Discretization([0.0], name="bins"),
                                                lambda: layers.Embedding(2, 3), layers.Flatten), DENSE,
                                          {"bins": NO_FLOATS}),
    "frozen layers": Kind(frozen, DENSE),
    "layers that are not connected": Kind(NotConnected, DENSE, {"idle": NOT_CALLED}),
}  # fmt: skip


def scaled() -> Any:
    """A loss scale that is doubled after each step until a step overflows and is skipped; the first step does not overflow."""
    adam = keras.optimizers.Adam(0.01)
    return keras.optimizers.LossScaleOptimizer(adam, initial_scale=2.0**16, dynamic_growth_steps=1)


def adam(**options: Any) -> Callable[[], Any]:
    return lambda: keras.optimizers.Adam(0.01, **options)


SETTINGS: dict[str, Kind] = {
    "mixed_float16, loss scaling": Kind(lambda: mlp(dtype="mixed_float16"), DENSE, optimizer=scaled),
    "mixed_bfloat16": Kind(lambda: mlp(dtype="mixed_bfloat16"), DENSE),
    "bfloat16 throughout": Kind(lambda: mlp(dtype="bfloat16"), DENSE),
    "Adam, clipnorm": Kind(mlp, DENSE, optimizer=adam(clipnorm=0.1)),
    "Adam, global_clipnorm": Kind(mlp, DENSE, optimizer=adam(global_clipnorm=0.1)),
    "Adam, clipvalue": Kind(mlp, DENSE, optimizer=adam(clipvalue=0.01)),
    "Adam, weight_decay": Kind(mlp, DENSE, optimizer=adam(weight_decay=0.1)),
    "Adam, use_ema": Kind(mlp, DENSE, optimizer=adam(use_ema=True, ema_overwrite_frequency=3)),
    "gradient penalty (a tape in a tape)": Kind(mlp, DENSE, optimizer=adam(), penalty=True),
    "gradient penalty, convolutions, dropout": Kind(
        image(lambda: layers.Conv2D(4, 3), layers.LeakyReLU, lambda: layers.Dropout(0.3)), IMAGE, penalty=True
    ),
    "Adam, gradient_accumulation_steps": Kind(mlp, DENSE, optimizer=adam(gradient_accumulation_steps=2)),
}
