"""The ways of scaling images that are compared."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scenarios.data import standardised

COMMON = 0.03
"""A learning rate that every preparation of the digits is trained at."""
RATES = {
    "raw": (0.003, 0.01, COMMON, 0.1),
    "min-max": (COMMON, 0.1, 0.3, 1.0),
    "z-score": (0.003, COMMON, 0.1, 0.3, 1.0),
    "z-score-pixel": (COMMON, 0.1, 0.3, 1.0),
    "convolutional-raw": (0.01, 0.03, 0.1),
    "convolutional-z-score": (0.03, 0.1, 0.3),
    "convolutional-z-score-pixel": (0.1, 0.3, 1.0),
    "photographs-raw": (1e-4, 3e-4, 1e-3, 3e-3),
    "photographs-z-score": (0.01, 0.03, 0.1),
    "photographs-z-score-pixel": (0.01, 0.03, 0.1),
}
"""Learning rates, half a decade apart, so that each preparation meets rates below and above the one that suits it. Photographs have
pixels up to 255 where digits have 16, so their raw images need far smaller ones."""


def rates_of(preparation: str, images: str) -> tuple[float, ...]:
    """The learning rates of one preparation.

    Args:
        preparation: a key of ``RATES``; none for another one.
        images: the data set; raw images with pixels up to 255 get the smaller rates, too.
    """
    small = RATES["photographs-raw"] if preparation == "raw" and images != "digits" else ()
    return (*small, *RATES.get(preparation, ()))


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


def recipes(x: np.ndarray, side: int) -> dict[str, float]:
    """What scikit-learn's ``fit_transform`` does with images in one column, in rows, and as a stack of pictures.

    Args:
        x: images, ``[examples, side · side]``.
        side: height and width.

    Returns:
        column_against_global: largest difference between the course's recipe (reshape to one column, ``fit_transform``, reshape
        back) and the global z-score; rows_against_pixel: between ``fit_transform`` of the rows and the z-score by pixel; both in
        standard deviations. stack_refused: 1 where a stack ``[examples, side, side]`` raises an error, else 0.
    """
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - takes a second to import

    x = x.astype(np.float64)
    column = np.asarray(StandardScaler().fit_transform(x.reshape(-1, 1))).reshape(x.shape)
    rows = np.asarray(StandardScaler().fit_transform(x))
    try:
        StandardScaler().fit_transform(x.reshape(-1, side, side))
        refused = 0.0
    except ValueError:
        refused = 1.0
    return {
        "column_against_global": float(np.abs(column - standardised(x, x, axis=None)[1]).max()),
        "rows_against_pixel": float(np.abs(rows - standardised(x, x, axis=0)[1]).max()),
        "stack_refused": refused,
    }
