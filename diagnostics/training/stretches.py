"""Many training steps a call, of which those that no probe measures run without anything of the probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import tensorflow as tf

from diagnostics.training.replicas import Batches
from probes.monitor import Monitor

Results: TypeAlias = "tuple[tf.Tensor, tf.Tensor]"
"""Loss before the update and learning rate of each step, ``[steps]`` each."""

Steps = Callable[[Batches, tf.Tensor], Results]
"""Takes an iterator over batches and a number of steps."""

Run = Callable[[Batches, int], Results]
"""The same, with a number that the host knows."""


class Stretches:
    """Runs steps that are not measured in a loop without probes, and those that are in another.

    One loop for both would need a branch, which every step carries along. Where random operations keep their state in the
    compiled function, there is one loop with a branch: two would draw from two states.

    Args:
        monitor: the probes.
        bare: the loop without probes, traced inside ``monitor.inert()``.
        measuring: the loop with probes.
        splits: whether steps may run in two loops; asked once ``measuring`` was traced.

    Attributes:
        splits: the answer; ``None`` until it is known.
    """

    def __init__(self, monitor: Monitor, bare: Steps, measuring: Steps, splits: Callable[[], bool]) -> None:
        self._monitor, self._bare, self._measuring, self._may_split = monitor, bare, measuring, splits
        self.splits: bool | None = None

    def __call__(self, batches: Batches, count: int) -> Results:
        """The next ``count`` steps; see ``TrainingStep.run``."""
        results = list(self._run(batches, count))
        if len(results) == 1:
            return results[0]
        losses, rates = zip(*results, strict=True)
        return tf.concat(losses, 0), tf.concat(rates, 0)

    def _run(self, batches: Batches, left: int) -> Iterator[Results]:
        while left:
            is_due, steps = self._next_stretch(left)
            yield self._measure(batches, steps) if is_due else self._pass_over(batches, steps)
            left -= steps

    def _next_stretch(self, most: int) -> tuple[bool, int]:
        """Whether the next steps are to be measured, and how many of them are alike in this."""
        if self.splits is False:
            return True, most
        first = self._monitor.count.upcoming()
        is_due = self.splits is None or self._monitor.is_due(first)
        differing = (passed for passed in range(1, most) if self._monitor.is_due(first + passed) != is_due)
        return is_due, next(differing, most)

    def _pass_over(self, batches: Batches, steps: int) -> Results:
        with self._monitor.inert():
            results = self._bare(batches, tf.constant(steps))
        self._monitor.count.pass_over(steps)
        return results

    def _measure(self, batches: Batches, steps: int) -> Results:
        count = self._monitor.count
        count.catch_up()
        try:
            results = self._measuring(batches, tf.constant(steps))
        except BaseException:
            count.ask_again()  # some of the steps may have run
            raise
        count.follow(steps)
        if self.splits is None:
            self.splits = self._may_split()
        return results
