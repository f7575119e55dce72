"""What is read of every step: its loss, the norm of its small gradients, its learning rate, and whether all is finite.

A gradient that is not finite anywhere behind a layer makes that layer's bias gradient so, which is small: reading biases alone
costs next to nothing. What they miss spoils weights, which are looked at with each copy of the state; when the steps are
repeated, all gradients are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from probes.seams.gradients import Differentiation, hearing_gradients
from probes.seams.graph import is_here
from probes.seams.nest import Nest
from probes.seams.updates import hearing_updates, loss_scale

SMALL = 4096
"""Entries of a gradient that is read at every step: biases of wide layers, and all gradients of small models."""


class Signs(NamedTuple):
    """One step as the host sees it, in the order of the packed vector."""

    loss: float
    gradient_norm: float
    learning_rate: float
    finite: float
    scaled: float


def packed(
    loss: tf.Tensor,
    gradients: Sequence[Any],
    optimizer: keras.optimizers.Optimizer,
    *,
    thorough: bool,
    scale: tf.Tensor | None = None,
) -> tf.Tensor:
    """The signs of one step, float64 ``[5]``.

    Args:
        loss: the step's loss without scaling, a scalar.
        gradients: dL/dW as the tape returned them; ``None`` where not connected.
        optimizer: the one that applies them.
        thorough: whether all gradients are read, not only the small ones.
        scale: the loss scale before the update; ``None`` if the optimizer does not scale.
    """
    dense = [each for each in map(_dense, gradients) if each is not None]
    small = [each for each in dense if each.shape.is_fully_defined() and each.shape.num_elements() <= SMALL]
    small = small or _smallest(dense)
    norm = tf.sqrt(_square_sum(small))
    finite = tf.math.is_finite(loss) & tf.math.is_finite(norm)
    for each in dense if thorough else ():
        finite &= tf.reduce_all(tf.math.is_finite(each))
    rate = getattr(optimizer, "learning_rate", 0.0)
    values = [loss, norm, rate, finite, scale is not None]
    return tf.stack([tf.cast(value, tf.float64) for value in values])


def _square_sum(tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    """Σ x² over all entries: of one vector, as in a small step each operation costs more than its numbers."""
    by_type: dict[tf.DType, list[tf.Tensor]] = {}
    for each in tensors:
        by_type.setdefault(each.dtype, []).append(each if each.shape.rank == 1 else tf.reshape(each, [-1]))
    joined = [own[0] if len(own) == 1 else tf.concat(own, axis=0) for own in by_type.values()]
    halves = [tf.nn.l2_loss(tf.cast(each, tf.float64)) for each in joined]
    return 2 * tf.add_n(halves) if halves else tf.constant(0.0, tf.float64)


def _dense(gradient: Nest) -> Nest:
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient


def _smallest(dense: Sequence[Any]) -> list[Any]:
    known = [each for each in dense if each.shape.is_fully_defined()]
    return sorted(known or dense, key=lambda each: each.shape.num_elements() or 0)[:1]


@dataclass
class StepWatch:
    """Hears what tapes differentiate in a training step that somebody else wrote."""

    targets: list[Any] = field(default_factory=list)
    gradients: list[Any] = field(default_factory=list)
    scale: Any = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Listen inside the ``with`` block."""
        with hearing_gradients(self._hear), hearing_updates(self):
            yield

    def _hear(self, found: Differentiation) -> None:
        if not found.enclosed:
            self.targets += [each for each in tf.nest.flatten(found.target) if is_here(each)]
            self.gradients += [each for each in found.gradients if each is not None and is_here(each)]

    def before_update(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Read the loss scale before the optimizer adapts it."""
        self.scale = loss_scale(optimizer) if self.scale is None else self.scale

    def after_update(
        self, optimizer: keras.optimizers.Optimizer, gradients: Sequence[Nest], variables: Sequence[Nest]
    ) -> None:
        """The gradients are known from the tape."""

    def packed(self, optimizer: keras.optimizers.Optimizer, *, thorough: bool) -> tf.Tensor:
        """The signs of the step; the loss is the sum of what was differentiated."""
        sums = [tf.reduce_sum(tf.cast(each, tf.float64)) for each in self.targets]
        loss = tf.add_n(sums) if sums else tf.constant(0.0, tf.float64)
        scale = self.scale if self.scale is None or is_here(self.scale) else None
        loss = loss if scale is None else loss / tf.cast(scale, tf.float64)
        return packed(loss, self.gradients, optimizer, thorough=thorough, scale=scale)
