"""The error to which others are compared, whatever the task."""

from __future__ import annotations

import keras
import numpy as np

from scenarios.data import Data


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


def errors(model: keras.Model, data: Data, loss: keras.losses.Loss) -> dict[str, float]:
    """Errors of a trained network with dropout off, relative to a constant prediction's.

    Args:
        model: the network.
        data: its training and test part.
        loss: the loss that was minimised.

    Returns:
        ``train_error``, ``test_error`` ≥ 0, and ``gap``, test minus training error; 1 is the error of a constant.
    """
    train, test = (
        float(np.asarray(loss(y, model(x, training=False)))) / constant_error(y, data.classes)
        for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test))
    )
    return {"train_error": train, "test_error": test, "gap": test - train}
