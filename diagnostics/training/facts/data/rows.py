"""Rows of small vectors that a step writes on the device, and the host reads when it reads anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from probes.measuring import replicas
from probes.measuring.due import Due

Parts = Mapping[tuple[str, str], tf.Tensor]
"""Vectors of fixed size by (tensor, statistic)."""


@dataclass(frozen=True)
class Row:
    """What one step wrote.

    Attributes:
        step: the step.
        values: arrays by tensor, then by statistic.
    """

    step: int
    values: dict[str, dict[str, np.ndarray]]


class Rows:
    """A ring of rows on the device; the columns are those of the first trace.

    Args:
        room: rows that are kept until they are read; further ones take the place of the oldest.
        limit: rows in all, after which a step writes nothing; ``None``: no end.
    """

    def __init__(self, room: int, limit: int | None = None) -> None:
        self._room, self._limit = room, limit
        self._places: dict[tuple[str, str], tuple[int, ...]] | None = None
        self._read = 0
        self._written = replicas.alone(
            lambda: tf.Variable(tf.zeros([], tf.int64), trainable=False, name="rows_written")
        )

    def write(self, step: tf.Tensor, due: Due, measure: Callable[[], Parts]) -> None:
        """Write a row in a step that is due; of several replicas, that of the first.

        Args:
            step: the step's number.
            due: whether this step is measured.
            measure: makes the row; traced as part of a branch that runs when the step is due.
        """
        if self._limit is not None:
            due = Due(tf.logical_and(due.value, self._written < self._limit))  # pyright: ignore[reportOperatorIssue]
        if replicas.count() > 1:
            vector = self._packed(measure())
            if vector is not None:
                replicas.with_rows(vector, lambda rows: self._put(step, rows[0]), due)
            return

        def work() -> list[tf.Tensor]:
            vector = self._packed(measure())
            if vector is not None:
                self._put(step, vector)
            return []

        due.apart.when(work)

    def take(self) -> list[Row]:
        """The rows since the last call, in their order."""
        if self._places is None:
            return []
        written = int(self._written)
        first = max(self._read, written - self._room)
        places = np.arange(first, written) % self._room
        self._read = written
        if not len(places):
            return []
        values, steps = tf.gather(self._values, places).numpy(), tf.gather(self._steps, places).numpy()
        return [Row(int(step), self._unpacked(row)) for step, row in zip(steps, values, strict=True)]

    def forget(self) -> None:
        """Begin anew."""
        self._read = 0
        self._written.assign(0)

    def _packed(self, parts: Parts) -> tf.Tensor | None:
        """The row as a vector; ``None`` where this trace sees other tensors than the first."""
        shapes = {key: tuple(each or 0 for each in part.shape) for key, part in parts.items()}
        if self._places is None:
            self._open(shapes)
        if shapes != self._places or not parts:
            return None
        return tf.concat([tf.reshape(part, [-1]) for part in parts.values()], axis=0)

    def _open(self, shapes: dict[tuple[str, str], tuple[int, ...]]) -> None:
        self._places = shapes
        width = sum(map(math.prod, shapes.values()))
        replicas.alone(lambda: self._make_variables(width))

    def _make_variables(self, width: int) -> None:
        self._values = tf.Variable(tf.zeros([self._room, width]), trainable=False, name="rows")
        self._steps = tf.Variable(tf.zeros([self._room], tf.int64), trainable=False, name="steps_of_rows")

    def _put(self, step: tf.Tensor, vector: tf.Tensor) -> list[tf.Tensor]:
        place = self._written % self._room  # pyright: ignore[reportOperatorIssue]
        self._values.scatter_update(tf.IndexedSlices(vector[None], place[None]))
        self._steps.scatter_update(tf.IndexedSlices(step[None], place[None]))
        self._written.assign_add(1)
        return []

    def _unpacked(self, vector: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
        found: dict[str, dict[str, np.ndarray]] = {}
        at = 0
        for (tensor, name), shape in (self._places or {}).items():
            size = math.prod(shape)
            found.setdefault(tensor, {})[name] = vector[at : at + size].reshape(shape).astype(np.float64)
            at += size
        return found
