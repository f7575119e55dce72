"""What a probe gets to see: the tensors of one layer in one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

Need = Literal["activation", "activation_gradient", "gradient", "weight", "update"]

PER_CALL: frozenset[Need] = frozenset({"activation", "activation_gradient"})
"""Needs that each call of a layer brings anew; all others belong to the layer's variables, once in a step."""


@dataclass(frozen=True)
class Snapshot:
    """One layer's tensors in one step; only what some probe needs is there, the rest is ``None`` or empty.

    Attributes:
        path: the layer's path, unique in the model.
        kind: the layer's class, such as ``Dense``.
        examples: B, the examples in the step over all replicas, a float32 scalar.
        unit_axis: the axis of ``activation`` that counts units (channels of a convolution).
        activation: the layer's output, ``[batch, ..., units]``.
        activation_gradient: dL/d(activation), the same shape; ``None`` when not connected to the loss.
        gradients: dL/dW of the layer's own connected trainable variables, without loss scaling.
        weights: those variables before the update.
        weights_after: those variables after the update.
    """

    path: str
    kind: str
    examples: tf.Tensor
    unit_axis: int = -1
    activation: tf.Tensor | None = None
    activation_gradient: tf.Tensor | None = None
    gradients: tuple[tf.Tensor, ...] = ()
    weights: tuple[tf.Tensor, ...] = ()
    weights_after: tuple[tf.Tensor, ...] = ()

    @property
    def updates(self) -> tuple[tf.Tensor, ...]:
        """The variables after the update minus before; subtracted only where a probe asks, inside the step that is due."""
        return tuple(after - before for after, before in zip(self.weights_after, self.weights, strict=True))

    def has(self, needs: frozenset[Need]) -> bool:
        """Whether everything in ``needs`` was captured for this layer."""
        return all(self._of(need) not in (None, ()) for need in needs)

    def _of(self, need: Need):
        held = {"gradient": "gradients", "weight": "weights", "update": "weights_after"}
        value = getattr(self, held.get(need, need))
        return value if isinstance(value, tuple) or value is None else (value,)
