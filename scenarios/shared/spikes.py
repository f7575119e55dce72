"""What the scenario on dead units does to a training: one outlying batch, one large step; and what it asks afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenarios.data import Data


class Outlier(keras.layers.Layer):
    """Multiplies one training batch by a factor, and leaves all others and inference alone.

    Both numbers are variables, so that networks with and without an outlier share one compiled step.
    """

    def build(self, input_shape: Any) -> None:
        """Two settings and a counter, none of them trained."""
        del input_shape
        self.factor = self.add_weight(name="factor", initializer="ones", trainable=False)
        self.at, self.steps = (self.add_weight(name=n, initializer="zeros", trainable=False) for n in ("at", "steps"))

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """``[examples, features]``, larger at one step."""
        if not training:
            return inputs
        now = tf.equal(tf.convert_to_tensor(self.steps), tf.convert_to_tensor(self.at))
        self.steps.assign_add(1.0)
        return inputs * tf.where(now, tf.convert_to_tensor(self.factor), 1.0)


class Spike(keras.optimizers.schedules.LearningRateSchedule):
    """A constant learning rate but for one step.

    Args:
        rate: at all other steps.
        at: the step, counted from 0.
        factor: how many times larger the rate is there.
    """

    def __init__(self, rate: float, at: int, factor: float) -> None:
        self.rate, self.at, self.factor = rate, at, factor

    def __call__(self, step: Any) -> tf.Tensor:
        """The rate at a step."""
        return self.rate * tf.where(tf.equal(tf.cast(step, tf.int64), self.at), self.factor, 1.0)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"rate": self.rate, "at": self.at, "factor": self.factor}


def hidden_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers named ``hidden_1`` …, from the input on."""
    return [layer for layer in model.layers if layer.name.startswith("hidden_")]


def dead_units(model: keras.Model, x: np.ndarray) -> list[np.ndarray]:
    """Which units of each hidden layer are 0 on every example: one boolean array ``[units]`` a layer."""
    outputs = keras.Model(model.inputs[0], [layer.output for layer in hidden_layers(model)])(x, training=False)
    return [~np.asarray(output).any(axis=0) for output in keras.tree.flatten(outputs)]  # pyright: ignore[reportReturnType]


def gradient_of_dead(model: keras.Model, data: Data, loss: keras.losses.Loss) -> float:
    """The largest entry of the gradient that any weight into a dead unit gets from the training data.

    Args:
        model: a trained network.
        data: for its training part.
        loss: what was trained.

    Returns:
        max |dL/dW| over the incoming weights and biases of dead units, ≥ 0; NaN when no unit is dead.
    """
    dead = dead_units(model, data.x_train)
    layers: Sequence[Any] = hidden_layers(model)
    with tf.GradientTape() as tape:
        value = loss(data.y_train, model(data.x_train, training=False))
    gradients = tape.gradient(value, [[layer.kernel.value, layer.bias.value] for layer in layers])  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue, reportCallIssue]
    entries = [
        np.abs(np.asarray(part)[..., of]).ravel() for pair, of in zip(gradients, dead, strict=True) for part in pair
    ]
    found = np.concatenate(entries)
    return float(found.max()) if found.size else float("nan")
