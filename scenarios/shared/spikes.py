"""Ways to kill ReLU units (one outlying batch, one large step, a bias far below zero), and how to find dead ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenarios.data import Data
from scenarios.shared.gradients import gradients

FAR_BELOW = -1000.0
"""A bias from which no input of these networks can revive a unit."""


class Outlier(keras.layers.Layer):
    """Multiply one training batch by a factor; leave all other batches, and inference, unchanged.

    Both settings are variables, so that networks with and without an outlier share one compiled step.
    """

    def build(self, input_shape: object) -> None:
        """Create two settings and a step counter, none of them trained."""
        del input_shape
        self.factor = self.add_weight(name="factor", initializer="ones", trainable=False)
        self.at, self.steps = (self.add_weight(name=n, initializer="zeros", trainable=False) for n in ("at", "steps"))

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The inputs, ``[examples, features]``, multiplied by the factor at one step."""
        if not training:
            return inputs
        now = tf.equal(tf.convert_to_tensor(self.steps), tf.convert_to_tensor(self.at))
        self.steps.assign_add(1.0)
        return inputs * tf.where(now, tf.convert_to_tensor(self.factor), 1.0)


class Spike(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that is constant except for one step.

    Args:
        rate: the rate at all other steps.
        at: the step with the larger rate, counted from 0.
        factor: how many times larger the rate is at that step.
    """

    def __init__(self, rate: float, at: int, factor: float) -> None:
        self.rate, self.at, self.factor = rate, at, factor

    def __call__(self, step: tf.Tensor | int) -> tf.Tensor:
        """The rate at a step."""
        return self.rate * tf.where(tf.equal(tf.cast(step, tf.int64), self.at), self.factor, 1.0)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"rate": self.rate, "at": self.at, "factor": self.factor}


def kill(layers: Sequence[Any], share: float) -> None:
    """Make the first units of every layer dead from the start.

    Args:
        layers: dense ReLU layers from the input on, built; changed in place.
        share: share of each layer's units to kill, below 1.
    """
    for layer in layers:
        killed = np.arange(layer.units) < share * layer.units
        layer.bias.assign(np.where(killed, FAR_BELOW, 0.0))
    for layer in layers[1:]:  # the units left alive pass on as much variance as a whole layer would
        layer.kernel.assign(layer.kernel / np.sqrt(1 - share))


def hidden_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers named ``hidden_1`` …, from the input on."""
    return [layer for layer in model.layers if layer.name.startswith("hidden_")]


def dead_units(model: keras.Model, x: np.ndarray) -> list[np.ndarray]:
    """Which units of each hidden layer are 0 on every example: one boolean array ``[units]`` per layer."""
    outputs = keras.Model(model.inputs[0], [layer.output for layer in hidden_layers(model)])(x, training=False)
    flat = [np.asarray(output) for output in keras.tree.flatten(outputs)]
    return [np.logical_not(output.any(axis=0)) for output in flat]


def gradient_of_dead(model: keras.Model, data: Data, loss: keras.losses.Loss) -> float:
    """The largest gradient, on the training data, of any weight into a dead unit.

    Args:
        model: a trained network.
        data: only its training part is used.
        loss: the loss that was minimised.

    Returns:
        max |dL/dW| over the incoming weights and biases of dead units, ≥ 0; NaN when no unit is dead.
    """
    dead = dead_units(model, data.x_train)
    layers: Sequence[Any] = hidden_layers(model)
    with tf.GradientTape() as tape:
        value = loss(data.y_train, model(data.x_train, training=False))
    flat = gradients(tape, value, [variable for layer in layers for variable in (layer.kernel, layer.bias)])
    pairs = zip(flat[::2], flat[1::2], strict=True)
    entries = [np.abs(np.asarray(part)[..., of]).ravel() for pair, of in zip(pairs, dead, strict=True) for part in pair]
    found = np.concatenate(entries)
    return float(found.max()) if found.size else float("nan")
