"""An identity that sees the gradient pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import record

LOSS_LOOKS_THROUGH = frozenset({"Softmax", "Sigmoid"})
"""Operations behind which a Keras loss finds the logits by itself, to use a stabler formula."""


_TAP = "_probes_tap"


@dataclass(frozen=True)
class Tap:
    """What hangs on a tensor that an identity returned: whose output it is, what stands behind, and who looks."""

    layer: Any
    source: tf.Tensor
    views: dict[Any, Callable[[tf.Tensor], None]]


def tap(tensor: tf.Tensor, layer: Any, viewer: Any, see: Callable[[tf.Tensor], None]) -> tf.Tensor:
    """The same tensor; ``see`` is called with dL/d(tensor) when a tape runs backwards through it.

    TensorFlow's graph optimizer removes the identity, so the compiled step is the one that would have run without it.
    Two viewers of one call share an identity, so that each still recognises the tensor that it returned.

    Args:
        tensor: any floating tensor.
        layer: whose output it is.
        viewer: who looks: one viewer gets a new identity for each call.
        see: called at trace time (each step when eager) with the gradient, of the same shape.

    Returns:
        A tensor with the same values, mask and remembered logits.
    """
    shared = getattr(tensor, _TAP, None)
    if shared is not None and shared.layer is layer and viewer not in shared.views:
        shared.views[viewer] = see
        return tensor
    made = Tap(layer, source(tensor), {viewer: see})

    def backward(upstream: tf.Tensor) -> list[tf.Tensor]:
        for view in made.views.values():
            view(tf.convert_to_tensor(upstream))
        return [upstream]

    # What tf.custom_gradient does, without its five operations for each of ours, which take time to trace.
    with record.stop_recording():
        identity = tf.raw_ops.Identity(input=tensor)
    record.record_operation("Tap", [identity], [tensor], backward)
    tapped = carry_keras_attributes(tensor, identity)
    setattr(tapped, _TAP, made)
    return tapped


def source(tensor: Any) -> Any:
    """The tensor behind one identity or several."""
    return getattr(tensor, _TAP).source if hasattr(tensor, _TAP) else tensor


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
