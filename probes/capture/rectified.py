"""Functions that are 0 over a whole range of inputs: what one of them returned, and which layers have or call them."""

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
    """The function of a ReLU layer that is made of several operations: with another maximum, or a threshold."""
    rectifies = isinstance(layer, keras.layers.ReLU) and not layer.negative_slope
    return "relu" if rectifies else None


def composes(layer: keras.Layer) -> bool:
    """Whether the user chose the functions inside the layer's ``call``: not in Keras' own layers, except models."""
    return isinstance(layer, keras.Model) or not type(layer).__module__.startswith("keras.")
