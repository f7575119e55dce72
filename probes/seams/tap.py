"""An identity that reports the gradient passing through it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from probes.seams.private import module_with

_record: Any = module_with("tensorflow.python.eager.record", "stop_recording", "record_operation")

LOSS_LOOKS_THROUGH = frozenset({"Softmax", "Sigmoid"})
"""Operations whose input a Keras loss looks up as the logits, for a numerically stable formula."""

KERAS_ATTRIBUTES, LOGITS = "_keras", "_keras_logits"
"""Keras attaches masks and logits to tensors under private names with this prefix. In a version without
them there is nothing to copy; its losses recognize the logits by the operation, and so does ``seen_through``."""

_TAP = "_probes_tap"


@dataclass(frozen=True)
class Tap:
    """Attached to the tensor that an identity returned: its layer, the tensor before the identity, and the viewers.

    TensorFlow never forgets some graphs, and a tensor of theirs would keep layers, and with them weights, for ever: layer and
    viewers live only as long as others hold them.
    """

    layer: weakref.ref[keras.Layer]
    source: tf.Tensor
    views: MutableMapping[Any, Callable[[tf.Tensor], None]]


def tap(tensor: tf.Tensor, layer: keras.Layer, viewer: Any, see: Callable[[tf.Tensor], None]) -> tf.Tensor:
    """The same tensor; ``see`` is called with dL/d(tensor) when a tape runs backwards through it.

    TensorFlow's graph optimizer removes the identity, so the compiled step is the one that would have run without it.
    Two viewers of one call share an identity, so that each still recognises the tensor it returned.

    Args:
        tensor: any floating tensor.
        layer: whose output it is.
        viewer: identifies who asks for the gradient; each call by the same viewer makes a new identity.
        see: called at trace time (each step when eager) with the gradient, of the same shape.

    Returns:
        A tensor with the same values, mask and logits.
    """
    shared = getattr(tensor, _TAP, None)
    if shared is not None and shared.layer() is layer and viewer not in shared.views:
        shared.views[viewer] = see
        return tensor
    made = Tap(weakref.ref(layer), source(tensor), weakref.WeakKeyDictionary({viewer: see}))

    def backward(upstream: tf.Tensor) -> list[tf.Tensor]:
        for view in [*made.views.values()]:
            view(tf.convert_to_tensor(upstream))
        return [upstream]

    identity = _identity(tensor, backward)
    tapped = carry_keras_attributes(tensor, identity)
    setattr(tapped, _TAP, made)
    return tapped


def _identity(tensor: tf.Tensor, backward: Callable[[tf.Tensor], list[tf.Tensor]]) -> tf.Tensor:
    if _record is None:
        return tf.custom_gradient(lambda tensor: (tf.identity(tensor), backward))(tensor)
    # The same without the five additional operations of tf.custom_gradient, which take time to trace.
    with _record.stop_recording():
        identity = tf.raw_ops.Identity(input=tensor)
    _record.record_operation("Tap", [identity], [tensor], backward)
    return identity


def source(tensor: tf.Tensor) -> Any:
    """The tensor before the identity, or before several."""
    return getattr(tensor, _TAP).source if hasattr(tensor, _TAP) else tensor


def carry_keras_attributes(source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Copy what Keras attached to ``source`` to ``target``: masks, and the logits before a softmax."""
    for name, value in getattr(source, "__dict__", {}).items():
        if name.startswith(KERAS_ATTRIBUTES):
            setattr(target, name, value)
    return target


def seen_through(tensor: tf.Tensor) -> bool:
    """Whether a Keras loss given this tensor would look at the operation that made it, which a tap would hide."""
    if tf.is_symbolic_tensor(tensor) and not hasattr(tensor, LOGITS):
        return tensor.op.type in LOSS_LOOKS_THROUGH
    return False
