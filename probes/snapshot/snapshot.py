"""What a probe sees: the tensors of one layer in one step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, cast

import tensorflow as tf

from probes.primitives import square_sum_of_all
from probes.snapshot.clipping import Clipping
from probes.snapshot.facts import Facts
from probes.snapshot.gradient_parts import GradientParts
from probes.snapshot.weights import WeightReading

Need = Literal[
    "input",
    "state",
    "activation",
    "units",
    "activation_gradient",
    "gradient",
    "gradient_parts",
    "clipping",
    "weight",
    "weight_square",
    "update",
]

PER_CALL: frozenset[Need] = frozenset({"input", "state", "activation", "units", "activation_gradient"})
"""Needs met by each call of a layer; all others concern the layer's variables, once in a step.

``units`` is met where the number of units is known before the step runs."""


@dataclass(frozen=True)
class Snapshot:
    """One layer's tensors in one step; what no probe needs is ``None`` or empty.

    Attributes:
        kind: the layer's class, such as ``Dense``.
        examples: B, the examples in the step over all replicas, a float32 scalar.
        unit_axis: the axis of ``activation`` that counts units (channels of a convolution).
        activation: the layer's output, ``[batch, ..., units]``.
        activation_gradient: dL/d(activation), the same shape; ``None`` when not connected to the loss.
        gradients: dL/dW of the layer's own connected trainable variables, without loss scaling.
        gradient_parts: the same for the parts of the batch, where the user gave them.
        weights: those variables before the update. Holding them makes the optimizer copy what it updates, so a probe
            that needs only Σ W² asks for ``weight_square`` instead.
        known: what is known about those variables without holding them.
        facts: what the layer does, and its settings.
        input: the first floating tensor among the call's arguments, in the layer's precision.
        mask: the call's ``mask``, of the input's shape but for the last axis; ``None``: all entries count.
        state: name and value of each variable that is not trained, before the call changed it.
        clipping: how the optimizer clips gradients; ``None`` if it does not, or this is not known.
    """

    kind: str
    examples: tf.Tensor
    unit_axis: int = -1
    activation: tf.Tensor | None = None
    activation_gradient: tf.Tensor | None = None
    gradients: tuple[tf.Tensor, ...] = ()
    weights: tuple[tf.Tensor, ...] = ()
    known: WeightReading = field(default_factory=WeightReading)
    facts: Facts = field(default_factory=Facts)
    input: tf.Tensor | None = None
    mask: tf.Tensor | None = None
    state: tuple[tuple[str, tf.Tensor], ...] = ()
    clipping: Clipping | None = None
    gradient_parts: GradientParts | None = None

    @property
    def updates(self) -> tuple[tf.Tensor, ...]:
        """The variables after the update minus before; computed only when a probe asks, in a step that is due."""
        return tuple(change.value for change in self.known.changes)

    @property
    def update_square(self) -> tf.Tensor:
        """Σ u² over all of the layer's variables, a float32 scalar."""
        return tf.add_n([change.square_sum for change in self.known.changes])

    @property
    def weight_square(self) -> tf.Tensor:
        """Σ W² over all of the layer's variables before the update, a float32 scalar."""
        return square_sum_of_all(self.weights) if self.known.square is None else self.known.square

    @property
    def weight_entries(self) -> tf.Tensor:
        """n, the number of entries of the layer's variables, a float32 scalar."""
        entries = self.known.entries or sum(math.prod(cast(Iterable[int], weight.shape)) for weight in self.weights)
        return tf.constant(entries, tf.float32)

    @property
    def units(self) -> int | None:
        """Number of units; ``None`` if there is no output, or the number is not known before the step runs."""
        if self.activation is None or self.activation.shape.rank is None:
            return None
        return self.activation.shape[self.unit_axis] if self.activation.shape.rank > 1 else 1

    def has(self, needs: frozenset[Need]) -> bool:
        """Whether everything in ``needs`` was captured for this layer."""
        return all(self._holds(need) for need in needs)

    def _holds(self, need: Need) -> bool:
        held = {
            "state": self.state,
            "gradient": self.gradients,
            "weight": self.weights,
            "weight_square": self.weights if self.known.square is None else (self.known.square,),
            "update": self.known.changes,
        }
        return len(held[need]) > 0 if need in held else getattr(self, need) is not None


@dataclass(frozen=True)
class RowSnapshots:
    """One row of the table in one step.

    Attributes:
        path: what the row is called: the layer's path, with a number (``path@2``) for calls of another shape.
        snapshots: one for each of the calls that the row is made of.
    """

    path: str
    snapshots: tuple[Snapshot, ...]
