"""Keras callbacks in the built-in loop, called as ``fit`` calls them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras

from probes.errors import UsageError
from probes.seams.fit import attribute_set


@contextmanager
def running_callbacks(
    given: Iterable[Any] | keras.callbacks.Callback | None,
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    epochs: int,
) -> Iterator[keras.callbacks.CallbackList]:
    """Call the callbacks' begin and end of training around the ``with`` block; the others are to be called inside it.

    Args:
        given: callbacks, or one.
        model: the model; inside the block, its ``optimizer`` is the Trainer's, which callbacks look for there.
        optimizer: the Trainer's.
        epochs: what callbacks are told.

    Raises:
        UsageError: something that is no callback.
    """
    callbacks = [*given] if isinstance(given, Iterable) else [] if given is None else [given]
    for each in callbacks:
        if not isinstance(each, keras.callbacks.Callback):
            do = "give keras.callbacks.Callback objects"
            raise UsageError(what="this is no callback", where="Trainer.fit(callbacks=...)", got=repr(each), do=do)
    with ExitStack() as stack:
        if callbacks:
            stack.enter_context(attribute_set(model, "optimizer", optimizer))
            stack.enter_context(attribute_set(model, "stop_training", False))
        called = keras.callbacks.CallbackList(callbacks, model=model, epochs=epochs)
        called.on_train_begin()
        yield called
        called.on_train_end()
