"""Reports every rectifying function that runs on this thread, by whatever name it was called, while someone listens.

TensorFlow reports its operations to callbacks, so ``tf.nn.relu``, ``keras.ops.relu`` and ``keras.activations.relu`` are all
seen, also if the user has renamed them. Nothing is replaced and no result changes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import tensorflow as tf

from probes.seams.listeners import Listeners
from probes.seams.private import module_with

_context: Any = module_with("tensorflow.python.eager.context", "context")
_op_callbacks: Any = module_with("tensorflow.python.framework.op_callbacks", "add_op_callback", "remove_op_callback")

FUNCTIONS = {"Relu": "relu", "Relu6": "relu6"}
"""TensorFlow's operations, which every way of calling the functions ends in, and the functions' names."""

NOT_REPORTED = (
    "functions inside a layer's call (such as tf.nn.relu) are not seen, so they have no row: this version of TensorFlow "
    "does not report its operations; use keras.layers.ReLU, or a layer's activation=, to have them measured"
)

Report = Callable[[str, tf.Tensor], None]
"""Takes the function's name and what it returned."""


def seeing(report: Report) -> AbstractContextManager[None]:
    """Report every rectifying function that runs, or is traced, on this thread inside the ``with`` block.

    Warns:
        UserWarning: this version of TensorFlow does not report its operations; nothing is seen.
    """
    if _context is None or _op_callbacks is None:
        warnings.warn(NOT_REPORTED, stacklevel=2)
        return nullcontext()
    return _listeners.added(report)


@contextmanager
def _installed() -> Iterator[None]:
    """One callback serves all listeners: TensorFlow would pass what one callback returns to the next as the outputs."""

    def pass_on(op_type: str, inputs: Any, attributes: Any, outputs: Any, *_: Any, **__: Any) -> None:
        if op_type in FUNCTIONS:
            for report in _listeners.here():
                report(FUNCTIONS[op_type], outputs[0])

    _op_callbacks.add_op_callback(pass_on)
    try:
        yield
    finally:
        _op_callbacks.remove_op_callback(pass_on)


def _list_of_callbacks() -> int:
    """Each thread has one, but the threads of a ``MirroredStrategy`` share theirs: the last to leave removes the callback."""
    return id(_context.context().op_callbacks)


_listeners = Listeners[Report](_installed, _list_of_callbacks)
