"""Reports the targets and predictions that a step gives to a loss, while someone listens on this thread.

``keras.losses.Loss.__call__`` is replaced while there is a listener in the process; ``reported`` does the same for a function,
and ``report_batch`` for a batch whose loss is not heard.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import keras

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
        return loss(y_true, y_pred, **options)

    return call


def _calling(original: Any) -> Any:
    def call(loss: Any, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        _report(LossCall(loss, y_true, y_pred, sample_weight, getattr(y_pred, MASK, None)))
        return original(loss, y_true, y_pred, sample_weight)

    return call


def _report(call: LossCall) -> None:
    for listener in _listeners.here():
        listener.see_loss(call)


_listeners = Listeners[LossListener](lambda: replaced(keras.losses.Loss, "__call__", _calling))
