"""The ways of scaling images that are compared."""

from __future__ import annotations

import numpy as np

from scenarios.data import standardised


def scale(preparation: str, x_train: np.ndarray, x_test: np.ndarray) -> tuple[np.ndarray, ...]:
    """Scale images in one of four ways.

    Formula: x; (x − min)/(max − min); (x − μ)/σ over all pixels; (x − μ)/σ pixel by pixel, and x − μ where σ = 0.

    Args:
        preparation: ``raw``, ``min-max``, ``z-score`` or ``z-score-pixel``.
        x_train: the images from which minimum, maximum, μ and σ are computed, ``[examples, pixels]``.
        x_test: scaled with the same numbers.
    """
    if preparation == "raw":
        return x_train, x_test
    if preparation == "min-max":
        low, high = x_train.min(), x_train.max()
        return tuple((x - low) / (high - low) for x in (x_train, x_test))
    return standardised(x_train, x_test, axis=0 if preparation == "z-score-pixel" else None)
