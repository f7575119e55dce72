"""A test part that differs from the training part: the widest pictures of each class."""

from __future__ import annotations

import math

import numpy as np


def by_width(x: np.ndarray, y: np.ndarray, share: float, outer: float) -> tuple[np.ndarray, np.ndarray]:
    """Split every class by how much ink its pictures have in the outer columns, so that both parts have all classes.

    Args:
        x: pictures as rows of pixels, ``[examples, features]``, with a square number of features.
        y: classes, ``[examples]``.
        share: of each class that goes to the second part.
        outer: share of the columns at each side.

    Returns:
        Indices of the narrower and of the wider pictures.
    """
    side = math.isqrt(x.shape[1])
    columns = max(1, round(outer * side))
    pictures = x.reshape(len(x), side, side)
    ink = pictures[:, :, :columns].sum(axis=(1, 2)) + pictures[:, :, -columns:].sum(axis=(1, 2))
    narrow, wide = [], []
    for each in np.unique(y):
        own = np.flatnonzero(y == each)
        ranked = own[np.argsort(ink[own], kind="stable")]
        kept = round(len(own) * (1 - share))
        narrow.append(ranked[:kept])
        wide.append(ranked[kept:])
    return np.concatenate(narrow), np.concatenate(wide)
