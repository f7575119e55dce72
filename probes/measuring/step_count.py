"""The number of the step, on the device, and what the host knows of it."""

from __future__ import annotations

import tensorflow as tf

from probes.measuring import replicas


class StepCount:
    """Counts steps: measured functions count on the device; steps that run without probes are counted by the host."""

    def __init__(self) -> None:
        self._on_device = replicas.alone(
            lambda: tf.Variable(tf.zeros([], tf.int64), trainable=False, name="monitored_steps")
        )
        self._known: int | None = None
        self._passed_over = 0

    def number(self) -> tf.Tensor:
        """The number of the step that runs or is traced."""
        return self._on_device.read_value()

    def advance(self) -> None:
        """In a step that counts itself: the next one begins."""
        replicas.once(lambda: self._on_device.assign_add(1))

    @property
    def total(self) -> int:
        """Steps so far; waits for the device."""
        return int(self._on_device) + self._passed_over

    def upcoming(self) -> int:
        """The number of the next step, if each call of a function is one step; the device is asked only at first."""
        if self._known is None:
            self._known = self.total
        return self._known

    def pass_over(self, steps: int = 1) -> None:
        """Steps have run that do not count themselves."""
        self._passed_over += steps
        self._known = self.upcoming() + steps

    def catch_up(self) -> None:
        """Before a step that counts itself: let the device know what was passed over."""
        if self._passed_over:
            self._on_device.assign_add(self._passed_over)
            self._passed_over = 0

    def follow(self, steps: int = 1) -> None:
        """After steps that have counted themselves."""
        self._known = self.upcoming() + steps

    def ask_again(self) -> None:
        """After a step that may have failed half-way: what the host knows may be wrong."""
        self._known = None

    def reset(self) -> None:
        """Count from 0."""
        self.go_on_from(0)

    def go_on_from(self, steps: int) -> None:
        """The next step has this number."""
        self._on_device.assign(steps)
        self._known, self._passed_over = None, 0
