"""Functions that are 0 over a whole range of inputs, and where they are seen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import op_callbacks

FUNCTIONS = {"Relu": "relu", "Relu6": "relu6"}
"""TensorFlow's operations, to which all ways of calling the functions lead, and the functions' names."""

Tell = Callable[[str, tf.Tensor], None]
"""Takes the function's name and what it returned."""


@dataclass(frozen=True)
class Rectified:
    """What a rectifying function returned."""

    function: str
    activation: tf.Tensor


_thread = threading.local()


@contextmanager
def seeing(tell: Tell) -> Iterator[None]:
    """Tell of every rectifying function that runs, or is traced, on this thread inside the ``with`` block.

    TensorFlow itself tells of its operations, whatever name they were called by: ``tf.nn.relu``, kept by the user under
    another name or not, ``keras.ops.relu``, ``keras.activations.relu``. Nothing is replaced, and no result changed.
    """
    told, passing_on = _told(), _registered()
    told.append(tell)
    passing_on.users += 1
    try:
        yield
    finally:
        told.remove(tell)
        passing_on.users -= 1
        if not passing_on.users:
            op_callbacks.remove_op_callback(passing_on)


class _PassingOn:
    """One for all who are told: TensorFlow would hand what one callback returns, here nothing, to the next as outputs.

    The threads of a ``MirroredStrategy`` share one list of callbacks, and may wait for each other inside the block: the
    last to leave it takes the callback out.
    """

    users = 0

    def __call__(self, op_type: str, inputs: Any, attrs: Any, outputs: Any, *_: Any, **__: Any) -> None:
        if op_type in FUNCTIONS:
            for tell in _told():
                tell(FUNCTIONS[op_type], outputs[0])


def _registered() -> _PassingOn:
    """The callback in this thread's list, which it may share."""
    for each in context.context().op_callbacks:  # pyright: ignore[reportOptionalMemberAccess]
        if isinstance(each, _PassingOn):
            return each
    added = _PassingOn()
    op_callbacks.add_op_callback(added)
    return added


def _told() -> list[Tell]:
    if not hasattr(_thread, "told"):
        _thread.told = []
    return _thread.told


def declared(layer: keras.Layer) -> str | None:
    """The function of a ReLU layer that is made of several operations: with another maximum, or a threshold."""
    rectifies = isinstance(layer, keras.layers.ReLU) and not layer.negative_slope
    return "relu" if rectifies else None


def composes(layer: keras.Layer) -> bool:
    """Whether functions inside the layer's ``call`` are the user's; what a layer of Keras uses inside is its own affair."""
    return isinstance(layer, keras.Model) or not type(layer).__module__.startswith("keras.")
