"""A stack of linear layers as the one matrix that it is."""

from __future__ import annotations

import keras
import numpy as np


def affine(x: np.ndarray) -> np.ndarray:
    """The examples with a column of ones appended, ``[examples, features + 1]``."""
    return np.hstack([x, np.ones((len(x), 1))]).astype(np.float64)


def product(model: keras.Model) -> np.ndarray:
    """The product of all layers, ignoring activations, ``[features + 1, outputs]``; the last row is the bias."""
    whole = np.eye(model.input_shape[-1] + 1)
    for layer in model.layers:
        kernel, bias = (np.asarray(values, np.float64) for values in layer.get_weights())
        whole = whole @ np.vstack([kernel, bias])
        whole = np.hstack([whole, np.eye(len(whole))[:, -1:]])
    return whole[:, :-1]


def rmse(differences: np.ndarray) -> float:
    """Root mean square of differences."""
    return float(np.sqrt(np.mean(np.square(differences))))
