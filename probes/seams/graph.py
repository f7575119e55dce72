"""Variables and the graph that is being traced."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from probes.snapshot.weights import Variable


def current_graph() -> Any:
    """The graph that is being traced, or ``None`` when eager."""
    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()


def is_here(values: Any) -> bool:
    """Whether all tensors, in any structure, belong to the graph that is being traced, or have values already."""
    here = (None, current_graph())
    return all(getattr(each, "graph", None) in here for each in tf.nest.flatten(values))


def held_by(variable: Variable) -> Any:
    """The TensorFlow variable that a Keras variable holds; any other is returned as it is."""
    return variable.value if isinstance(variable, keras.Variable) else variable


def entries_of(variables: Iterable[Variable]) -> int:
    """The number of entries that variables have together."""
    return sum(tf.TensorShape(variable.shape).num_elements() or 0 for variable in variables)


def key_of(variable: Variable) -> int:
    """A number that is the same for a Keras variable and the TensorFlow variable that it holds."""
    return id(held_by(variable))


def read(variable: Variable) -> tf.Tensor:
    """A variable's value at this point of the step."""
    held = held_by(variable)
    if isinstance(held, tf.Variable) and not tf.executing_eagerly() and hasattr(held, "handle"):
        return tf.raw_ops.ReadVariableOp(resource=held.handle, dtype=held.dtype)
    return held.read_value() if hasattr(held, "read_value") else tf.convert_to_tensor(held)


def users_of(variable: Variable) -> dict[str, tf.Operation]:
    """The operations of the graph being traced that read the variable, by name.

    Empty when eager, and if the graph does not list them; the caller then compares the weights before and after.
    """
    graph, held = current_graph(), held_by(variable)
    if graph is None or not hasattr(held, "handle") or not hasattr(graph, "capture"):
        return {}
    return {operation.name: operation for operation in graph.capture(held.handle).consumers()}
