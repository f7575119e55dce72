"""Many training steps a call, of which those that no probe measures run without anything of the probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import tensorflow as tf

from diagnostics.training.replicas import Batches
from probes.monitor import Monitor
from probes.two_functions import can_be_split

Results: TypeAlias = "tuple[tf.Tensor, tf.Tensor]"
"""Loss before the update and learning rate of each step, ``[steps]`` each."""

Steps = Callable[[Batches, tf.Tensor], Results]
"""Takes an iterator over batches and a number of steps."""

Run = Callable[[Batches, int], Results]
"""The same, with a number that the host knows."""


class Stretches:
    """Runs stretches of steps that are not measured as one call, and each measured step as a call of its own.

    Inside one compiled loop a measured step needs a branch, which every other step carries along. A step whose random
    operations keep their state in the compiled function cannot be compiled twice; it runs in one loop, with a branch.

    Args:
        monitor: the probes.
        bare: the loop without probes, traced inside ``monitor.inert()``.
        measuring: the loop with probes.
        measuring_once: the step with probes, from the batches alone.
    """

    def __init__(
        self, monitor: Monitor, bare: Steps, measuring: Steps, measuring_once: Callable[[Batches], Results]
    ) -> None:
        self._monitor, self._bare = monitor, bare
        self._measuring, self._measuring_once = measuring, measuring_once
        self._splits: bool | None = None

    def __call__(self, batches: Batches, count: int) -> Results:
        """The next ``count`` steps; see ``TrainingStep.run``."""
        results = list(self._run(batches, count))
        if len(results) == 1:
            return results[0]
        losses, rates = zip(*results, strict=True)
        return tf.concat(losses, 0), tf.concat(rates, 0)

    def _run(self, batches: Batches, count: int) -> Iterator[Results]:
        while count:
            if self._splits is False:
                yield self._measuring(batches, tf.constant(count))
                return
            idle = self._idle(count)
            yield self._pass_over(batches, idle) if idle else self._measure(batches)
            count -= idle or 1

    def _idle(self, most: int) -> int:
        """How many of the next steps are not measured; none before it is known whether steps can be split."""
        if self._splits is None:
            return 0
        upcoming = self._monitor.count.upcoming()
        return next((passed for passed in range(most) if self._monitor.is_due(upcoming + passed)), most)

    def _pass_over(self, batches: Batches, steps: int) -> Results:
        with self._monitor.inert():
            results = self._bare(batches, tf.constant(steps))
        self._monitor.count.pass_over(steps)
        return results

    def _measure(self, batches: Batches) -> Results:
        count = self._monitor.count
        count.catch_up()
        results = self._measuring_once(batches)
        count.follow()
        if self._splits is None:
            self._splits = can_be_split(self._monitor.traced)
        return results
