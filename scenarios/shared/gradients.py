"""Gradients outside of a training step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import keras
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
