"""What a step did to a layer's variables."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import tensorflow as tf

from probes.primitives import square_sum

Variable = keras.Variable | tf.Variable
"""What a model trains."""


@dataclass(frozen=True)
class Update:
    """Weight after minus weight before, computed only when asked for.

    Attributes:
        plus: what was added; or the weight after.
        minus: what was subtracted; or the weight before.
    """

    plus: tuple[tf.Tensor, ...] = ()
    minus: tuple[tf.Tensor, ...] = ()

    @property
    def value(self) -> tf.Tensor:
        """The update, in the variable's precision."""
        if not self.minus:
            return _sum(self.plus)
        return _sum(self.plus) - _sum(self.minus) if self.plus else -_sum(self.minus)

    @property
    def square_sum(self) -> tf.Tensor:
        """Σ u²; where the optimizer's own tensor is at hand, without another pass over the weights."""
        return square_sum(self.value if self.plus and self.minus else _sum(self.plus or self.minus))


@dataclass(frozen=True)
class WeightReading:
    """What is known about a layer's variables without keeping them.

    Attributes:
        changes: what the update did to each of them.
        square: Σ W² before the update, a float32 scalar.
        entries: n, how many entries they have.
    """

    changes: tuple[Update, ...] = ()
    square: tf.Tensor | None = None
    entries: int | None = None


def _sum(terms: tuple[tf.Tensor, ...]) -> tf.Tensor:
    return terms[0] if len(terms) == 1 else tf.add_n(terms)
