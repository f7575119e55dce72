"""Small trainings that end in a value that is not finite, each for a different and known cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

ROWS, COLUMNS, BATCH = 24, 4, 6
BAD_ROW = 14
"""The example that is to blame; in the third batch, as its third."""


class Own(keras.layers.Layer):
    """A layer that applies a function."""

    def __init__(self, function: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(**options)
        self._function = function

    def call(self, x: Any) -> Any:
        """Apply it."""
        return self._function(x)


@dataclass(frozen=True)
class BlowUp:
    """One training.

    Attributes:
        name: the cause.
        phase: where the first value that is not finite is made.
        place: part of the place that has to be named.
        operation: TensorFlow's name of the operation.
        layers: makes the layers before the last.
        x: makes the inputs.
        loss: the loss.
        optimizer: makes the optimizer.
        example: the example in its batch that has to be named; ``None`` if it is all of them.
    """

    name: str
    phase: str
    place: str
    operation: str
    layers: Callable[[], list[Any]]
    x: Callable[[], np.ndarray]
    loss: Any = "mse"
    optimizer: Callable[[], Any] = lambda: keras.optimizers.SGD(0.01)
    example: int | None = BAD_ROW % BATCH

    def program(self) -> tuple[keras.Model, Any, Any]:
        """Model, optimizer and loss, the same each time."""
        keras.utils.set_random_seed(5)
        x = self.x()
        layers = [keras.Input(x.shape[1:], dtype=x.dtype.name), *self.layers(), keras.layers.Dense(1, name="last")]
        return keras.Sequential(layers, name="net"), self.optimizer(), self.loss

    def compiled(self) -> keras.Model:
        """The model, compiled for ``fit``."""
        model, optimizer, loss = self.program()
        model.compile(optimizer, loss, auto_scale_loss=False, jit_compile=False)
        return model

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets."""
        return self.x(), np.linspace(0, 1, ROWS, dtype=np.float32).reshape(ROWS, 1)


def ordinary() -> np.ndarray:
    """Inputs between 0.5 and 1.5."""
    return np.random.default_rng(0).uniform(0.5, 1.5, (ROWS, COLUMNS)).astype(np.float32)


def with_row(value: float) -> Callable[[], np.ndarray]:
    """The same with one example that holds one value only."""

    def make() -> np.ndarray:
        x = ordinary()
        x[BAD_ROW] = value
        return x

    return make


def indices() -> np.ndarray:
    """Indices below 10, but for one."""
    x = np.random.default_rng(0).integers(0, 10, (ROWS, COLUMNS)).astype(np.int32)
    x[BAD_ROW, 1] = 12
    return x


def naive_softmax(x: Any) -> Any:
    """Overflows where a softmax that subtracts the maximum does not."""
    powers = tf.exp(x)
    return powers / tf.reduce_sum(powers, axis=-1, keepdims=True)


def normalised(x: Any) -> Any:
    """Divides by a standard deviation without anything added to it."""
    centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
    return centred / tf.sqrt(tf.reduce_mean(centred * centred, axis=-1, keepdims=True))


def own(function: Callable[[Any], Any], name: str = "culprit") -> Callable[[], list[Any]]:
    """A single layer that applies a function."""
    return lambda: [Own(function, name=name)]


def after_sum(function: Callable[[Any], Any]) -> Callable[[], list[Any]]:
    """The same after a layer with weights, which passes 0 on, so that a gradient comes through."""
    first = {"kernel_initializer": "ones", "use_bias": False, "name": "sum"}
    return lambda: [keras.layers.Dense(COLUMNS, **first), Own(function, name="culprit")]


def dense(**options: Any) -> Callable[[], list[Any]]:
    """A dense layer before the last."""
    return lambda: [keras.layers.Dense(8, name="culprit", **options)]


def scaled() -> Any:
    """A loss scale that no half-precision gradient survives."""
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=1e30)


def log_loss(y: Any, predicted: Any) -> Any:
    """A cross-entropy without protection from zero."""
    return -tf.reduce_mean(y * tf.math.log(tf.nn.relu(predicted - 1e6)))


BLOW_UPS = (
    BlowUp("log of 0", "forward", "culprit", "Log", own(tf.math.log), with_row(0.0)),
    BlowUp("division by 0", "forward", "culprit", "RealDiv", own(lambda x: 1.0 / (x - 7.0)), with_row(7.0)),
    BlowUp("overflow in a softmax", "forward", "culprit", "Exp", own(naive_softmax), with_row(1000.0)),
    BlowUp(
        "overflow of float16", "forward", "culprit", "MatMul", dense(dtype="float16", use_bias=False), with_row(6e4)
    ),
    BlowUp(
        "a rate that explodes",
        "forward",
        "loss",
        "Square",
        dense(),
        ordinary,
        optimizer=lambda: keras.optimizers.SGD(1e9),
        example=None,
    ),
    BlowUp("a bad batch", "input", "batch", "part 0", dense(), with_row(float("nan"))),
    BlowUp("sqrt at 0, in the gradient only", "backward", "culprit", "Sqrt", after_sum(tf.sqrt), with_row(0.0)),
    BlowUp("normalisation of a constant", "forward", "culprit", "RealDiv", own(normalised), with_row(3.0)),
    BlowUp(
        "a loss scale",
        "backward",
        "last",
        "Cast",
        dense(dtype="mixed_float16"),
        ordinary,
        optimizer=scaled,
        example=None,
    ),
    BlowUp("a layer of the user's", "forward", "culprit", "Pow", own(lambda x: tf.pow(x, 0.5)), with_row(-2.0)),
    BlowUp(
        "a branch not taken, in the gradient only",
        "backward",
        "culprit",
        "Log",
        after_sum(lambda x: tf.where(x > 0, tf.math.log(x), 0.0)),
        with_row(0.0),
    ),
    BlowUp(
        "an embedding out of range",
        "forward",
        "culprit",
        "Gather",
        lambda: [keras.layers.Embedding(10, 3, name="culprit"), keras.layers.Flatten()],
        indices,
    ),
    BlowUp("a loss without protection", "forward", "loss", "Log", dense(), ordinary, loss=log_loss, example=None),
    BlowUp("arc cosine beyond 1", "forward", "culprit", "Acos", own(tf.acos), with_row(1.5)),
)
