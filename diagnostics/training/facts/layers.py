"""Describes the layers of a model: class, activation, shapes, weights, initializers, regularizers, connections."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras

from diagnostics.runs.facts import Component, Layer, Shape
from diagnostics.training.facts.encoding import component, encoded, name_of, settings_of
from probes.capture.layers import LayerEntry, unit_axis
from probes.seams.connections import Connected, Graph
from probes.seams.layers import children

OWN_FIELDS = frozenset({"name", "trainable", "dtype", "activation", "rate"})
ENDINGS = ("_initializer", "_regularizer")
PARTS = frozenset(
    {"layers", "layer", "backward_layer", "cell", "cells", "input_layers", "output_layers", "build_config"}
)
"""Settings that describe the layers inside, which have entries of their own."""


def architecture(
    entries: Sequence[LayerEntry], model: keras.Model, graph: Graph, settings: Mapping[int, keras.Layer] | None = None
) -> tuple[Layer, ...]:
    """Every layer of a model, in the order in which the model holds them.

    Args:
        entries: the layers with their paths.
        model: the model that is trained.
        graph: how they are connected, as far as that is known.
        settings: by ``id`` of a layer, the layer whose settings are recorded in its place.
    """
    paths = {id(entry.layer): entry.path for entry in entries}
    owners = dict(_owners(model, model))
    layers = [entry for entry in entries if isinstance(entry.layer, keras.Layer)]
    described = (settings or {}).get
    return tuple(
        replace(
            _described(described(id(entry.layer), entry.layer), graph.layers.get(id(entry.layer), Connected()), paths),
            path=entry.path,
            trainable_parameters=sum(map(_size, entry.variables)),
            is_output=id(entry.layer) in graph.ends,
            then=graph.ends.get(id(entry.layer), ()),
            model=owners.get(id(entry.layer), ""),
        )
        for entry in layers
    )


def _described(layer: keras.Layer, found: Connected, paths: Mapping[int, str]) -> Layer:
    output_shape = _single(found.outputs)
    rate = getattr(layer, "rate", None)
    return Layer(
        type(layer).__name__,
        _settings(layer),
        activation=activation_of(layer),
        units=_units(layer, output_shape),
        input_shape=_single(found.inputs),
        output_shape=output_shape,
        parameters=sum(map(_size, _own_weights(layer))),
        trainable=bool(layer.trainable),
        initializers=components_of(layer, "_initializer"),
        regularizers=components_of(layer, "_regularizer"),
        rate=float(rate) if isinstance(rate, int | float) else None,
        inbound=tuple(paths[id(each)] for each in found.inbound if id(each) in paths),
    )


def activation_of(layer: keras.Layer) -> str | None:
    """The name of a layer's activation, such as ``relu``; a layer that is an activation has its own class in snake case."""
    function = getattr(layer, "activation", None)
    if function is None:
        return _snake(type(layer).__name__) if type(layer) in ACTIVATIONS else None
    return _snake(type(function).__name__) if isinstance(function, keras.Layer) else name_of(function)


ACTIVATIONS = frozenset(
    kind
    for kind in vars(keras.layers).values()
    if isinstance(kind, type) and ".layers.activations." in kind.__module__ and kind is not keras.layers.Activation
)
"""Keras' layers that do nothing but apply an activation."""


def components_of(layer: keras.Layer, ending: str) -> dict[str, Component]:
    """The initializers or regularizers of a layer by weight.

    Args:
        layer: the layer.
        ending: ``"_initializer"`` or ``"_regularizer"``, which its attributes end in.
    """
    held = {name.strip("_"): value for name, value in vars(layer).items() if name.endswith(ending)}
    return {name.removesuffix(ending): component(value) for name, value in held.items() if value is not None}


def _settings(layer: keras.Layer) -> dict[str, Any]:
    holds_layers = bool(children(layer))
    settings = {} if isinstance(layer, keras.Model) else settings_of(layer)
    settings["dtype"] = encoded(getattr(getattr(layer, "dtype_policy", None), "name", None))
    return {
        key: value
        for key, value in settings.items()
        if key not in OWN_FIELDS - {"dtype"} and not key.endswith(ENDINGS) and not (holds_layers and key in PARTS)
    }


def _units(layer: keras.Layer, output_shape: Shape | None) -> int | None:
    for name in ("units", "filters"):
        if isinstance(getattr(layer, name, None), int):
            return getattr(layer, name)
    return output_shape[unit_axis(layer, len(output_shape))] if output_shape and len(output_shape) > 1 else None


def _own_weights(layer: keras.Layer) -> list[Any]:
    """All weights of a layer outside the layers that it holds, trained or not; seeds of random generators are none."""
    below = {id(variable) for child in children(layer) for variable in child.variables}
    return [variable for variable in layer.weights if id(variable) not in below]


def _size(variable: keras.Variable) -> int:
    return math.prod(variable.shape)


def _single(shapes: Sequence[Shape]) -> Shape | None:
    return tuple(shapes[0]) if len(shapes) == 1 else None


def _owners(model: keras.Model, owner: object) -> Iterable[tuple[int, str]]:
    """For each layer, the name of the innermost model that holds it."""
    waiting, seen = [(model, owner)], {id(model)}
    while waiting:
        holder, owner = waiting.pop()
        owner = holder if isinstance(holder, keras.Model) else owner
        for child in children(holder) if isinstance(holder, keras.Layer) else ():
            if id(child) not in seen:
                seen.add(id(child))
                yield id(child), str(getattr(owner, "name", ""))
                waiting.append((child, owner))


def _snake(name: str) -> str:
    """``LeakyReLU`` as ``leaky_relu``."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name.replace("ReLU", "Relu")).lower()
