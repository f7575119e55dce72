"""The ways of scaling images that are compared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scenarios.data import standardised


def scaler(preparation: str, x_train: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Scale images in one of four ways, with numbers from the training part.

    Formula: x; (x − min)/(max − min); (x − μ)/σ over all pixels; (x − μ)/σ pixel by pixel, and x − μ where σ = 0.

    Args:
        preparation: ``raw``, ``min-max``, ``z-score`` or ``z-score-pixel``.
        x_train: the images from which minimum, maximum, μ and σ are computed, ``[examples, pixels]``.

    Returns:
        A function of images, ``[examples, pixels]``.
    """
    low, high = x_train.min(), x_train.max()
    axis = 0 if preparation == "z-score-pixel" else None
    return {
        "raw": lambda x: x,
        "min-max": lambda x: (x - low) / (high - low),
    }.get(preparation, lambda x: standardised(x_train, x, axis=axis)[1])
