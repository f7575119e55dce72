"""Training on few examples, tested on all that this leaves over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scenarios.data import Data


def only_first(data: Data, count: int) -> Data:
    """The first training examples only; the others become test examples, so that accuracy is measured on as many as possible.

    Args:
        data: a split whose training part is in random order.
        count: examples to train on, at most as many as there are.

    Returns:
        The same validation part, a smaller training part and a larger test part.

    Examples:
        >>> from scenarios.data import load
        >>> few = only_first(load("digits"), 100)
        >>> len(few.x_train), len(few.x_validation), len(few.x_test)
        (100, 360, 1337)
    """
    x, y = (
        np.concatenate(parts) for parts in ((data.x_test, data.x_train[count:]), (data.y_test, data.y_train[count:]))
    )
    return replace(data.first(count), x_test=x, y_test=y)
