"""Functions of the user's under AutoGraph, called from code that is not converted itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import tensorflow as tf

P = ParamSpec("P")
R = TypeVar("R")


def converted(function: Callable[P, R]) -> Callable[P, R]:
    """The function with its ``if`` and ``for`` over tensors in graph form, as in a ``tf.function``; Keras' own stay as they are.

    Converting a function takes TensorFlow about 50 ms, so a loop of our own is written in graph form to begin with.
    """
    autograph = tf.__internal__.autograph  # pyright: ignore[reportAttributeAccessIssue] - no stub has it
    return autograph.tf_convert(function, autograph.control_status_ctx())
