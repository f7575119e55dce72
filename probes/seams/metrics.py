"""Reports what Keras metrics add up and return on this thread, while someone listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import keras

from probes.seams.listeners import Listeners, replaced


class MetricListener(Protocol):
    """Is notified of metrics."""

    def added(self, variable: keras.Variable, value: Any) -> None:
        """A value was added to a Keras variable, such as the sum or the count of a metric."""

    def returned(self, metric: keras.metrics.Mean, result: Any) -> None:
        """A mean has returned its result."""


def hearing_metrics(listener: MetricListener) -> AbstractContextManager[None]:
    """Report to ``listener`` inside the ``with`` block."""
    return _listeners.added(listener)


@contextmanager
def _installed() -> Iterator[None]:
    owner = next(kind for kind in keras.Variable.__mro__ if "assign_add" in vars(kind))
    with replaced(owner, "assign_add", _adding), replaced(keras.metrics.Mean, "result", _returning):
        yield


def _adding(original: Any) -> Any:
    def assign_add(variable: keras.Variable, value: Any) -> Any:
        for listener in _listeners.here():
            listener.added(variable, value)
        return original(variable, value)

    return assign_add


def _returning(original: Any) -> Any:
    def result(metric: keras.metrics.Mean) -> Any:
        returned = original(metric)
        for listener in _listeners.here():
            listener.returned(metric, returned)
        return returned

    return result


_listeners = Listeners[MetricListener](_installed)
