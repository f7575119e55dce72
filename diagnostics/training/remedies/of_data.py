"""Changes of the data and of how they are given to the model."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np

from diagnostics.training.remedies.training import Settings, Training, only_if

PIXELS = 255
"""The largest value of a byte."""
UNKNOWN = "only you can know what the labels should be"


def scale_inputs(training: Training, settings: Settings) -> Training:
    """Inputs of mean 0 and standard deviation 1 by statistics of the training part, a table column by column."""
    embeds = any(isinstance(layer, keras.layers.Embedding) for layer in training.model.layers[:2])
    only_if(not embeds, "inputs are numbers of words or classes")
    x, axis = training.x.astype(np.float64), 0 if training.x.ndim == 2 else None
    mean, deviation = _scale(x, axis)

    def scaled(values: np.ndarray) -> np.ndarray:
        return ((values - mean) / deviation).astype(np.float32)

    return replace(training, x=scaled(training.x), held_x=scaled(training.held_x))


def inputs(training: Training, settings: Settings) -> Training:
    """Means in place of values that are not finite."""
    finite = np.isfinite(training.x)
    only_if(not finite.all(), "only you can know what the inputs should be")
    counts = np.maximum(finite.sum(axis=0), 1)
    mean = np.where(finite, training.x, 0).sum(axis=0) / counts

    def filled(values: np.ndarray) -> np.ndarray:
        return np.where(np.isfinite(values), values, mean).astype(values.dtype)

    return replace(training, x=filled(training.x), held_x=filled(training.held_x))


def scale_targets(training: Training, settings: Settings) -> Training:
    """Targets of mean 0 and standard deviation 1."""
    only_if(training.task == "real", "targets are classes")
    mean, deviation = _scale(training.y, 0)
    return training.with_targets(lambda y: ((y - mean) / deviation).astype(np.float32))


def labels(training: Training, settings: Settings) -> Training:
    """Labels counted from 0, and those that were divided like pixels multiplied again."""
    y = training.y.astype(np.float64)
    only_if(training.task != "real" and np.isfinite(y).all() and y.max() > y.min(), UNKNOWN)
    low, whole = y.min(), bool((np.rint(y) == y).all())
    if not whole and np.allclose(y * PIXELS, np.rint(y * PIXELS), atol=1e-3):
        return training.with_targets(lambda y: np.rint(y * PIXELS).astype(np.int64))
    if training.task == "binary":
        return training.with_targets(lambda y: (y > low).astype(np.float32))
    only_if(whole and low != 0, UNKNOWN)
    return training.with_targets(lambda y: (y - low).astype(np.int64))


def shuffle(training: Training, settings: Settings) -> Training:
    """Examples in random order."""
    only_if(training.options.get("sample_weight") is None, "the weights of the examples would have to move, too")
    order = np.random.default_rng(0).permutation(len(training.x))
    return replace(training, x=training.x[order], y=training.y[order]).with_options(shuffle=True)


def batch_size(training: Training, settings: Settings) -> Training:
    """Batches of another size, over the same examples."""
    return replace(training, batch_size=settings["size"])


def sample_weight(training: Training, settings: Settings) -> Training:
    """The same weight for every example."""
    return training.with_options(class_weight=None, sample_weight=None)


def early_stopping(training: Training, settings: Settings) -> Training:
    """Stop where the validation loss is lowest, and go back there."""
    patience = max(2, training.epochs // 10)
    stop = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
    return training.with_options(callbacks=[*training.options.get("callbacks", ()), stop])


def _scale(values: np.ndarray, axis: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of what is finite; 1 in place of a deviation of 0."""
    known = np.where(np.isfinite(values), values, np.nan)
    deviation = np.nanstd(known, axis=axis)
    return np.nanmean(known, axis=axis), np.where(deviation > 0, deviation, 1.0)
