"""An identity that sees the gradient pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

LOSS_LOOKS_THROUGH = frozenset({"Softmax", "Sigmoid"})
"""Operations behind which a Keras loss finds the logits by itself, to use a stabler formula."""


def tap(tensor: tf.Tensor, see: Callable[[tf.Tensor], None]) -> tf.Tensor:
    """The same tensor; ``see`` is called with dL/d(tensor) when a tape runs backwards through it.

    TensorFlow's graph optimizer removes the identity, so the compiled step is the one that would have run without it.

    Args:
        tensor: any floating tensor.
        see: called at trace time (each step when eager) with the gradient, of the same shape.

    Returns:
        A tensor with the same values, mask and remembered logits.
    """

    @tf.custom_gradient
    def identity(value):
        def gradient(upstream):
            see(tf.convert_to_tensor(upstream))
            return upstream

        return value, gradient

    return carry_keras_attributes(tensor, identity(tensor))


def carry_keras_attributes(source: Any, target: Any) -> Any:
    """Hang on ``target`` what Keras hung on ``source``: masks, and the logits that stand behind a softmax."""
    for name, value in getattr(source, "__dict__", {}).items():
        if name.startswith("_keras"):
            setattr(target, name, value)
    return target


def seen_through(tensor: tf.Tensor) -> bool:
    """Whether a Keras loss given this tensor would look at the operation that made it, which a tap would hide."""
    if tf.is_symbolic_tensor(tensor) and not hasattr(tensor, "_keras_logits"):
        return tensor.op.type in LOSS_LOOKS_THROUGH
    return False
