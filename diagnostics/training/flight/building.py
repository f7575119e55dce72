"""Builds a model and its optimizer before the first step, so that their state from before it can be kept."""

from __future__ import annotations

from collections.abc import Iterable

import keras
import tensorflow as tf

from probes.seams.autograph import converted
from probes.seams.nest import Nest


def build(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    spec: Nest,
    metrics: Iterable[keras.metrics.Metric] = (),
) -> None:
    """Make all variables, unless they are there.

    Args:
        model: the model.
        optimizer: its optimizer.
        spec: the structure of a batch ``(x, y)`` or ``(x, y, sample_weight)``.
        metrics: metrics, some of which make their variables when they are updated first.
    """
    if not model.built:

        def forward(batch: Nest) -> Nest:
            return model(keras.utils.unpack_x_y_sample_weight(batch)[0], training=True)

        tf.function(forward).get_concrete_function(spec)
    if not getattr(optimizer, "built", True):
        optimizer.build(model.trainable_variables)
    unbuilt = [metric for metric in metrics if not metric.variables]
    if unbuilt:

        def update(batch: Nest) -> None:
            x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
            predicted = model(x, training=False)
            for metric in unbuilt:
                converted(metric.update_state)(y, predicted)

        tf.function(update, autograph=False).get_concrete_function(spec)
