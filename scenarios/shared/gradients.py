"""Gradients outside of a training step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf


def gradients(tape: tf.GradientTape, loss: object, variables: Sequence[keras.Variable]) -> list[tf.Tensor]:
    """The gradient of a loss with respect to Keras' variables.

    Args:
        tape: that recorded the loss.
        loss: a scalar.
        variables: those of which the gradient is wanted; all must be connected to the loss.
    """
    # TensorFlow's annotations know its own variables only; Keras' hold one in ``value``.
    return list(cast(Any, tape).gradient(loss, [variable.value for variable in variables]))


def changed_by_forward(model: keras.Model, x: tf.Tensor) -> float:
    """How many parameters a training-mode pass changes by at least one bit.

    Args:
        model: with weights in float32.
        x: inputs, ``[examples, features]``.

    Returns:
        A number of single values, 0 or more.
    """
    before = [np.array(weight) for weight in model.weights]
    model(x, training=True)
    return float(
        sum(
            (old.view(np.uint32) != np.array(new).view(np.uint32)).sum()
            for old, new in zip(before, model.weights, strict=True)
        )
    )
