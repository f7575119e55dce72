"""Where Keras' layers are touched: while someone listens, every layer call on this thread is told to them.

``keras.Operation.__call__`` is replaced while at least one listener is active in the process, and put back when the last one
leaves, also when it leaves by an exception. Layers themselves are never touched. Listeners belong to a thread: models that
run in other threads meanwhile are not seen.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import keras

_thread = threading.local()
_lock = threading.Lock()
_listening = 0
_original = keras.Operation.__call__


class Listener(Protocol):
    """Whoever wants to know of layer calls."""

    def enter(self, layer: keras.Layer, inputs: Any) -> None:
        """A layer is about to run on these arguments, in any structure."""

    def leave(self, layer: keras.Layer) -> None:
        """The layer has ended, by returning or raising."""

    def observe(self, layer: keras.Layer, outputs: Any) -> Any:
        """The layer, still entered, has returned this; what the listener returns takes its place."""


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell ``listener`` of every layer call on this thread inside the ``with`` block."""
    stack = _listeners()
    _count(+1)
    stack.append(listener)
    try:
        yield
    finally:
        stack.remove(listener)
        _count(-1)


@contextmanager
def unheard() -> Iterator[None]:
    """Tell nobody of what this thread calls inside the ``with`` block but those who begin to listen in it."""
    before = _listeners()
    _thread.listeners = []
    try:
        yield
    finally:
        _thread.listeners = before


def _listeners() -> list[Listener]:
    if not hasattr(_thread, "listeners"):
        _thread.listeners = []
    return _thread.listeners


def _count(change: int) -> None:
    global _listening, _original  # noqa: PLW0603 - the state of a process-wide replacement
    with _lock:
        if _listening == 0:
            _original = keras.Operation.__call__
            keras.Operation.__call__ = _told(_original)  # pyright: ignore[reportAttributeAccessIssue]
        _listening += change
        if _listening == 0:
            keras.Operation.__call__ = _original


def _told(original: Any) -> Any:
    @functools.wraps(original)
    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        listeners = tuple(_listeners())
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
