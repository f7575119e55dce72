"""Repeats the batches that a training has seen, so that it goes on with the next; refuses data that cannot be repeated."""

from __future__ import annotations

import tensorflow as tf

from diagnostics.training.replicas import Batches
from probes.errors import UsageError
from probes.seams.datasets import randomness_of


def check_repeatable(dataset: object, where: str) -> None:
    """Refuse a data set whose batches come in another order the next time.

    Args:
        dataset: a ``tf.data.Dataset``; of anything else, and of what Python code does inside one, nothing is known.
        where: the argument, named in errors.

    Raises:
        UsageError: it shuffles or draws without a seed, or does not keep to an order.
    """
    unseeded = randomness_of(dataset)
    if unseeded:
        raise UsageError(
            what="this training could not be resumed, because its batches cannot be repeated",
            where=where,
            got=f"a data set with {unseeded[0]}",
            do="give shuffle a seed (or seed everything first, with keras.utils.set_random_seed), and leave out "
            "deterministic=False; or leave checkpoint_every out",
        )


def pass_over(batches: Batches, steps: int) -> int:
    """Take batches and drop them.

    Args:
        batches: an iterator over a data set.
        steps: how many.

    Returns:
        How many there were.
    """
    for step in range(steps):
        try:
            batches.get_next()
        except (StopIteration, tf.errors.OutOfRangeError):
            return step
    return steps


def pass_over_all(dataset: tf.data.Dataset) -> None:
    """Take and drop all batches, to the end of the data."""
    for _ in dataset:
        pass


def not_repeated(got: str, where: str) -> UsageError:
    """The error for an input that was shorter this time."""
    return UsageError(
        what="this training cannot be resumed: its batches do not repeat",
        where=where,
        got=got,
        do="give fit the same data as before, from its beginning",
    )
