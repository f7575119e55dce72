"""Intercepts ``keras.Model.fit``, and notices that it has ended."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import keras

from probes.seams.listeners import replaced

SYMBOLIC_BUILD = "_symbolic_build"
"""Keras' private name for what makes the variables of loss and metrics without a step."""

Fit = Callable[..., Any]
RunFit = Callable[[Fit, inspect.BoundArguments], Any]
"""Takes Keras' own ``fit`` and the arguments of a call, the model first; returns the result of ``fit``."""


def every_fit_through(run: RunFit) -> AbstractContextManager[None]:
    """Inside the ``with`` block, ``run`` carries out every call of ``keras.Model.fit`` in the process, on all threads."""

    def replacement(original: Fit) -> Fit:
        signature = inspect.signature(original)

        def fit(model: keras.Model, *args: Any, **options: Any) -> Any:
            try:
                bound = signature.bind(model, *args, **options)
            except TypeError:  # Keras explains best what is wrong with the arguments
                return original(model, *args, **options)
            return run(original, bound)

        return fit

    owner = next(kind for kind in keras.Model.__mro__ if "fit" in vars(kind))
    return replaced(owner, "fit", replacement)


def running_callback_list() -> keras.callbacks.CallbackList | None:
    """The list that calls a callback's ``on_train_begin``, for use inside that method.

    ``fit`` holds the list in a local variable, which is freed when ``fit`` ends. Keras calls no callback when ``fit`` ends by
    an exception, and gives no callback the list; the local variables of the callers are the only way to reach it.

    Returns:
        The list; ``None`` if a script calls the callback itself, or this Python does not show callers.
    """
    frame = inspect.currentframe()
    while frame is not None:
        called = frame.f_locals.get("self") if frame.f_code.co_name == "on_train_begin" else None
        if isinstance(called, keras.callbacks.CallbackList):
            return called
        frame = frame.f_back
    return None


CALLS = ("on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end")
CALLS += ("on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end")


def hear_errors(callbacks: keras.callbacks.CallbackList, raised: Callable[[BaseException], None]) -> None:
    """Call ``raised`` with what any of the callbacks raises in this ``fit``; the exception goes on."""
    owner = weakref.ref(
        callbacks
    )  # no circle: ``fit`` frees its list when it ends, which `running_callback_list` is for

    for name in CALLS:
        setattr(callbacks, name, partial(heard_call, owner, getattr(type(callbacks), name), raised))


def heard_call(owner: Any, original: Any, raised: Callable[[BaseException], None], *args: Any, **options: Any) -> Any:
    """Call a method of what ``owner`` refers to; tell of what it raises."""
    try:
        return original(owner(), *args, **options)
    except BaseException as error:
        raised(error)
        raise


@contextmanager
def attribute_set(model: keras.Model, name: str, value: Any) -> Iterator[None]:
    """Set an attribute of one model inside the ``with`` block, without Keras tracking it."""
    attributes: dict[str, Any] = model.__dict__
    before = {name: attributes[name]} if name in attributes else {}
    attributes[name] = value
    try:
        yield
    finally:
        del attributes[name]
        attributes.update(before)


def build_compiled(model: keras.Model, batch: Any) -> None:
    """Make the variables of the loss and metrics given to ``compile``, which Keras makes in the first training step.

    Args:
        model: a compiled model.
        batch: what ``fit`` would train on; no step is made.
    """
    build = getattr(model, SYMBOLIC_BUILD, None)
    if build is not None:
        build(data_batch=batch)
