"""Named reductions that every probe is written over, so that TensorFlow can merge equal ones.

All of them reduce in float32 whatever the input's precision, and none of them drops a NaN or an Inf.
"""

from __future__ import annotations

import math

import tensorflow as tf

from probes.seams.devices import is_one_cpu

LARGE = 2**15
"""Entries from which another pass over a tensor costs more than a branch: some 10 µs."""


def as_float32(values: tf.Tensor) -> tf.Tensor:
    """The same values in float32, the precision in which everything is summed."""
    return values if values.dtype == tf.float32 else tf.cast(values, tf.float32)


def unscaled(gradient: tf.Tensor, scale: tf.Tensor | None) -> tf.Tensor:
    """A gradient of the loss itself, where ``scale`` is the factor by which the optimizer multiplied the loss."""
    return gradient if scale is None else tf.cast(gradient, tf.float32) / scale


def size(values: tf.Tensor) -> tf.Tensor:
    """Number of entries, as a float32 scalar."""
    return tf.cast(tf.size(values), tf.float32)


def square_sum(values: tf.Tensor) -> tf.Tensor:
    """Σ x², a scalar; one pass that stores no squares."""
    return _twice(tf.raw_ops.L2Loss(t=as_float32(values)))


def square_sum_of_all(tensors: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """Σ x² over the entries of all ``tensors`` together, a scalar; 0 for no tensors."""
    halves = [tf.raw_ops.L2Loss(t=as_float32(tensor)) for tensor in tensors]
    return _twice(tf.add_n(halves)) if halves else tf.constant(0.0)


def _twice(half: tf.Tensor) -> tf.Tensor:
    # Exact, as is 2.0 * half, which takes twice as long to trace, for every layer.
    return tf.raw_ops.AddV2(x=half, y=half)


def nonzero_count(values: tf.Tensor) -> tf.Tensor:
    """Number of entries that are not exactly 0, as a float32 scalar; a NaN makes it NaN."""
    return square_sum(tf.sign(values))


def nonfinite_count(values: tf.Tensor) -> tf.Tensor:
    """Number of entries that are NaN or Inf, as a float32 scalar."""

    def count() -> tf.Tensor:
        return tf.reduce_sum(tf.cast(~tf.math.is_finite(values), tf.float32))

    if not (is_one_cpu() and _is_large(values)):
        return count()
    # Counting takes several passes and copies. Σ x² takes one, and if it is finite, so is every entry.
    return tf.cond(tf.math.is_finite(square_sum(values)), lambda: tf.constant(0.0), count)


def _is_large(values: tf.Tensor) -> bool:
    """As far as the shape is known: a size that is not counts as 1."""
    return math.prod(extent or 1 for extent in values.shape) >= LARGE if values.shape.rank else False


def by_unit(values: tf.Tensor, unit_axis: int) -> tf.Tensor:
    """The entries as a matrix ``[positions, units]``, without a copy when units are last; up to rank 1: one unit."""
    if values.shape.rank < 2:
        return tf.reshape(values, [-1, 1])
    if unit_axis not in (-1, values.shape.rank - 1):
        order = [axis for axis in range(values.shape.rank) if axis != unit_axis % values.shape.rank]
        values = tf.transpose(values, [*order, unit_axis % values.shape.rank])
    units = values.shape[-1]
    return tf.reshape(values, [-1, tf.shape(values)[-1] if units is None else units])


def unit_sums(values: tf.Tensor, unit_axis: int = -1) -> tf.Tensor:
    """Σ over everything but the units, ``[units]``: a product with a row of ones, the fastest form on a CPU."""
    matrix = as_float32(by_unit(values, unit_axis))
    return tf.linalg.matvec(matrix, tf.ones([tf.shape(matrix)[0]]), transpose_a=True)


def moments(values: tf.Tensor, unit_axis: int = -1) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Count n, mean m and Σ (x − m)², three scalars that merge exactly (see ``merging``).

    The second pass is centred: Σ x² − n m² would lose every digit of a small variance around a large mean.
    """
    count = size(values)
    mean = tf.math.divide_no_nan(tf.reduce_sum(unit_sums(values, unit_axis)), count)
    return count, mean, square_sum(as_float32(values) - mean)
