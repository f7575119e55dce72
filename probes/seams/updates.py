"""Tells of every update that a Keras optimizer makes on this thread, while someone listens.

``apply`` of every optimizer class that defines one is replaced while at least one listener is active in the process, and put
back when the last one leaves, also when it leaves by an exception. An optimizer inside another (loss scaling) is not told of.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import keras

_thread = threading.local()
_lock = threading.Lock()
_listening = 0
_originals: dict[type, Any] = {}


class UpdateListener(Protocol):
    """Whoever wants to know of an optimizer's updates."""

    def before_update(self, optimizer: Any) -> None:
        """The optimizer is about to change weights."""

    def after_update(self, optimizer: Any, gradients: Sequence[Any], variables: Sequence[Any]) -> None:
        """It has changed these variables, given these gradients (``None``: not connected)."""


@contextmanager
def hearing_updates(listener: UpdateListener) -> Iterator[None]:
    """Tell ``listener`` of every update on this thread inside the ``with`` block."""
    _count(+1)
    _listeners().append(listener)
    try:
        yield
    finally:
        _listeners().remove(listener)
        _count(-1)


def _listeners() -> list[UpdateListener]:
    if not hasattr(_thread, "listeners"):
        _thread.listeners = []
    return _thread.listeners


def _count(change: int) -> None:
    global _listening  # noqa: PLW0603 - the state of a process-wide replacement
    with _lock:
        if _listening == 0:
            for kind in _classes(_root()):
                _originals[kind] = vars(kind)["apply"]
                kind.apply = _told(_originals[kind])
        _listening += change
        if _listening == 0:
            for kind, original in _originals.items():
                kind.apply = original
            _originals.clear()


def _root() -> Any:
    """The class that all optimizers derive from, the one that scales the loss, too."""
    return next(kind for kind in reversed(keras.optimizers.Optimizer.__mro__) if "apply" in vars(kind))


def _classes(kind: type) -> list[Any]:
    """The class and all below it that define ``apply`` themselves."""
    below = [each for subclass in kind.__subclasses__() for each in _classes(subclass)]
    return list(dict.fromkeys([*([kind] if "apply" in vars(kind) else []), *below]))


def _told(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def apply(optimizer: Any, grads: Any, *args: Any, **options: Any) -> Any:
        listeners = tuple(_listeners())
        if not listeners or getattr(_thread, "updating", False):
            return original(optimizer, grads, *args, **options)
        grads, args, options = list(grads), tuple(map(_kept, args)), {name: _kept(v) for name, v in options.items()}
        _thread.updating = True
        try:
            for listener in listeners:
                listener.before_update(optimizer)
            result = original(optimizer, grads, *args, **options)
            variables = next(iter([*args, *options.values()]), None)
            for listener in listeners:
                listener.after_update(
                    optimizer, grads, optimizer._trainable_variables if variables is None else variables
                )
        finally:
            _thread.updating = False
        return result

    return apply


def _kept(argument: Any) -> Any:
    """An iterator's content, which would be used up by whoever looks first."""
    return list(argument) if isinstance(argument, Iterator) else argument
