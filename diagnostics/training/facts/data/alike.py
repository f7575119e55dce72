"""Whether units of a layer start with the same weights: then they learn the same, and the layer is as narrow as one unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from probes.capture.layers import LayerEntry
from probes.seams.graph import held_by

MOST_WEIGHTS = 64
"""Incoming weights of each unit that are compared, spread evenly: units that agree in all of these agree."""

DIGITS = 6
"""Decimals, relative to the layer's largest weight, in which weights are the same: the precision of float32."""


def alike_weights(entries: Sequence[LayerEntry]) -> dict[str, float]:
    """The share of pairs of units with the same incoming weights, for each layer with a kernel and two units or more.

    Args:
        entries: the layers with their trainable variables.

    Returns:
        By layer path, 0 to 1; layers without weights, or whose weights cannot be read, are left out.
    """
    found = {}
    for entry in entries:
        kernel = next((each for each in entry.variables if len(each.shape) > 1 and (each.shape[-1] or 0) > 1), None)
        if kernel is not None:
            found[entry.path] = alike_share(_some_weights(held_by(kernel)))
    return found


def alike_share(weights: np.ndarray) -> float:
    """The share of pairs of columns that are the same.

    Formula: Σ nᵢ (nᵢ − 1) / (n (n − 1)), with nᵢ the sizes of the groups of equal columns.

    Args:
        weights: ``[incoming, units]``, two units or more.
    """
    largest = float(np.abs(weights).max(initial=0.0))
    scaled = np.round(weights / largest, DIGITS) if largest > 0 else weights
    _, sizes = np.unique(scaled, axis=1, return_counts=True)
    units = weights.shape[1]
    return float((sizes * (sizes - 1.0)).sum() / (units * (units - 1.0)))


def _some_weights(kernel: keras.Variable) -> np.ndarray:
    incoming, units = math.prod(kernel.shape[:-1]), kernel.shape[-1]
    rows = np.unique(np.linspace(0, incoming - 1, MOST_WEIGHTS).round().astype(int))
    return tf.gather(tf.reshape(kernel, [incoming, units]), rows).numpy().astype(np.float32)
