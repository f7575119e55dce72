"""The last steps of a training: a copy of its state now and then, and the batches since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf


@dataclass
class Stretch:
    """Steps that follow one copy of the state.

    Attributes:
        first: the number of the first step.
        state: the state before it, by name.
        batches: each step's batch as flat parts.
        signs: each step's signs; one fewer than batches where the last step raised.
    """

    first: int
    state: Mapping[str, Any]
    batches: list[Sequence[Any]] = field(default_factory=list)
    signs: list[np.ndarray] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """What the batches take in memory."""
        return sum(_size(part) for batch in self.batches for part in batch)


class Ring:
    """Keeps as many stretches as are needed to repeat the last steps.

    Args:
        steps: how many steps have to be repeatable.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self.stretches: list[Stretch] = []

    def begin(self, first: int, state: Mapping[str, Any]) -> None:
        """A copy of the state was taken before step ``first``."""
        self.stretches.append(Stretch(first, state))
        while len(self.stretches) > 1 and self.stretches[1].first <= first - self._steps:
            del self.stretches[0]

    def add(self, batches: Sequence[Sequence[Any]], signs: Sequence[np.ndarray]) -> None:
        """Steps have run on these batches."""
        self.stretches[-1].batches += batches
        self.stretches[-1].signs += signs

    @property
    def newest(self) -> Stretch | None:
        """The stretch that steps are added to."""
        return self.stretches[-1] if self.stretches else None


def _size(part: tf.Tensor) -> int:
    count = getattr(part.shape, "num_elements", lambda: 0)() or 0
    return count * part.dtype.size
