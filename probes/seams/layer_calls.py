"""Reports every call of a Keras layer on this thread, while someone listens.

``keras.Operation.__call__`` is replaced while there is a listener in the process. Layers themselves are never changed.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

import keras

from probes.seams.listeners import Listeners, replaced


class Listener(Protocol):
    """Is notified of layer calls."""

    def enter(self, layer: keras.Layer, inputs: Any) -> None:
        """A layer is about to run on these arguments, in any structure."""

    def leave(self, layer: keras.Layer) -> None:
        """The layer has returned or raised."""

    def observe(self, layer: keras.Layer, outputs: Any) -> Any:
        """The layer has returned these outputs, and ``leave`` comes next; the listener returns what replaces them."""


def listening(listener: Listener) -> AbstractContextManager[None]:
    """Report every layer call on this thread to ``listener`` inside the ``with`` block."""
    return _listeners.added(listener)


def unheard() -> AbstractContextManager[None]:
    """Inside the ``with`` block, report layer calls on this thread only to listeners added in it."""
    return _listeners.muted()


def _reporting(original: Any) -> Any:
    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        listeners = _listeners.here()
        if not listeners or not isinstance(operation, keras.Layer):
            return original(operation, *args, **kwargs)
        for listener in listeners:
            listener.enter(operation, (args, kwargs))
        try:
            outputs = original(operation, *args, **kwargs)
            for listener in reversed(listeners):
                outputs = listener.observe(operation, outputs)
        finally:
            for listener in listeners:
                listener.leave(operation)
        return outputs

    return call


_listeners = Listeners[Listener](lambda: replaced(keras.Operation, "__call__", _reporting))
