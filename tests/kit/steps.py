"""The three-line training step, as users write it, with any number of monitors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

import probes

Batch = tuple[Any, Any]


def every_probe(**options: Any) -> list[probes.Probe]:
    """One of each probe in the package, at every step."""
    return [getattr(probes, name)(**{"every": 1} | options) for name in probes.probe_names()]


def mean_square(target: Any, output: Any) -> Any:
    return tf.reduce_mean(tf.square(tf.cast(output, tf.float32) - target))


def make_step(
    model: Any,
    monitors: Sequence[probes.Monitor] = (),
    *,
    loss: Callable[[Any, Any], Any] = mean_square,
    optimizer: Any = None,
    compiled: bool = True,
    penalty: bool = False,
    **options: Any,
) -> Callable[..., Any]:
    """A step over (x, y) that returns loss and gradients; ``options`` go to ``tf.function``."""
    losses = penalised(model, loss) if penalty else lambda x, y: loss(y, model(x, training=True))
    optimizer = optimizer or keras.optimizers.SGD(0.1)

    def step(x, y):
        with tf.GradientTape() as tape, contextlib.ExitStack() as stack:
            for monitor in monitors:
                stack.enter_context(monitor.capture())
            value = tf.reduce_mean(losses(x, y))
            scaled = optimizer.scale_loss(value)
        gradients = tape.gradient(scaled, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        for monitor in monitors:
            monitor.update(gradients)
        return value, gradients

    return tf.function(step, **options) if compiled else step


def penalised(model: Any, loss: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The loss with a gradient penalty, as a WGAN-GP has it: (‖d output / d input‖ − 1)² of each example, by an inner tape."""

    def losses(x: Any, y: Any) -> Any:
        with tf.GradientTape() as inner:
            inner.watch(x)
            output = model(x, training=True)
        slopes = inner.gradient(output, x)
        norms = tf.sqrt(tf.reduce_sum(tf.square(slopes), axis=[*range(1, len(slopes.shape))]) + 1e-12)
        return tf.reduce_mean(loss(y, output)) + 10.0 * tf.reduce_mean((norms - 1.0) ** 2)

    return losses


def batch_for(model: Any, shape: tuple[int, ...], seed: int = 0) -> Batch:
    """A normal batch of this input shape, and a target as the model's output needs it."""
    rng = np.random.default_rng(seed)
    x = tf.constant(rng.normal(size=shape), tf.float32)
    return x, tf.constant(rng.normal(size=model(x).shape), tf.float32)


def watch(model: Any, x: Any, y: Any = 0.0, *, steps: int = 1, watched: Any = None, **options: Any) -> probes.Monitor:
    """A monitor that has measured training steps; with ``probes.default(every=1)`` unless ``watched`` says otherwise."""
    monitor = probes.Monitor(model, probes.default(every=1) if watched is None else watched)
    step = make_step(model, [monitor], **options)
    for _ in range(steps):
        step(x, y)
    return monitor


def rows(reading: probes.Reading, step: int = 0) -> pd.DataFrame:
    """One step of a reading, by layer."""
    return reading.layers[reading.layers["step"] == step].set_index("layer")


def statuses(monitor: probes.Monitor) -> dict[str, str]:
    """The status of each layer in the layer table; fails if a path occurs twice."""
    table = [(entry["layer"], entry["status"]) for entry in monitor.layer_table]
    assert len(dict(table)) == len(table), f"a layer twice in {table}"
    return dict(table)
