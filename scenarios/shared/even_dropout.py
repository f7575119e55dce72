"""A dropout that changes neither the mean nor the variance of a unit over the batch."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class EvenDropout(keras.layers.Dropout):
    """Dropout followed by a scaling around each unit's mean.

    Formula: with d the output of standard dropout at rate p, q = 1 − p, and μ, σ² of the unit over the batch:
    y = μ + (d − μ) σ / √(σ²/q + (p/q) μ²). Standard dropout has mean μ and the variance under the root, so y has mean μ and
    variance σ².
    """

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """The inputs, ``[examples, units]``, dropped and scaled in training, unchanged in inference."""
        dropped: Any = super().call(inputs, training=training)
        if not training or not self.rate:
            return dropped
        mean, variance = tf.nn.moments(tf.convert_to_tensor(inputs), axes=[0], keepdims=True)
        keep = 1.0 - self.rate
        widened = variance / keep + self.rate / keep * tf.square(mean)
        return mean + (dropped - mean) * tf.sqrt(variance / tf.maximum(widened, 1e-12))
