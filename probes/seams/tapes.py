"""Reports gradient tapes on this thread, and the layers called inside them, while someone listens.

``tf.GradientTape.__enter__`` and ``__exit__`` and ``keras.Layer.__call__`` are replaced while there is a listener in the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import keras
import tensorflow as tf

from probes.seams.listeners import Listeners, replaced


class TapeListener(Protocol):
    """Is notified of tapes and layer calls."""

    def enter_tape(self) -> None:
        """A tape is about to record."""

    def leave_tape(self) -> None:
        """A tape is about to stop recording."""

    def enter_layer(self, layer: keras.Layer) -> None:
        """A layer is called; Keras has not yet checked the arguments or built the layer."""

    def leave_layer(self) -> None:
        """The call has returned or raised."""


def hearing_tapes(listener: TapeListener) -> AbstractContextManager[None]:
    """Report tapes and layer calls on this thread to ``listener`` inside the ``with`` block."""
    return _listeners.added(listener)


def hearing_tapes_everywhere(of_thread: Callable[[], TapeListener]) -> AbstractContextManager[None]:
    """The same on all threads; ``of_thread`` returns the listener of the thread that calls it."""
    return _listeners.everywhere(of_thread)


def unheard() -> AbstractContextManager[None]:
    """Inside the ``with`` block, report tapes and layer calls on this thread only to listeners added in it."""
    return _listeners.muted()


@contextmanager
def _installed() -> Iterator[None]:
    tape = tf.GradientTape
    with (
        replaced(tape, "__enter__", _entering),
        replaced(tape, "__exit__", _leaving),
        replaced(keras.Layer, "__call__", _calling),
    ):
        yield


def _entering(original: Any) -> Any:
    def enter(tape: Any) -> Any:
        for listener in _listeners.here():
            listener.enter_tape()
        return original(tape)

    return enter


def _leaving(original: Any) -> Any:
    def leave(tape: Any, *error: Any) -> Any:
        for listener in _listeners.here():
            listener.leave_tape()
        return original(tape, *error)

    return leave


def _calling(original: Any) -> Any:
    def call(layer: keras.Layer, *args: Any, **options: Any) -> Any:
        listeners = _listeners.here()
        for listener in listeners:
            listener.enter_layer(layer)
        try:
            return original(layer, *args, **options)
        finally:
            for listener in listeners:
                listener.leave_layer()

    return call


_listeners = Listeners[TapeListener](_installed)
