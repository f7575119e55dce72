"""Functions that are 0 over a whole range of inputs, and where they are seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework import op_callbacks

FUNCTIONS = {"Relu": "relu", "Relu6": "relu6"}
"""TensorFlow's operations, to which all ways of calling the functions lead, and the functions' names."""


@dataclass(frozen=True)
class Rectified:
    """What a rectifying function returned."""

    function: str
    activation: tf.Tensor


@contextmanager
def seeing(tell: Callable[[str, tf.Tensor], None]) -> Iterator[None]:
    """Tell of every rectifying function that runs, or is traced, on this thread inside the ``with`` block.

    TensorFlow itself tells of its operations, whatever name they were called by: ``tf.nn.relu``, kept by the user under
    another name or not, ``keras.ops.relu``, ``keras.activations.relu``. Nothing is replaced, and no result changed.
    """

    def callback(op_type: str, inputs: Any, attrs: Any, outputs: Any, *_: Any, **__: Any) -> None:
        if op_type in FUNCTIONS:
            tell(FUNCTIONS[op_type], outputs[0])

    op_callbacks.add_op_callback(callback)
    try:
        yield
    finally:
        op_callbacks.remove_op_callback(callback)


def declared(layer: keras.Layer) -> str | None:
    """The function of a ReLU layer that is made of several operations: with another maximum, or a threshold."""
    rectifies = isinstance(layer, keras.layers.ReLU) and not layer.negative_slope
    return "relu" if rectifies else None


def composes(layer: keras.Layer) -> bool:
    """Whether functions inside the layer's ``call`` are the user's; what a layer of Keras uses inside is its own affair."""
    return isinstance(layer, keras.Model) or not type(layer).__module__.startswith("keras.")
