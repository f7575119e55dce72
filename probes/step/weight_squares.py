"""Σ W² of every layer before the update, traced once for all models whose layers have the same shapes."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import tensorflow as tf

from probes.measuring.due import Branch, Due, concrete
from probes.primitives import square_sum_of_all
from probes.seams.graph import held_by, read
from probes.snapshot.weights import Variable

Shape = tuple[tuple[int, ...], str]
"""A variable's shape and type."""

KEPT = 4
"""Structures of models whose traced functions are kept."""


def weight_squares(layers: Sequence[Sequence[Variable]], due: Due) -> list[tf.Tensor]:
    """One scalar for each layer; zeros, or nothing when eager, in a step that is not due.

    Args:
        layers: each layer's variables.
        due: whether the step is measured.
    """
    handles = [getattr(held_by(variable), "handle", None) for own in layers for variable in own]
    known = [handle for handle in handles if handle is not None]
    if not due.is_call or not known or len(known) < len(handles):
        return due.when(lambda: [square_sum_of_all(tuple(map(read, own))) for own in layers])
    return due.call(_branch(tuple(tuple(map(_shape, own)) for own in layers)), known)


@functools.lru_cache(maxsize=KEPT)
def _branch(layers: tuple[tuple[Shape, ...], ...]) -> Branch:
    """A function of the variables' handles: what it reads, it reads only in steps that are due, and keeps no copy."""

    def work(*handles: tf.Tensor) -> list[tf.Tensor]:
        given = iter(handles)
        values = [tuple(_value(next(given), shape) for shape in own) for own in layers]
        return [square_sum_of_all(own) for own in values]

    with tf.init_scope():
        return Branch.of(concrete(work, *(tf.TensorSpec([], tf.resource) for own in layers for _ in own)))


def _value(handle: tf.Tensor, shape: Shape) -> tf.Tensor:
    return tf.ensure_shape(tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.as_dtype(shape[1])), shape[0])


def _shape(variable: Variable) -> Shape:
    held = held_by(variable)
    return tuple(held.shape), held.dtype.name
