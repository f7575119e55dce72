"""Builds a model and its optimizer before the first step, so that their state from before it can be kept."""

from __future__ import annotations

import keras
import tensorflow as tf

from probes.seams.nest import Nest


def build(model: keras.Model, optimizer: keras.optimizers.Optimizer, spec: Nest) -> None:
    """Make all variables, unless they are there.

    Args:
        model: the model.
        optimizer: its optimizer.
        spec: the structure of a batch ``(x, y)`` or ``(x, y, sample_weight)``.
    """
    if not model.built:

        def forward(batch: Nest) -> Nest:
            return model(keras.utils.unpack_x_y_sample_weight(batch)[0], training=True)

        tf.function(forward).get_concrete_function(spec)
    if not getattr(optimizer, "built", True):
        optimizer.build(model.trainable_variables)
