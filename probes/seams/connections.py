"""How the layers of a functional Keras model are connected, from the tensors that Keras keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras

HISTORY, NODES = "_keras_history", "_inbound_nodes"
"""Keras' private names for the operation that made a symbolic tensor, and for the calls of an operation."""

Shape = tuple[int | None, ...]


@dataclass
class Connected:
    """One layer in a graph.

    Attributes:
        inbound: the layers whose outputs it takes.
        inputs: shapes of the tensors that it takes in its first call.
        outputs: shapes of the tensors that it returns in its first call.
    """

    inbound: list[keras.Layer] = field(default_factory=list)
    inputs: list[Shape] = field(default_factory=list)
    outputs: list[Shape] = field(default_factory=list)

    def take(self, layers: Iterable[keras.Layer]) -> None:
        """Add layers whose outputs it takes; each counts once."""
        for layer in layers:
            if all(layer is not known for known in self.inbound):
                self.inbound.append(layer)


@dataclass
class Graph:
    """The connections of a model.

    Attributes:
        layers: by ``id`` of the layer.
        ends: by ``id`` of each layer whose output leaves the model, the operations outside of layers that it then passes.
    """

    layers: dict[int, Connected] = field(default_factory=dict)
    ends: dict[int, tuple[str, ...]] = field(default_factory=dict)


def functional_graph(model: Any) -> Graph:
    """The connections inside a functional or sequential model, with those of such models inside it.

    Args:
        model: any model; one that keeps no symbolic tensors gives an empty graph.
    """
    graph = Graph()
    _walk(model, (), graph)
    for layer, after in _ends(model):
        graph.ends.setdefault(id(layer), after)
    return graph


def _walk(model: Any, around: tuple[keras.Layer, ...], graph: Graph) -> None:
    """Add the layers between a model's outputs and inputs; ``around`` feeds the model itself."""
    entry = {id(tensor) for tensor in _tensors(model, "inputs")}
    waiting, seen = [*_tensors(model, "outputs")], set()
    while waiting:
        tensor = waiting.pop()
        made = getattr(tensor, HISTORY, None)
        if made is None or id(tensor) in entry or (id(made.operation), made.node_index) in seen:
            continue
        seen.add((id(made.operation), made.node_index))
        node = getattr(made.operation, NODES)[made.node_index]
        waiting += node.input_tensors
        if isinstance(made.operation, keras.Layer):
            _add(made.operation, node, entry, around, graph)


def _add(layer: keras.Layer, node: Any, entry: set[int], around: tuple[keras.Layer, ...], graph: Graph) -> None:
    found = graph.layers.setdefault(id(layer), Connected())
    for tensor in node.input_tensors:
        found.take(_sources(tensor, entry, around))
    found.inputs = found.inputs or [tuple(tensor.shape) for tensor in node.input_tensors]
    found.outputs = found.outputs or [tuple(tensor.shape) for tensor in node.outputs]
    _walk(layer, tuple(found.inbound), graph)


def _sources(tensor: Any, entry: set[int], around: Iterable[keras.Layer]) -> Iterator[keras.Layer]:
    """The layers behind a tensor, through operations that are no layers."""
    if id(tensor) in entry:
        yield from around
        return
    made = getattr(tensor, HISTORY, None)
    if made is None or isinstance(made.operation, keras.layers.InputLayer):
        return
    if isinstance(made.operation, keras.Layer):
        yield made.operation
        return
    for behind in getattr(made.operation, NODES)[made.node_index].input_tensors:
        yield from _sources(behind, entry, around)


def _ends(model: Any) -> Iterator[tuple[keras.Layer, tuple[str, ...]]]:
    """The layers at a model's outputs, also inside models at its outputs, and the operations behind them."""
    for tensor in _tensors(model, "outputs"):
        yield from _end(tensor, ())


def _end(tensor: Any, after: tuple[str, ...]) -> Iterator[tuple[keras.Layer, tuple[str, ...]]]:
    made = getattr(tensor, HISTORY, None)
    if made is None or isinstance(made.operation, keras.layers.InputLayer):
        return
    if isinstance(made.operation, keras.Layer):
        yield made.operation, after
        yield from ((layer, (*inner, *after)) for layer, inner in _ends(made.operation))
        return
    for behind in getattr(made.operation, NODES)[made.node_index].input_tensors:
        yield from _end(behind, (type(made.operation).__name__.lower(), *after))


def _tensors(model: Any, name: str) -> list[Any]:
    """A model's symbolic inputs or outputs; none where it keeps none."""
    try:
        return [*keras.tree.flatten(getattr(model, name, None) or [])] if isinstance(model, keras.Model) else []
    except (AttributeError, ValueError):  # a sequential model that is not built
        return []
