"""Takes the tensors out of a snapshot, so that the rest says what is measured, and puts others in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

import tensorflow as tf

from probes.seams.nest import Nest

T = TypeVar("T")


def tensors_of(value: object) -> Iterator[tf.Tensor]:
    """Every tensor in a value, whatever it is wrapped in: dataclasses, mappings, tuples."""
    if isinstance(value, tf.Tensor):
        yield value
    for part in _parts(value):
        yield from tensors_of(part)


def without_tensors(value: T) -> T:
    """The same with each tensor's shape and type in its place."""
    return _filled(value, (tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors_of(value)))


def with_tensors(value: T, tensors: Iterable[tf.Tensor]) -> T:
    """What ``without_tensors`` returned, with these tensors, in the order of ``tensors_of``."""
    return _filled(value, iter(tensors))


def _parts(value: object) -> Iterable[object]:
    if is_dataclass(value):
        return [getattr(value, each.name) for each in fields(value)]
    return value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()


def _filled(value: object, tensors: Iterator[tf.Tensor | tf.TensorSpec]) -> Nest:
    if isinstance(value, tf.Tensor | tf.TensorSpec):
        return next(tensors)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _filled(getattr(value, each.name), tensors) for each in fields(value)})
    if isinstance(value, Mapping):
        return {key: _filled(part, tensors) for key, part in value.items()}
    return tuple(_filled(part, tensors) for part in value) if isinstance(value, tuple) else value
