"""Functions that are 0 over a whole range of inputs: records their outputs, and recognises layers that use them."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import tensorflow as tf


@dataclass(frozen=True)
class Rectified:
    """What a rectifying function returned."""

    function: str
    activation: tf.Tensor


def declared(layer: keras.Layer) -> str | None:
    """``"relu"`` for a Keras ``ReLU`` layer without a negative slope: with a maximum or threshold it takes several operations."""
    rectifies = isinstance(layer, keras.layers.ReLU) and not layer.negative_slope
    return "relu" if rectifies else None


def composes(layer: keras.Layer) -> bool:
    """Whether the layer's ``call`` is the user's code: in models, and in layers defined outside Keras."""
    return isinstance(layer, keras.Model) or not type(layer).__module__.startswith("keras.")
