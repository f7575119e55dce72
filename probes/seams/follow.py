"""Follows a tensor back, through operations that are no layers, to the tensors that layers have returned."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator
from typing import Any

import tensorflow as tf

from probes.seams.tap import source

FARTHEST = 200
"""Operations to follow from a layer's input back to the layers that made it, such as a sum or a reshape between them."""


def key_of_tensor(tensor: Any) -> int | str:
    """What names a tensor: of a graph, its name, as there may be several objects for one."""
    return tensor.name if tf.is_symbolic_tensor(tensor) else id(tensor)


def nearest(tensor: Any, known: Container[int | str], stops: Collection[str] = ()) -> Iterator[int | str]:
    """The nearest tensors behind a tensor that are known, by their keys; when eager, only itself can be.

    Args:
        tensor: where to begin.
        known: keys of tensors.
        stops: types of operations that are not followed through.
    """
    waiting, seen = [source(tensor)], set[int | str]()
    while waiting and len(seen) < FARTHEST:
        each = waiting.pop()
        key = key_of_tensor(each)
        if key in seen:
            continue
        seen.add(key)
        if key in known:
            yield key
        elif tf.is_symbolic_tensor(each) and each.op.type not in stops:
            waiting += map(source, each.op.inputs)
