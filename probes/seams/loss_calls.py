"""Reports the targets and predictions that a step gives to a loss, while someone listens on this thread.

While there is a listener in the process, ``keras.losses.Loss.__call__`` is replaced, and so are the functions that loops call
by name: those of ``keras.losses``, and TensorFlow's cross-entropies of logits. ``reported`` does the same for a function of the user's,
and ``report_batch`` for a batch whose loss is not heard. What a loss calls itself is not reported.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import tensorflow as tf

from probes.seams.listeners import Listeners, replaced

MASK = "_keras_mask"
"""Keras' private name for the mask of a tensor, by which its losses leave entries out."""


@dataclass(frozen=True)
class LossCall:
    """One call of a loss.

    Attributes:
        loss: the loss.
        targets: what it was given to compare with.
        predictions: what it compares.
        weight: the sample weights, if there are any.
        mask: true where an entry counts, if the predictions have a mask.
    """

    loss: Any
    targets: Any
    predictions: Any
    weight: Any = None
    mask: Any = None


class LossListener(Protocol):
    """Learns of batches and losses."""

    def see_batch(self, inputs: Any, targets: Any) -> None:
        """A step was given this batch."""

    def see_loss(self, call: LossCall) -> None:
        """A loss is about to be called."""


def hearing_losses(listener: LossListener) -> AbstractContextManager[None]:
    """Report losses on this thread to ``listener`` inside the ``with`` block."""
    return _listeners.added(listener)


def report_batch(data: Any) -> None:
    """Report what a training step was given: ``x``, ``(x, y)`` or ``(x, y, sample_weight)``."""
    if not _listeners.here():
        return
    try:
        inputs, targets, _ = keras.utils.unpack_x_y_sample_weight(data)
    except ValueError:  # a batch of another form, for a step that the user wrote
        inputs, targets = data, None
    for listener in _listeners.here():
        listener.see_batch(inputs, targets)


def reported(loss: Callable[..., Any]) -> Callable[..., Any]:
    """A loss whose calls are reported; a Keras loss is as it is."""
    if isinstance(loss, keras.losses.Loss):
        return loss

    @functools.wraps(loss)
    def call(y_true: Any, y_pred: Any, **options: Any) -> Any:
        _report(LossCall(loss, y_true, y_pred, options.get("sample_weight")))
        with _listeners.muted():
            return loss(y_true, y_pred, **options)

    return call


def _calling(original: Any) -> Any:
    def call(loss: Any, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        _report(LossCall(loss, y_true, y_pred, sample_weight, getattr(y_pred, MASK, None)))
        with _listeners.muted():
            return original(loss, y_true, y_pred, sample_weight)

    return call


@functools.cache
def _heard(function: Callable[..., Any], like: Callable[..., Any] | None) -> Callable[..., Any]:
    """The function, whose calls are reported as those of ``like``, or of itself with the settings that it is given."""
    parameters = [*inspect.signature(function).parameters][:2]

    @functools.wraps(function)
    def call(*compared: Any, **options: Any) -> Any:
        named = dict(zip(parameters, compared, strict=False)) | options
        if all(named.get(name) is not None for name in parameters):
            settings = {name: value for name, value in options.items() if name not in (*parameters, "name")}
            loss = like or (functools.partial(function, **settings) if settings else function)
            _report(LossCall(loss, *(named[name] for name in parameters)))
        with _listeners.muted():
            return function(*compared, **options)

    return tf.autograph.experimental.do_not_convert(call)


@functools.cache
def _of_logits() -> Mapping[str, Callable[..., Any]]:
    """The functions of Keras that TensorFlow's stand for, but for this: Keras finds the logits behind a softmax or sigmoid."""
    like = {
        "softmax_cross_entropy_with_logits": keras.losses.categorical_crossentropy,
        "sparse_softmax_cross_entropy_with_logits": keras.losses.sparse_categorical_crossentropy,
        "sigmoid_cross_entropy_with_logits": keras.losses.binary_crossentropy,
    }
    return {name: functools.partial(function, from_logits=True, finds_logits=False) for name, function in like.items()}


@functools.cache
def _functions() -> tuple[tuple[Any, str, Callable[..., Any] | None], ...]:
    """Module and name of each function that is replaced, and the loss that it stands for."""
    modules = {
        id(module): module for module in (keras.losses, getattr(getattr(tf, "keras", None), "losses", keras.losses))
    }
    return (
        *((tf.nn, name, loss) for name, loss in _of_logits().items()),
        *(
            (module, name, None)
            for module in modules.values()
            for name in vars(module)
            if _compares(vars(module)[name])
        ),
    )


def _compares(function: object) -> bool:
    return inspect.isfunction(function) and [*inspect.signature(function).parameters][:2] == ["y_true", "y_pred"]


@contextmanager
def _replaced() -> Iterator[None]:
    originals = [(module, name, getattr(module, name)) for module, name, _ in _functions()]
    with replaced(keras.losses.Loss, "__call__", _calling):
        for (module, name, original), (*_, like) in zip(originals, _functions(), strict=True):
            setattr(module, name, _heard(original, like))
        try:
            yield
        finally:
            for module, name, original in originals:
                setattr(module, name, original)


def _report(call: LossCall) -> None:
    for listener in _listeners.here():
        listener.see_loss(call)


_listeners = Listeners[LossListener](_replaced)
