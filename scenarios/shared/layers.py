"""Layers whose random numbers depend on the replicate and the layer's name alone.

Arms of one replicate then start from the same weights, layer by layer where shapes and initialisations agree, also where one
arm has a layer more: a dropout layer draws a seed when it is made, which would shift the weights of all layers after it.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from typing import Any, cast

import keras

from scenarios.data import Data


def seed_of(data: Data, name: str) -> int:
    """A seed for one layer in one replicate.

    Args:
        data: of the replicate.
        name: the layer's name.

    Returns:
        At least 0, below 2³¹.
    """
    return zlib.crc32(f"{data.replicate}/{name}".encode()) % 2**31


def dense(
    data: Data, name: str, units: int, activation: object = None, initializer: str = "glorot_uniform", **options: Any
) -> keras.layers.Dense:
    """A dense layer with the weights of its replicate.

    Args:
        data: of the replicate.
        name: the layer's name.
        units: number of units.
        activation: as for ``keras.layers.Dense``.
        initializer: name of a Keras initialiser.
        options: further arguments of ``keras.layers.Dense``.
    """
    drawn = keras.initializers.get({"class_name": initializer, "config": {"seed": seed_of(data, name)}})
    return keras.layers.Dense(units, activation, kernel_initializer=cast(str, drawn), name=name, **options)


def convolution(
    data: Data, name: str, channels: int, activation: str | None = None, **options: Any
) -> keras.layers.Conv2D:
    """A convolution by 3 × 3 with the weights of its replicate, padded so that pictures keep their size; He.

    Args:
        data: of the replicate.
        name: the layer's name.
        channels: number of output channels.
        activation: as for ``keras.layers.Conv2D``.
        options: further arguments of ``keras.layers.Conv2D``.
    """
    drawn = keras.initializers.HeNormal(seed=seed_of(data, name))
    options = {"padding": "same", "kernel_initializer": drawn, "name": name} | options
    return keras.layers.Conv2D(channels, 3, activation=activation, **options)


def picture(data: Data, name: str = "picture") -> keras.layers.Reshape:
    """Rows of pixels as square pictures with one channel.

    Args:
        data: whose inputs have a square number of features.
        name: the layer's name.
    """
    side = math.isqrt(data.x_train.shape[1])
    return keras.layers.Reshape((side, side, 1), name=name)


def dropout(
    data: Data, name: str, rate: float, kind: Callable[..., keras.layers.Layer] = keras.layers.Dropout
) -> keras.layers.Layer:
    """A dropout layer with the masks of its replicate.

    Args:
        data: of the replicate.
        name: the layer's name.
        rate: share that is dropped.
        kind: ``Dropout`` or ``AlphaDropout``.
    """
    return kind(rate, seed=seed_of(data, name), name=name)


def classifier(data: Data, *layers: keras.layers.Layer) -> keras.Sequential:
    """A network from the inputs through these layers to ``logits``.

    Args:
        data: determines the number of inputs and outputs.
        layers: hidden layers.
    """
    inputs = keras.Input(data.x_train.shape[1:], name="inputs")
    return keras.Sequential([inputs, *layers, dense(data, "logits", data.outputs)], name="classifier")
