"""The gradients of the parts of a batch, which show how noisy a gradient is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from probes.snapshot.weights import Variable

Gradient = tf.Tensor | tf.IndexedSlices | None
Gradients = Sequence[Gradient]
Parts = Sequence[Gradients] | None


@dataclass(frozen=True)
class GradientParts:
    """One layer's gradients on each of the equal parts of a batch.

    Attributes:
        gradients: m tuples, one for each part: the gradient of the part's mean loss for each connected variable.
        examples: B, the examples in all parts together, a float32 scalar; NaN if unknown.
    """

    gradients: tuple[tuple[tf.Tensor, ...], ...]
    examples: tf.Tensor


def examples_of(batches: Sequence[tf.Tensor], parts: int) -> tf.Tensor:
    """B of a step, from the batches of the model's calls.

    Args:
        batches: examples in each call, float32 scalars.
        parts: m. With m calls, each part had its own and B is their sum; otherwise the first call had all examples.
    """
    if not batches:
        return tf.constant(float("nan"))
    return tf.add_n(list(batches)) if len(batches) == parts else batches[0]


def by_layer(parts: Sequence[dict[int, Gradient]], variables: Sequence[Variable]) -> tuple[tuple[tf.Tensor, ...], ...]:
    """Each part's gradients for the ``variables`` connected to at least one part; zeros for a part that is not connected.

    Args:
        parts: m dictionaries of gradients by the ``id`` of the variable.
        variables: one layer's.
    """
    connected = [v for v in variables if any(part.get(id(v)) is not None for part in parts)]
    return tuple(tuple(_dense(part.get(id(v)), v) for v in connected) for part in parts)


def _dense(gradient: Gradient, variable: Variable) -> tf.Tensor:
    return tf.zeros(variable.shape, variable.dtype) if gradient is None else tf.convert_to_tensor(gradient)
