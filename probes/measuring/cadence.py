"""Which steps are measured, and where their windows begin and end."""

from __future__ import annotations

import tensorflow as tf

from probes.measuring import replicas
from probes.measuring.due import Due


class Cadence:
    """The steps that some probes measure; a value on the device, so that changing it traces nothing anew.

    Args:
        every: steps from one measured step to the next.
        window: steps merged into one reading, a multiple of ``every``.
    """

    def __init__(self, every: int, window: int) -> None:
        self._fixed_every, self.window = every, window
        self._every = replicas.alone(lambda: tf.Variable(tf.constant(every, tf.int64), trainable=False, name="every"))

    def due(self, step: tf.Tensor) -> Due:
        """Whether this step is measured."""
        return Due(self._fixed_every == 1 or tf.equal(tf.math.floormod(step, self._every), 0))

    @property
    def merges_steps(self) -> bool:
        """Whether a reading is made of several measured steps."""
        return self.window > self._fixed_every

    def slow_down(self, factor: int) -> None:
        """Multiply the cadence, where each measured step is a reading."""
        if self._fixed_every > 1 and not self.merges_steps:
            self._every.assign(self._fixed_every * factor)

    def begins(self, phase: tf.Tensor) -> tf.Tensor:
        """Whether a measured step at this place in its window is the first of it."""
        return phase < self._every

    def completes(self, phase: tf.Tensor) -> tf.Tensor:
        """Whether a measured step at this place in its window is the last of it."""
        return phase + self._every >= self.window
