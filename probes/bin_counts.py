"""The base of probes that count in fixed bins: the bins, and how they are counted."""

from __future__ import annotations

import abc
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from probes.primitives import as_float32
from probes.probe import Arrays, Probe, Statistic


def half_decades(lowest: int, highest: int) -> tuple[float, ...]:
    """1 and 3 times each power of ten from 10^lowest on, and 10^highest."""
    inner = (float(f"{digit}e{power}") for power in range(lowest, highest) for digit in (1, 3))
    return (*inner, float(f"1e{highest}"))


@dataclass(frozen=True, kw_only=True)
class BinCounts(Probe, abc.ABC):
    """Counts in fixed bins, logarithmic on both sides of 0; alike for all layers, steps and runs.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.
        edges: e_1 < … < e_K, all > 0; they stand in the probe's record in ``run.json``.

    Raises:
        UsageError: edges that are not positive, finite and increasing.
    """

    edges: tuple[float, ...] = half_decades(-6, 3)

    merges: ClassVar = {"counts": "sum"}

    def __post_init__(self) -> None:
        """Refuse edges between which nothing could be counted."""
        super().__post_init__()
        if isinstance(self.edges, list):
            object.__setattr__(self, "edges", tuple(self.edges))
        if not isinstance(self.edges, tuple) or not _rise_above_zero(self.edges):
            raise self._misuse("edges", self.edges, "give positive numbers in rising order, such as (0.01, 0.1, 1.0)")

    @property
    def boundaries(self) -> tuple[float, ...]:
        """The 2·K finite boundaries between the bins, from the lowest to the highest."""
        return (*(-edge for edge in reversed(self.edges)), *self.edges)

    def counted(self, tensors: Iterable[tf.Tensor]) -> dict[str, Statistic]:
        """The entries of some tensors, counted as whole numbers; NaN goes behind the last bin."""
        return {"counts": as_float32(tf.add_n([self._counts(as_float32(tensor)) for tensor in tensors]))}

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """The counts as they are."""
        return {self.columns[0]: statistics["counts"]}

    def _counts(self, tensor: tf.Tensor) -> tf.Tensor:
        entries = tf.reshape(tensor, [-1])
        places = tf.searchsorted(tf.constant(self.boundaries, tf.float32), entries, side="right")
        nan = len(self.boundaries) + 1
        places = tf.where(tf.math.is_nan(entries), nan, places)
        return tf.math.unsorted_segment_sum(tf.ones_like(places), places, nan + 1)


def _rise_above_zero(edges: tuple[object, ...]) -> bool:
    numbers = [edge for edge in edges if isinstance(edge, int | float) and not isinstance(edge, bool)]
    rising = all(low < high for low, high in itertools.pairwise([0, *numbers, float("inf")]))
    return rising and len(numbers) == len(edges) > 0
