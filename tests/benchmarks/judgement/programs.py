"""What the cases' programs have in common: compile, fit under `ProbeCallback`, predict; and the same by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

import diagnostics
import probes
from tests.benchmarks.judgement.data import Data
from tests.benchmarks.judgement.outcome import Outcome, outcome_of

SPARSE = "sparse_categorical_crossentropy"
FLUSH = 50
"""Steps of a hand-written loop between two readings of its monitor."""


def fit(
    model: keras.Model,
    data: Data,
    directory: Path,
    *,
    loss: Any,
    optimizer: Any = "adam",
    epochs: int = 10,
    batch_size: int | None = 32,
    metrics: Sequence[Any] | None = None,
    validate: bool = True,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    threshold: float = 0.5,
    **options: Any,
) -> Outcome:
    """Compile and fit a model on the training part, and measure it on the test part; classes get accuracy as their metric."""
    if metrics is None:
        metrics = [] if data.task == "real" else ["accuracy"]
    model.compile(optimizer=optimizer, loss=loss, metrics=list(metrics))
    return fit_compiled(
        model,
        data,
        directory,
        epochs=epochs,
        batch_size=batch_size,
        validate=validate,
        callbacks=callbacks,
        threshold=threshold,
        **options,
    )


def fit_compiled(
    model: keras.Model,
    data: Data,
    directory: Path,
    *,
    validate: bool = True,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    threshold: float = 0.5,
    **options: Any,
) -> Outcome:
    """The same for a model that is compiled already."""
    held_out = {"validation_data": (data.x_test, data.y_test)} if validate else {}
    probing = diagnostics.ProbeCallback(directory)
    model.fit(data.x, data.y, verbose=0, callbacks=[*callbacks, probing], **held_out, **options)  # pyright: ignore
    return measured(model, data, threshold)


def fit_dataset(
    model: keras.Model, batches: tf.data.Dataset, data: Data, directory: Path, threshold: float = 0.5, **options: Any
) -> Outcome:
    """Fit a compiled model on a ``tf.data`` pipeline."""
    model.fit(batches, verbose=0, callbacks=[diagnostics.ProbeCallback(directory)], **options)  # pyright: ignore
    return measured(model, data, threshold)


def measured(model: keras.Model, data: Data, threshold: float = 0.5) -> Outcome:
    """The outcome of a trained model on the test part."""
    return outcome_of(data.task, data.truth, model.predict(data.x_test, batch_size=256, verbose=0), threshold)  # pyright: ignore


def fit_by_trainer(
    model: keras.Model, optimizer: Any, loss: Any, data: Data, directory: Path, *, epochs: int, threshold: float = 0.5
) -> Outcome:
    """Train by `diagnostics.Trainer`, batches of 32 in random order."""
    train = tf.data.Dataset.from_tensor_slices((data.x, data.y)).shuffle(len(data.x), seed=0).batch(32)
    held_out = tf.data.Dataset.from_tensor_slices((data.x_test, data.y_test)).batch(256)
    trainer = diagnostics.Trainer(model, optimizer, loss, directory=directory)
    trainer.fit(train, validation_data=held_out, epochs=epochs, progress=False)
    return measured(model, data, threshold)


def loop(
    model: keras.Model,
    optimizer: Any,
    step: Callable[[Any, Any, probes.Monitor], tf.Tensor],
    batches: tf.data.Dataset,
    directory: Path,
) -> None:
    """A hand-written loop: ``step(x, y, monitor)`` returns the loss; readings and losses go into a run."""
    monitor = probes.Monitor(model, probes.default(), optimizer=optimizer)
    compiled = tf.function(lambda x, y: step(x, y, monitor))
    with diagnostics.RunWriter(directory, command="a loop by hand", config={}, seed=None) as writer:
        losses: list[float] = []
        for number, (x, y) in enumerate(batches):
            losses.append(float(compiled(x, y)))
            if number % FLUSH == FLUSH - 1:
                _write(writer, monitor, losses, number)
        _write(writer, monitor, losses, number)  # pyright: ignore[reportPossiblyUnboundVariable]
        writer.describe(layer_table=monitor.layer_table, probes=[repr(each) for each in monitor.probes])


def _write(writer: diagnostics.RunWriter, monitor: probes.Monitor, losses: list[float], last: int) -> None:
    reading = monitor.read()
    writer.append("layers", reading.layers)
    writer.append("units", reading.units)
    steps = np.arange(last + 1 - len(losses), last + 1)
    writer.append(
        "scalars", pd.DataFrame({"step": steps, "epoch": 0, "split": "train", "loss": losses, "seconds": 0.0})
    )
    losses.clear()
