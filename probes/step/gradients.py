"""Gradients as probes read them: dense, and without the factor that scales the loss."""

from __future__ import annotations

from collections.abc import Iterable

import tensorflow as tf

from probes.primitives import unscaled
from probes.snapshot.gradient_parts import Gradient
from probes.snapshot.weights import Variable


def connected(gradients: Iterable[Gradient], scale: tf.Tensor | None) -> tuple[tf.Tensor, ...]:
    """The gradients that are connected: dense, and of the loss itself."""
    return tuple(unscaled(_dense(gradient), scale) for gradient in gradients if gradient is not None)


def full(gradient: tf.Tensor | tf.IndexedSlices, variable: Variable) -> tf.Tensor:
    """A gradient of the variable's own shape, which replicas can add up."""
    return tf.reshape(tf.cast(tf.convert_to_tensor(gradient), tf.float32), variable.shape)


def _dense(gradient: tf.Tensor | tf.IndexedSlices) -> tf.Tensor:
    """A sparse gradient's rows with repeated indices summed; fixed shapes throughout, so that XLA compiles it."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    order = tf.argsort(gradient.indices)
    indices = tf.gather(gradient.indices, order)
    starts = tf.concat([tf.zeros([1], tf.int32), tf.cast(indices[1:] != indices[:-1], tf.int32)], axis=0)
    rows = tf.size(indices)
    return tf.math.unsorted_segment_sum(tf.gather(gradient.values, order), tf.cumsum(starts)[:rows], rows)
