"""Reports every update that a Keras optimizer makes on this thread, while someone listens.

``apply`` of every optimizer class that defines one is replaced while there is a listener in the process. An optimizer inside
another (loss scaling) is not reported.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Protocol

import keras
import tensorflow as tf

from probes.seams.listeners import Listeners, replaced

BUILT_FOR = "_trainable_variables"
"""Keras' private list of the variables that an optimizer was built for; ``apply(gradients)`` alone updates these."""

NO_VARIABLES = (
    "an update is not measured: optimizer.apply(gradients) was called without variables, and this version of Keras "
    "does not show which ones it updates; call optimizer.apply(gradients, model.trainable_variables)"
)


class UpdateListener(Protocol):
    """Is notified of an optimizer's updates."""

    def before_update(self, optimizer: keras.optimizers.Optimizer) -> None:
        """The optimizer is about to change weights."""

    def after_update(
        self, optimizer: keras.optimizers.Optimizer, gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        """It has changed these variables, given these gradients (``None``: not connected)."""


def hearing_updates(listener: UpdateListener) -> AbstractContextManager[None]:
    """Report every update on this thread to ``listener`` inside the ``with`` block."""
    return _listeners.added(listener)


def loss_scale(optimizer: Any) -> tf.Tensor | None:
    """The factor by which the optimizer multiplies the loss now, a float32 scalar; ``None`` if it does not scale."""
    names = ("dynamic_scale", "initial_scale", "loss_scale_factor")  # the second until the optimizer is built
    scale = next((scale for name in names if (scale := getattr(optimizer, name, None)) is not None), None)
    return None if scale is None else tf.cast(tf.convert_to_tensor(scale), tf.float32)


def hearing_updates_everywhere(of_thread: Callable[[], UpdateListener]) -> AbstractContextManager[None]:
    """The same on all threads; ``of_thread`` returns the listener of the thread that calls it."""
    return _listeners.everywhere(of_thread)


def unheard() -> AbstractContextManager[None]:
    """Inside the ``with`` block, report updates on this thread only to listeners added in it."""
    return _listeners.muted()


@contextmanager
def _installed() -> Iterator[None]:
    with ExitStack() as replacements:
        for kind in _classes(_root()):
            replacements.enter_context(replaced(kind, "apply", _reporting))
        yield


def _root() -> Any:
    """The class that all optimizers derive from, including the one that scales the loss."""
    return next(kind for kind in reversed(keras.optimizers.Optimizer.__mro__) if "apply" in vars(kind))


def _classes(kind: type) -> list[Any]:
    """The class and all below it that define ``apply`` themselves."""
    below = [each for subclass in kind.__subclasses__() for each in _classes(subclass)]
    return list(dict.fromkeys([*([kind] if "apply" in vars(kind) else []), *below]))


def _reporting(original: Any) -> Any:
    def apply(optimizer: keras.optimizers.Optimizer, grads: Any, *args: Any, **options: Any) -> Any:
        listeners = _listeners.here()
        if not listeners or getattr(_thread, "updating", False):
            return original(optimizer, grads, *args, **options)
        grads, args, options = list(grads), tuple(map(_kept, args)), {name: _kept(v) for name, v in options.items()}
        _thread.updating = True
        try:
            for listener in listeners:
                listener.before_update(optimizer)
            result = original(optimizer, grads, *args, **options)
            variables = _updated(optimizer, next(iter([*args, *options.values()]), None))
            if variables is None:
                return result
            for listener in listeners:
                listener.after_update(optimizer, grads, variables)
        finally:
            _thread.updating = False
        return result

    return apply


def _updated(optimizer: keras.optimizers.Optimizer, given: Any) -> Any:
    """The variables of an update; ``None`` if they are not known."""
    if given is not None:
        return given
    if not hasattr(optimizer, BUILT_FOR):
        warnings.warn(NO_VARIABLES, stacklevel=4)
        return None
    return getattr(optimizer, BUILT_FOR)


def _kept(argument: Any) -> Any:
    """A list in place of an iterator, which can be read only once."""
    return list(argument) if isinstance(argument, Iterator) else argument


_thread = threading.local()
_listeners = Listeners[UpdateListener](_installed)
