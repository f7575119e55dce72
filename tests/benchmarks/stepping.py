"""The training steps that are compared: bare, with probes, and as people instrument one without them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

import probes
from tests.benchmarks.models import Case

Runner = Callable[[], object]
"""Takes one training step, and waits for nothing."""


def stepping(case: Case, watched: list[probes.Probe] | None, *, branch: bool = False) -> Runner:
    """The compiled step of the README, with a monitor when there is something to watch.

    Args:
        case: the model and its data.
        watched: the probes; ``None`` for the bare step.
        branch: compile it with ``tf.function``, which puts the probes into a branch, not with ``monitor.function``.
    """
    model, optimizer, loss_of, (x, y) = parts_of(case)
    monitor = probes.Monitor(model, watched) if watched else None

    def step(x, y):
        capture = monitor.capture() if monitor else contextlib.nullcontext()
        with tf.GradientTape() as tape, capture:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        if monitor:
            monitor.update(gradients)
        return loss

    split = monitor is not None and not branch
    compiled = monitor.function(step) if monitor and split else tf.function(step)
    return lambda: compiled(x, y)


def second_model(case: Case) -> Runner:
    """By hand: a second model that returns every layer's output, reduced with NumPy, and so the gradients."""
    model, optimizer, loss_of, (x, y) = parts_of(case)
    observer = keras.Model(model.inputs, [layer.output for layer in model.layers])

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        return loss, [tf.convert_to_tensor(gradient) for gradient in gradients]

    @tf.function
    def observe(x):
        return observer(x, training=True)

    def run() -> object:
        outputs = [output.numpy() for output in observe(x)]
        before = [variable.numpy() for variable in model.trainable_variables]
        loss, gradients = step(x, y)
        arrays = [*outputs, *before, *(gradient.numpy() for gradient in gradients)]
        updates = [variable.numpy() - old for variable, old in zip(model.trainable_variables, before, strict=True)]
        shares = [(output.mean(), output.std(), (output == 0).mean()) for output in outputs]
        return loss, shares, [(array.astype("float32") ** 2).sum() for array in (*arrays, *updates)]

    return run


def fitting(case: Case, steps: int, folder: str | None) -> Runner:
    """One epoch of ``model.fit``, with Keras' TensorBoard callback and histograms when a folder is given."""
    model, optimizer, loss_of, (x, y) = parts_of(case)
    model.compile(optimizer, loss_of)
    batches = tf.data.Dataset.from_tensors((x, y)).repeat()
    callbacks = [keras.callbacks.TensorBoard(folder, histogram_freq=1, write_graph=False)] if folder else []
    return lambda: model.fit(batches, steps_per_epoch=steps, verbose=0, callbacks=callbacks)  # pyright: ignore


def parts_of(case: Case) -> tuple[Any, Any, Any, Any]:
    """Model, optimizer, loss and batch; the same weights every time."""
    keras.utils.set_random_seed(0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return case.build(), keras.optimizers.SGD(0.01), loss, case.data()
