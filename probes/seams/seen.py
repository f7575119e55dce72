"""How layers are connected, as seen while a model runs or is traced: for models that keep no symbolic tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from probes.seams.connections import Connected, Graph
from probes.seams.follow import key_of_tensor, nearest
from probes.seams.graph import current_graph
from probes.seams.tap import source


class SeenGraph:
    """A listener to layer calls that notes shapes and connections in the first complete call of a model.

    A layer's input is followed back, through operations that are no layers, to the layers that made it. When eager, only
    tensors that a layer takes as another has returned them can be followed.

    Args:
        model: the model.

    Attributes:
        graph: what was seen.
        is_complete: whether a whole call was seen.
    """

    def __init__(self, model: keras.Layer) -> None:
        self.graph = Graph()
        self._model = model
        self._made_by: dict[int | str, list[keras.Layer]] = {}
        self._kept: list[Any] = []  # as long as a tensor is kept, no other has its id
        self._place: Any = None
        self._running = self.is_complete = False

    def enter(self, layer: keras.Layer, inputs: Any) -> None:
        """Note what the layer takes."""
        if layer is self._model and not self.is_complete:
            self._running, self._place = True, current_graph()
        if layer is self._model or not self._listens():
            return
        tensors = [
            tensor for tensor in tf.nest.flatten(inputs) if tf.is_tensor(tensor) and tensor.shape.rank is not None
        ]
        found = self.graph.layers.setdefault(id(layer), Connected())
        for tensor in tensors:
            found.take(self._makers(tensor))
        found.inputs = found.inputs or [tuple(tensor.shape) for tensor in tensors if tensor.shape.rank]

    def observe(self, layer: keras.Layer, outputs: Any) -> Any:
        """Note what the layer returns; the outputs stay as they are."""
        if not self._listens():
            return outputs
        tensors = [source(tensor) for tensor in tf.nest.flatten(outputs) if tf.is_tensor(tensor)]
        if layer is self._model:
            self._end(tensors)
            return outputs
        found = self.graph.layers.setdefault(id(layer), Connected())
        found.outputs = found.outputs or [tuple(tensor.shape) for tensor in tensors if tensor.shape.rank is not None]
        for tensor in tensors:
            self._made_by.setdefault(key_of_tensor(tensor), []).append(layer)
        self._kept += tensors
        return outputs

    def leave(self, layer: keras.Layer) -> None:
        """End with the model's own call."""
        if layer is self._model:
            self._running = False
            self._made_by.clear()
            self._kept.clear()

    def _listens(self) -> bool:
        return self._running and not self.is_complete and current_graph() is self._place

    def _end(self, outputs: list[Any]) -> None:
        for tensor in outputs:
            for maker in self._behind(tensor):
                self.graph.ends.setdefault(id(maker), self._after(tensor))
        self.is_complete = bool(self.graph.layers)

    def _after(self, tensor: Any) -> tuple[str, ...]:
        """The operation that made an output, where that is no layer's."""
        inside = key_of_tensor(tensor) in self._made_by or not tf.is_symbolic_tensor(tensor)
        return () if inside else (tensor.op.type.lower(),)

    def _makers(self, tensor: Any) -> Iterator[keras.Layer]:
        """The layers that a tensor comes from; of layers inside one another, the outermost."""
        return (layers[-1] for layers in self._found(tensor))

    def _behind(self, tensor: Any) -> Iterator[keras.Layer]:
        """The same with the layers inside."""
        return (layer for layers in self._found(tensor) for layer in layers)

    def _found(self, tensor: Any) -> Iterator[list[keras.Layer]]:
        return (self._made_by[key] for key in nearest(tensor, self._made_by))
