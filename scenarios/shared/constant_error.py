"""The error to which others are compared, whatever the task."""

from __future__ import annotations

import numpy as np


def constant_error(y: np.ndarray, classes: int) -> float:
    """The smallest error of a prediction without inputs: the variance of the values, or the entropy of the classes in nats.

    Args:
        y: values ``[examples, 1]``, or classes ``[examples]``.
        classes: the number of classes, 0 for values.

    Returns:
        In the unit of the loss, ≥ 0.
    """
    if not classes:
        return float(y.var())
    shares = np.bincount(y, minlength=classes) / len(y)
    return float(-np.sum(shares[shares > 0] * np.log(shares[shares > 0])))
