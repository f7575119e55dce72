"""A training step as two functions: one with probes for steps that are measured, and the user's own for all others."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import tensorflow as tf

from probes.measuring.step_count import StepCount
from probes.seams.nest import Nest
from probes.seams.random_kernels import random_kernels


class Measures(Protocol):
    """What is asked of a monitor."""

    count: StepCount

    def is_due(self, step: int) -> bool:
        """Whether any probe measures this step."""
        ...

    def inert(self) -> AbstractContextManager[None]:
        """Inside the block, what is traced has no probes."""
        ...

    @property
    def traced(self) -> tf.Graph | None:
        """The graph in which a step was traced last; ``None`` when eager."""
        ...


class TwoFunctions:
    """Calls one of two compiled forms of a training step, as the host decides.

    The first call measures, and shows whether the step can be split at all: not if a call is no single step, or if it
    holds random operations whose state lies in the function (``tf.random.normal``), which two functions would each
    have for themselves. Then every call runs the function with probes, which has a branch for them.

    Args:
        monitor: the probes.
        bare: the step without probes, traced inside ``monitor.inert()``.
        measuring: the step with probes.

    Attributes:
        splits: whether the step can be split, as far as is known.
    """

    def __init__(self, monitor: Measures, bare: Callable[..., Any], measuring: Callable[..., Any]) -> None:
        self._monitor, self._bare, self._measuring = monitor, bare, measuring
        self._known: object = self  # the graph that was looked at last; at first none, not even the eager ``None``
        self.splits = False

    def __call__(self, *args: Any, **options: Any) -> Nest:
        """Run one step."""
        count = self._monitor.count
        if not self.splits or self._monitor.is_due(count.upcoming()):
            return self._measured(*args, **options)
        with self._monitor.inert():
            result = self._bare(*args, **options)
        count.pass_over()
        return result

    def _measured(self, *args: Any, **options: Any) -> Nest:
        count, is_first = self._monitor.count, self._known is self
        count.catch_up()
        before = count.total if is_first else 0
        try:
            result = self._measuring(*args, **options)
        except BaseException:
            count.ask_again()
            raise
        count.follow() if self.splits else count.ask_again()
        if is_first:  # the only time that the host waits for the device
            self.splits = count.total == before + 1
        if self._monitor.traced is not self._known:
            self._known = self._monitor.traced
            self.splits = self.splits and _can_be_split(self._known)
        return result


def _can_be_split(graph: tf.Graph | None) -> bool:
    """Whether a step traced in this graph is a function of its arguments and variables, called once a step."""
    while graph is not None:
        if graph.name.startswith(("while_", "cond_")):  # what runs in a loop or branch may run any number of times
            return False
        outer = getattr(graph, "outer_graph", None)
        if not hasattr(outer, "outer_graph"):
            return not random_kernels(graph.as_graph_def())
        graph = outer
    return True


def decorated(monitor: Measures, step: Callable[..., Any], options: dict[str, Any]) -> Callable[..., Any]:
    """What ``Monitor.function`` makes of a step; ``options`` go to ``tf.function``."""
    bare, measuring = (tf.function(step, **options) for _ in range(2))
    return functools.wraps(step)(TwoFunctions(monitor, bare, measuring))
