"""Reports every operation that runs eagerly on this thread, and which part of the backward pass it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import tensorflow as tf

from probes.seams.listeners import replaced
from probes.seams.private import module_with

_op_callbacks: Any = module_with("tensorflow.python.framework.op_callbacks", "add_op_callback", "remove_op_callback")
_registry: Any = module_with("tensorflow.python.pywrap_tfe", "TFE_Py_RegisterGradientFunction")
_backprop: Any = module_with("tensorflow.python.eager.backprop", "_gradient_function")

BACKWARD = ("gradient", "jacobian", "batch_jacobian")


class Walker(Protocol):
    """Is notified of operations."""

    def ran(self, operation: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """An operation has run."""

    def enter_backward(self) -> None:
        """A tape begins to differentiate."""

    def leave_backward(self) -> None:
        """It has ended."""

    def enter_gradient(self, operation: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """The gradient of an operation of the forward pass is about to be computed; tensors that it does not need are None."""

    def leave_gradient(self) -> None:
        """It has been."""


@contextmanager
def walked(walker: Walker) -> Iterator[None]:
    """Report to ``walker`` inside the ``with`` block, where functions that are usually compiled run eagerly, too."""
    eager = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        with _operations(walker.ran), _gradients(walker), _tapes(walker):
            yield
    finally:
        tf.config.run_functions_eagerly(eager)


@contextmanager
def _operations(report: Callable[..., None]) -> Iterator[None]:
    if _op_callbacks is None:
        yield
        return

    def callback(operation: Any, inputs: Any, attributes: Any, outputs: Any, *_: Any, **__: Any) -> None:
        name = operation.decode() if isinstance(operation, bytes) else str(operation)
        report(name, inputs, outputs)

    _op_callbacks.add_op_callback(callback)
    try:
        yield
    finally:
        _op_callbacks.remove_op_callback(callback)


@contextmanager
def _gradients(walker: Walker) -> Iterator[None]:
    if _registry is None or _backprop is None:
        yield
        return
    original = _backprop._gradient_function

    def reporting(op_name: Any, attributes: Any, count: Any, inputs: Any, outputs: Any, *rest: Any) -> Any:
        name = op_name.decode() if isinstance(op_name, bytes) else str(op_name)
        walker.enter_gradient(name, inputs or (), outputs or ())
        try:
            return original(op_name, attributes, count, inputs, outputs, *rest)
        finally:
            walker.leave_gradient()

    _registry.TFE_Py_RegisterGradientFunction(reporting)
    try:
        yield
    finally:
        _registry.TFE_Py_RegisterGradientFunction(original)


@contextmanager
def _tapes(walker: Walker) -> Iterator[None]:
    def entering(original: Any) -> Any:
        def gradient(*args: Any, **options: Any) -> Any:
            walker.enter_backward()
            try:
                return original(*args, **options)
            finally:
                walker.leave_backward()

        return gradient

    with replaced(tf.GradientTape, "gradient", entering):
        yield
