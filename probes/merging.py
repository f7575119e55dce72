"""How readings of one statistic become one: the single mechanism behind windows, replicas and workers.

=========== =====================================================================================
``sum``     counts, sums, sums of squares
``max``     the largest; on zeros and ones it means *any*
``same``    equal by construction in every part: the first is kept
``moments`` (n, mean, Σ (x − mean)²), by the parallel update of Chan, Golub and LeVeque (1983),
            which keeps the digits that a plain sum of squares cancels
=========== =====================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import tensorflow as tf

Merge = Literal["sum", "max", "same", "moments"]


def _merge_moments(parts: tf.Tensor) -> tf.Tensor:
    count, mean, squares = tf.unstack(parts, axis=-1)
    total = tf.reduce_sum(count, axis=0)
    # Offsets from the first part's mean: parts with equal means merge to exactly that mean.
    offset = tf.math.divide_no_nan(tf.reduce_sum(count * (mean - mean[0]), axis=0), total)
    merged = mean[0] + offset
    between = tf.reduce_sum(count * tf.square(mean - merged), axis=0)
    return tf.stack([total, merged, tf.reduce_sum(squares, axis=0) + between], axis=-1)


_MERGES: dict[Merge, Callable[[tf.Tensor], tf.Tensor]] = {
    "sum": lambda parts: tf.reduce_sum(parts, axis=0),
    "max": lambda parts: tf.reduce_max(parts, axis=0),
    "same": lambda parts: parts[0],
    "moments": _merge_moments,
}
KINDS: tuple[Merge, ...] = tuple(_MERGES)


def merge(kind: Merge, parts: tf.Tensor) -> tf.Tensor:
    """One reading from several.

    Args:
        kind: how the statistic merges, one of ``KINDS``.
        parts: the readings along the first axis, ``[parts, ...]``; for ``moments`` the last axis is (n, mean, Σ(x−mean)²).

    Returns:
        The merged reading, ``[...]``.
    """
    return _MERGES[kind](parts)
