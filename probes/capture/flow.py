"""Sees which of the layers directly inside a model feed one another while a step runs or is traced."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from probes.seams.follow import key_of_tensor, nearest
from probes.seams.graph import current_graph
from probes.seams.layers import children
from probes.seams.nest import Nest
from probes.seams.tap import source

NO_GRADIENT = ("StopGradient",)
"""The operation that nothing is followed through, because no gradient passes it."""


class Flow:
    """Follows tensors from layer to layer, through operations that are no layers.

    When eager, only a tensor that a layer takes as another has returned it can be followed; inside the model's own ``call``
    each layer is then taken to feed the next.

    Args:
        model: whose layers are followed.

    Attributes:
        links: by the ``id`` of a layer, the ids of the layers whose outputs it takes.
        parts: the layers directly inside the model that have run, in their order.
    """

    def __init__(self, model: object) -> None:
        self.links: dict[int, set[int]] = {}
        self.parts: list[keras.Layer] = []
        self._model = model
        held = children(model) if isinstance(model, keras.Model) else []
        self._held = {id(each) for each in held} if any(isinstance(each, keras.Model) for each in held) else set()
        self._graph = current_graph()
        self._running: list[int] = []
        self._made_by: dict[int | str, int] = {}
        self._kept: list[Any] = []  # as long as a tensor is kept, no other has its id
        self._previous: int | None = None
        self._in_call = False

    def enter(self, layer: keras.Layer, inputs: tuple[tuple[Nest, ...], dict[str, Nest]]) -> None:
        """Note what feeds the layer."""
        if layer is self._model:
            self._in_call, self._previous = self._graph is None, None
        if id(layer) not in self._held:
            return
        links = self.links.setdefault(id(layer), set())
        if all(layer is not part for part in self.parts):
            self.parts.append(layer)
        if current_graph() is self._graph:
            tensors = [tensor for tensor in tf.nest.flatten(inputs) if tf.is_tensor(tensor)]
            links.update(
                self._made_by[key] for tensor in tensors for key in nearest(tensor, self._made_by, NO_GRADIENT)
            )
        if self._in_call and self._previous is not None:
            links.add(self._previous)
        if self._running:  # a layer that is held directly, and inside another one, too
            self.links[self._running[-1]].add(id(layer))
        links.discard(id(layer))
        self._running.append(id(layer))

    def observe(self, layer: keras.Layer, outputs: Nest) -> Nest:
        """Note what the layer returns; it stays as it is."""
        if id(layer) in self._held and current_graph() is self._graph:
            self._previous = id(layer)
            tensors = [source(tensor) for tensor in tf.nest.flatten(outputs) if tf.is_tensor(tensor)]
            self._made_by |= {key_of_tensor(tensor): id(layer) for tensor in tensors}
            self._kept += tensors
        return outputs

    def leave(self, layer: keras.Layer) -> None:
        """End the call."""
        if layer is self._model:
            self._in_call = False
        elif id(layer) in self._held:
            self._running.pop()
