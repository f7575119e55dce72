"""Finds the loss of a step: what a tape differentiated with respect to the model's trainable variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from probes.seams.gradients import Differentiation
from probes.seams.graph import Variable, is_here, key_of


@dataclass
class Targets:
    """Collects what tapes differentiate during one step; to be passed to ``hearing_gradients``."""

    scale: tf.Tensor | None = None
    """The factor by which the optimizer scales the loss, if the same one updates all variables."""

    seen: list[Differentiation] = field(default_factory=list)

    def __call__(self, differentiation: Differentiation) -> None:
        """Keep one call of ``tape.gradient``."""
        self.seen.append(differentiation)

    def losses(
        self, variables: Iterable[Variable], applied: Iterable[Any], scales: Mapping[int, tf.Tensor]
    ) -> dict[frozenset[int], tf.Tensor]:
        """The step's losses, one for each set of variables that a loss trains.

        Several targets for the same variables are one loss: the one whose gradients the optimizer was given, otherwise
        the mean, as when gradients of parts of a batch are averaged before the update. Targets that an outer tape
        differentiates again (second-order methods) do not count.

        Args:
            variables: the model's trainable variables.
            applied: the gradients that the optimizer was given.
            scales: the factor by which an optimizer scales the loss, for each key of a variable that it updates.

        Returns:
            Keys of the variables (see ``key_of``) to a scalar, unscaled. Empty if no tape of this function saw any.
        """
        own, given = set(map(key_of, variables)), {id(each) for each in applied if each is not None}
        groups: dict[frozenset[int], list[Differentiation]] = {}
        for each in _by_target(self.seen):
            keys = own.intersection(map(key_of, each.sources))
            if keys and is_here(each.target):
                groups.setdefault(frozenset(keys), []).append(each)
        return {keys: _unscaled(_mean(_chosen(group, given)), keys, scales) for keys, group in groups.items()}


def _by_target(seen: Iterable[Differentiation]) -> list[Differentiation]:
    """Joins the calls that share a target: a persistent tape may differentiate one loss for each part of a model."""
    joined: dict[int, Differentiation] = {}
    for each in seen:
        first = joined.get(id(each.target))
        joined[id(each.target)] = each if first is None else first.joined(each)
    return [*joined.values()]


def _chosen(group: Sequence[Differentiation], given: set[int]) -> Sequence[Differentiation]:
    group = [each for each in group if not each.enclosed] or group
    return [each for each in group if given.intersection(map(id, each.gradients))] or group


def _mean(group: Sequence[Differentiation]) -> tf.Tensor:
    values = [_value(each) for each in group]
    return values[0] if len(values) == 1 else tf.add_n(values) / len(values)


def _value(each: Differentiation) -> tf.Tensor:
    """The scalar that TensorFlow differentiates: the sum over all entries of the target."""
    targets = tf.nest.flatten(each.target)
    weights = [None] * len(targets) if each.output_gradients is None else tf.nest.flatten(each.output_gradients)
    sums = [_sum(target, weight) for target, weight in zip(targets, weights, strict=True)]
    return sums[0] if len(sums) == 1 else tf.add_n(sums)


def _sum(target: tf.Tensor, weight: tf.Tensor | None) -> tf.Tensor:
    wide = tf.cast(tf.convert_to_tensor(target), tf.float32)
    weighted = wide if weight is None else wide * tf.cast(weight, tf.float32)
    return weighted if weighted.shape.rank == 0 else tf.reduce_sum(weighted)


def _unscaled(value: tf.Tensor, keys: Iterable[int], scales: Mapping[int, tf.Tensor]) -> tf.Tensor:
    scale = next((scales[key] for key in keys if key in scales), None)
    return value if scale is None else value / scale
