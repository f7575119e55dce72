"""Loads TensorFlow without its start-up messages and advice on tracing, and makes its operations repeatable."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager


def repeatable() -> None:
    """Make TensorFlow's operations give the same bits each time, however its threads are scheduled.

    TensorFlow also looks for devices here and logs what it finds, so call this within ``quiet_import``.
    """
    import tensorflow as tf  # noqa: PLC0415

    tf.config.experimental.enable_op_determinism()
    tf.config.list_logical_devices()


def without_advice_on_tracing() -> None:
    """Drop TensorFlow's warnings of frequent tracing: a scenario compiles one step for each of its networks on purpose."""
    logging.getLogger("tensorflow").addFilter(_is_no_advice)


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in record.getMessage()


@contextmanager
def quiet_import() -> Iterator[None]:
    """Discard what TensorFlow's native libraries print to standard error while they load."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
