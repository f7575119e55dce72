"""The layers that a Keras layer holds, and the losses that layers add in their ``call``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras

from probes.errors import UsageError

FLATTEN_LAYERS, LOSSES = "_flatten_layers", "_losses"
"""Keras' private names for the layers that a layer tracks, and for the losses that it has added."""


def children(layer: keras.Layer) -> list[keras.Layer]:
    """The layers that a layer holds directly, in the order in which it got them.

    If Keras does not show what it tracks: a model's ``layers``, and the layers in the attributes of any other layer.
    """
    if hasattr(layer, FLATTEN_LAYERS):
        return getattr(layer, FLATTEN_LAYERS)(include_self=False, recursive=False)
    held = layer.layers if isinstance(layer, keras.Model) else [*_layers_in(vars(layer))]
    return [*{id(each): each for each in held if each is not layer}.values()]


@contextmanager
def losses_kept(model: keras.Layer) -> Iterator[None]:
    """Restore, after the ``with`` block, the losses that layers added before it and that a call of the model may clear.

    Raises:
        UsageError: Keras does not show the losses that a layer has added.
    """
    layers = [model, *_below(model)]
    if not all(hasattr(layer, LOSSES) for layer in layers):
        raise UsageError(
            what="the reference set cannot be evaluated without changing the losses that the layers add",
            where="reference=...",
            got=f"Keras {keras.__version__}, whose layers have no {LOSSES}",
            do="leave out reference=..., or use Keras 3.15",
        )
    kept = [(getattr(layer, LOSSES), [*getattr(layer, LOSSES)]) for layer in layers]
    try:
        yield
    finally:
        for losses, before in kept:
            losses.clear()
            losses.extend(before)


def _below(layer: keras.Layer) -> list[keras.Layer]:
    if hasattr(layer, FLATTEN_LAYERS):
        return getattr(layer, FLATTEN_LAYERS)(include_self=False)
    found: dict[int, keras.Layer] = {}
    waiting = children(layer)
    while waiting:
        each = waiting.pop()
        if id(each) not in found:
            found[id(each)] = each
            waiting += children(each)
    return [*found.values()]


def _layers_in(value: Any) -> Iterator[keras.Layer]:
    if isinstance(value, keras.Layer):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _layers_in(each)
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from _layers_in(each)
