"""Generators that yield one batch for ever; written with the rule in view."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import diagnostics
from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import Data, digits, friedman
from tests.benchmarks.judgement.nets import mlp
from tests.benchmarks.judgement.programs import SPARSE, measured

SIZE = 32


def stuck(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A loop that sets its index back before each batch."""
    while True:
        start = 0
        yield x[start : start + SIZE], y[start : start + SIZE]
        start += SIZE


def fit_on(batches, model, data: Data, directory, **compiled):
    model.compile(**compiled)
    held_out = (data.x_test, data.y_test)
    model.fit(
        batches(data.x, data.y),
        steps_per_epoch=len(data.x) // SIZE,
        epochs=10,
        verbose=0,
        validation_data=held_out,
        callbacks=[diagnostics.ProbeCallback(directory)],
    )
    return measured(model, data)


@ill("repeated_batches", "over_fitting", twin="healthy_mlp/digits_adam")
def digits_by_a_generator(directory):
    model = mlp(64, 10, output="softmax")
    return fit_on(stuck, model, digits(), directory, optimizer="adam", loss=SPARSE, metrics=["accuracy"])


@ill("repeated_batches", "over_fitting", twin="healthy_mlp/friedman_adam")
def numbers_by_a_generator(directory):
    return fit_on(stuck, mlp(10, 1), friedman(), directory, optimizer="adam", loss="mse")
