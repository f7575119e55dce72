"""Undoes a step inside the compiled function, as if its batch had not come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from probes.seams.graph import held_by, read


class Undo:
    """Holds the values of variables from before a step.

    Args:
        variables: whatever the step may change: weights, optimizer, statistics, metrics.
    """

    def __init__(self, variables: Iterable[Any]) -> None:
        unique = {id(held_by(variable)): held_by(variable) for variable in variables}
        self._before = [(variable, read(variable)) for variable in unique.values()]

    def unless(self, finite: tf.Tensor) -> None:
        """Write the values back if the step was not finite.

        Args:
            finite: a boolean scalar.
        """

        def keep() -> tf.Tensor:
            return tf.constant(True)

        def undo() -> tf.Tensor:
            for variable, value in self._before:
                variable.assign(value)
            return tf.constant(False)

        tf.cond(finite, keep, undo)
