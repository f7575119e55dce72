"""The loss of every step, kept on the device until it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from probes.measuring import replicas
from probes.measuring.due import Due
from probes.measuring.targets import Targets
from probes.seams.graph import Variable, key_of

if TYPE_CHECKING:
    import pandas as pd

MOST_STEPS = 65_536
"""Losses kept until they are read: half a megabyte."""


class Losses:
    """A ring of the last losses; unlike readings of probes, there is one for each step.

    Args:
        capacity: losses kept until they are read.
    """

    def __init__(self, capacity: int = MOST_STEPS) -> None:
        self._room, self._next = capacity, 0
        # Step and value in one row, written by one operation. Float64 holds both exactly.
        self._rows = replicas.alone(lambda: tf.Variable(tf.constant(self._empty()), trainable=False, name="losses"))

    def record(
        self, number: tf.Tensor, targets: Targets, variables: Sequence[Variable], applied: Sequence[Any]
    ) -> None:
        """Keep a step's loss, summed over replicas, if a tape showed it.

        Args:
            number: the step's, an int64 scalar.
            targets: what tapes differentiated in the step.
            variables: the model's trainable variables.
            applied: the gradients that the optimizer was given.
        """
        scales = {} if targets.scale is None else dict.fromkeys(map(key_of, variables), targets.scale)
        losses = [*targets.losses(variables, applied, scales).values()]
        if not losses:
            return
        own = losses[0] if len(losses) == 1 else tf.add_n(losses)
        if replicas.count() == 1:
            self._write(number, own)
        else:
            replicas.with_rows(own[None], lambda rows: self._write(number, tf.reduce_sum(rows)), Due(True))

    def read(self) -> pd.DataFrame:
        """Step and loss of the steps since the last call, in order; steps whose loss was not seen are missing."""
        import pandas as pd  # noqa: PLC0415 - probes need it only here

        steps, losses = self._rows.numpy().T
        new = np.flatnonzero(steps >= self._next)
        order = new[np.argsort(steps[new])]
        self._next = int(steps[order[-1]]) + 1 if len(order) else self._next
        return pd.DataFrame({"step": steps[order].astype(np.int64), "loss": losses[order]})

    def forget(self) -> None:
        """Drop everything, and expect step 0 next."""
        self._rows.assign(self._empty())
        self._next = 0

    def _empty(self) -> np.ndarray:
        return np.full((self._room, 2), -1.0)

    def _write(self, number: tf.Tensor, loss: tf.Tensor) -> list[tf.Tensor]:
        place = tf.math.floormod(number, tf.constant(self._room, tf.int64))
        row = tf.stack([tf.cast(number, tf.float64), tf.cast(loss, tf.float64)])
        self._rows.scatter_update(tf.IndexedSlices(row[None], place[None]))
        return []
