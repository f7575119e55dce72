"""Which steps are measured, and where their windows begin and end, on the device."""

from __future__ import annotations

import tensorflow as tf

from probes.cadence import Cadence
from probes.measuring import replicas
from probes.measuring.due import Due


class Schedule:
    """A cadence as values on the device, so that changing it traces nothing anew.

    Args:
        cadence: which steps are measured; ``Cadence.is_due`` says the same on the host.
    """

    def __init__(self, cadence: Cadence) -> None:
        self.cadence, self._factor = cadence, 1
        self._every = replicas.alone(
            lambda: tf.Variable(tf.constant(cadence.every, tf.int64), trainable=False, name="every")
        )

    def due(self, step: tf.Tensor) -> Due:
        """Whether this step is measured."""
        if self.cadence.every == 1:
            return Due(True)
        regular = tf.equal(tf.math.floormod(step, self._every), 0)
        if not self.cadence.early:
            return Due(regular)
        power_of_two = tf.equal(tf.bitwise.bitwise_and(step, step - 1), 0)
        return Due(tf.logical_or(regular, tf.logical_and(step < self.cadence.every, power_of_two)))

    def is_due(self, step: int) -> bool:
        """The same on the host."""
        return self.cadence.is_due(step, self._factor)

    def slow_down(self, factor: int) -> None:
        """Multiply the cadence and its windows, which merge as many measured steps as before."""
        self._factor = factor
        if self.cadence.can_slow_down:
            self._every.assign(self.cadence.every * factor)

    def window(self) -> tf.Tensor:
        """Steps from the start of a window to that of the next."""
        return self._every * (self.cadence.window // self.cadence.every)

    def begins(self, phase: tf.Tensor) -> tf.Tensor:
        """Whether a measured step at this place in its window is the first of it."""
        return phase < self._every

    def completes(self, phase: tf.Tensor) -> tf.Tensor:
        """Whether a measured step at this place in its window is the last of it."""
        return phase + self._every >= self.window()
