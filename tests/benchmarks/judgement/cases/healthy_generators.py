"""Generators that move from batch to batch; written with the rule for those that do not in view."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tests.benchmarks.judgement.case import healthy
from tests.benchmarks.judgement.cases.repeated_batches import SIZE, fit_on
from tests.benchmarks.judgement.data import digits, friedman
from tests.benchmarks.judgement.nets import mlp
from tests.benchmarks.judgement.programs import SPARSE


def moving(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All batches in turn; the data are in random order."""
    while True:
        for start in range(0, len(x) - SIZE + 1, SIZE):
            yield x[start : start + SIZE], y[start : start + SIZE]


@healthy
def digits_by_a_generator_that_moves(directory):
    model = mlp(64, 10, output="softmax")
    return fit_on(moving, model, digits(), directory, optimizer="adam", loss=SPARSE, metrics=["accuracy"])


@healthy
def numbers_by_a_generator_that_moves(directory):
    return fit_on(moving, mlp(10, 1), friedman(), directory, optimizer="adam", loss="mse")
