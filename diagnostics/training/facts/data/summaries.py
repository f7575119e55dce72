"""Summaries of a batch's tensors, as small vectors of fixed size; graph code only.

A step reads no more than ``MOST_VALUES`` of a tensor, whole examples from the front, so that large inputs cost no more than small.
Values that are not finite are counted and left out of the other numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

MOST_VALUES = 2**21
"""Values of a tensor that are read in one step: 14 images of 224 x 224 pixels, or all of most other batches."""

MOST_COLUMNS = 1024
"""Features, classes or entries that are told apart; beyond that the vectors would be as large as the batch."""

SAMPLE = 256
"""Examples of each batch that reach the host one by one, for medians and for the order of the targets."""

SAMPLED_COLUMNS = 16
"""Entries of an example that do, spread evenly over it."""

MOST_CLASSES = 1000
"""Labels from 0 that are counted one by one; the last bin counts all above, and labels below 0."""


@dataclass(frozen=True)
class Columns:
    """A tensor as a matrix ``[rows, columns]``: by its last axis, or as one column where that is too long or not known."""

    values: tf.Tensor

    @classmethod
    def of(cls, tensor: tf.Tensor) -> Columns:
        """The front of a tensor, in float32."""
        values = front(tensor)
        columns = values.shape[-1] if values.shape.rank > 1 else 1
        wide = columns is None or columns > MOST_COLUMNS
        return cls(tf.reshape(tf.cast(values, tf.float32), [-1, 1 if wide else columns]))

    def summary(self) -> dict[str, tf.Tensor]:
        """For each column the count, mean, Σ (x − mean)², smallest and largest of the finite values; rows and zeros in all."""
        values, finite = self.values, tf.math.is_finite(self.values)
        count = tf.reduce_sum(tf.cast(finite, tf.float32), axis=0)
        mean = tf.math.divide_no_nan(tf.reduce_sum(tf.where(finite, values, 0.0), axis=0), count)
        return {
            "rows": _float(tf.shape(values)[0]),
            "count": count,
            "mean": mean,
            "squares": tf.reduce_sum(tf.where(finite, tf.square(values - mean), 0.0), axis=0),
            "smallest": tf.reduce_min(tf.where(finite, values, math.inf), axis=0),
            "largest": tf.reduce_max(tf.where(finite, values, -math.inf), axis=0),
            "zeros": tf.reduce_sum(tf.cast(tf.equal(values, 0.0), tf.float32)),
        }

    def weighted(self, weight: tf.Tensor) -> dict[str, tf.Tensor]:
        """For each column Σ w, Σ w x / Σ w and Σ w (x − mean)²; ``weight`` is ``[rows, columns]``."""
        total = tf.reduce_sum(weight, axis=0)
        mean = tf.math.divide_no_nan(tf.reduce_sum(weight * self.values, axis=0), total)
        squares = tf.reduce_sum(weight * tf.square(self.values - mean), axis=0)
        return {"weight": total, "weighted_mean": mean, "weighted_squares": squares}


def input_summary(tensor: tf.Tensor) -> dict[str, tf.Tensor]:
    """Of one input ``[batch, ...]``: see `Columns.summary`, and the examples."""
    return {"examples": _float(tf.shape(front(tensor))[0]), **Columns.of(tensor).summary()}


def target_summary(tensor: tf.Tensor, weight: tf.Tensor | None) -> dict[str, tf.Tensor]:
    """Of one target ``[batch, ...]``: the same, what kind of target it is, class counts, and a sample in its order.

    Args:
        tensor: the targets.
        weight: what each example or position counts, or ``None``.
    """
    columns = Columns.of(tensor)
    values = columns.values
    weight = None if weight is None else entry_weights(weight, tensor)
    labels = _labels(values)
    found = {
        "examples": _float(tf.shape(front(tensor))[0]),
        **columns.summary(),
        "row_sum_error": _row_sum_error(_rows(tf.cast(front(tensor), tf.float32))),
        "not_binary": tf.reduce_max(tf.abs(values * (1.0 - values))),
        "fraction": tf.reduce_max(tf.abs(values - tf.round(values))),
        "classes": _counts(labels, tf.ones_like(labels, tf.float32)),
        **_sample(tensor, weight),
    }
    if weight is not None:
        matrix = tf.reshape(weight, tf.shape(values))
        found |= columns.weighted(matrix) | {"weighted_classes": _counts(labels, tf.reshape(matrix, [-1]))}
    return found


def output_summary(tensor: tf.Tensor) -> dict[str, tf.Tensor]:
    """Of one output ``[batch, ...]``: all its values as one column, its spread over the batch, sums of rows, and predictions.

    ``most_frequent`` is the share of rows whose largest entry is the most frequent one; ``above_half`` and ``above_zero`` are
    shares of all entries.
    """
    values = tf.cast(front(tensor), tf.float32)
    rows = _rows(values)
    highest = tf.argmax(rows, axis=-1, output_type=tf.int32)
    counts = tf.math.unsorted_segment_sum(tf.ones_like(highest, tf.float32), highest, tf.shape(rows)[-1])
    return {
        "examples": _float(tf.shape(values)[0]),
        "columns": _float(tf.shape(rows)[-1]),
        **Columns(tf.reshape(values, [-1, 1])).summary(),
        "variance_over_batch": tf.reduce_mean(tf.math.reduce_variance(values, axis=0)),
        "row_sum_error": _row_sum_error(rows),
        "most_frequent": tf.reduce_max(counts) / tf.maximum(1.0, tf.reduce_sum(counts)),
        "above_half": tf.reduce_mean(tf.cast(values > 0.5, tf.float32)),
        "above_zero": tf.reduce_mean(tf.cast(values > 0.0, tf.float32)),
    }


def front(tensor: tf.Tensor) -> tf.Tensor:
    """As many of the first examples as hold ``MOST_VALUES``, all of them where the size of one is not known."""
    size = math.prod(each or 1 for each in tensor.shape[1:])
    return tensor[: max(1, MOST_VALUES // max(1, size))]


def entry_weights(weight: tf.Tensor, tensor: tf.Tensor) -> tf.Tensor:
    """The weights of examples or positions for every entry of the front of a tensor, in its shape."""
    values = front(tensor)
    weight = tf.cast(weight[: tf.shape(values)[0]], tf.float32)
    while weight.shape.rank > values.shape.rank:
        weight = tf.squeeze(weight, axis=-1)
    while weight.shape.rank < values.shape.rank:
        weight = tf.expand_dims(weight, -1)
    return tf.broadcast_to(weight, tf.shape(values))


def _labels(values: tf.Tensor) -> tf.Tensor:
    """Every value as a bin: whole numbers from 0 have their own, all others the last."""
    flat = tf.reshape(values, [-1])
    whole = tf.equal(flat, tf.round(flat)) & (flat >= 0) & (flat < MOST_CLASSES)
    return tf.where(whole, tf.cast(tf.where(whole, flat, 0.0), tf.int32), MOST_CLASSES)


def _counts(labels: tf.Tensor, weight: tf.Tensor) -> tf.Tensor:
    return tf.math.unsorted_segment_sum(weight, labels, MOST_CLASSES + 1)


def _sample(tensor: tf.Tensor, weight: tf.Tensor | None) -> dict[str, tf.Tensor]:
    """The first examples one by one, with NaN behind the last: some of their entries, and which entry is the largest."""
    examples = tf.cast(tensor[:SAMPLE], tf.float32)
    flat = tf.reshape(examples, [tf.shape(examples)[0], -1])
    sizes: Any = examples.shape[1:]
    entries = math.prod(sizes) if sizes.is_fully_defined() else None
    if entries is None:  # as in batches that are padded to their longest sequence
        chosen = tf.reduce_mean(flat, axis=1, keepdims=True)
    else:
        places = np.unique(np.linspace(0, entries - 1, SAMPLED_COLUMNS).round().astype(int))
        chosen = tf.gather(tf.reshape(flat, [-1, entries]), places, axis=1)
    found = {"sample": _padded(chosen), "largest_entry": _padded(_float(tf.argmax(flat, axis=1))[:, None])[:, 0]}
    if weight is not None:
        by_example = tf.reshape(weight[:SAMPLE], [tf.shape(flat)[0], -1])
        found["sample_weight"] = _padded(tf.reduce_mean(by_example, axis=1, keepdims=True))[:, 0]
    return found


def _padded(matrix: tf.Tensor) -> tf.Tensor:
    behind = tf.fill([SAMPLE, matrix.shape[1]], math.nan)
    return tf.ensure_shape(tf.concat([matrix, behind], axis=0)[:SAMPLE], [SAMPLE, matrix.shape[1]])


def _rows(values: tf.Tensor) -> tf.Tensor:
    """A matrix by the last axis, ``[rows, columns]``."""
    return values[:, None] if values.shape.rank == 1 else tf.reshape(values, [-1, tf.shape(values)[-1]])


def _row_sum_error(rows: tf.Tensor) -> tf.Tensor:
    return tf.reduce_max(tf.abs(tf.reduce_sum(rows, axis=-1) - 1.0))


def _float(number: tf.Tensor) -> tf.Tensor:
    return tf.cast(number, tf.float32)
