"""How are a layer's activations distributed, over all orders of magnitude?"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from probes.primitives import as_float32
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.snapshot import Snapshot

EDGES = (*(float(f"{digit}e{power}") for power in range(-6, 3) for digit in (1, 3)), 1e3)
"""Half decades from far below what a healthy layer puts out to far above."""


@dataclass(frozen=True, kw_only=True)
class Histogram(Probe):
    """Counts of a layer's outputs in fixed bins, logarithmic on both sides of 0; alike for all layers, steps and runs.

    histogram_i = Σ 1[e_i ≤ a < e_(i+1)], with e = −∞, −e_K … −e_1, e_1 … e_K, +∞ for the K edges; the bin in the middle
    has 0 and all that is smaller than e_1, and after the last bin follows the number of NaN. Over a window, counts are
    added.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.
        edges: e_1 < … < e_K, all > 0, in the activation's unit; they stand in the probe's record in ``run.json``.

    Returns:
        Column histogram, in each row a vector of 2·K + 2 counts ≥ 0 (exact up to 2²⁴); all 0 for an empty batch, None
        where missing.

    Raises:
        UsageError: edges that are not positive, finite and increasing.

    References:
        Freedman and Diaconis 1981 choose bins by the data; fixed ones, as here, add up over steps and compare.
    """

    edges: tuple[float, ...] = EDGES

    needs: ClassVar = frozenset({"activation"})
    merges: ClassVar = {"counts": "sum"}
    columns: ClassVar = ("histogram",)

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

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """The counts, added up as whole numbers."""
        assert snapshot.activation is not None
        entries = tf.reshape(as_float32(snapshot.activation), [-1])
        places = tf.searchsorted(tf.constant(self.boundaries, tf.float32), entries, side="right")
        nan = len(self.boundaries) + 1
        places = tf.where(tf.math.is_nan(entries), nan, places)
        counts = tf.math.unsorted_segment_sum(tf.ones_like(places), places, nan + 1)
        return {"counts": as_float32(counts)}

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """The counts as they are."""
        return {"histogram": statistics["counts"]}


def _rise_above_zero(edges: tuple[object, ...]) -> bool:
    numbers = [edge for edge in edges if isinstance(edge, int | float) and not isinstance(edge, bool)]
    rising = all(low < high for low, high in itertools.pairwise([0, *numbers, float("inf")]))
    return rising and len(numbers) == len(edges) > 0
