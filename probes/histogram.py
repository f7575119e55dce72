"""How are a layer's activations distributed, over all orders of magnitude?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from probes.bin_counts import BinCounts, half_decades
from probes.probe import Statistic
from probes.snapshot.snapshot import Snapshot

EDGES = half_decades(-6, 3)
"""Half decades from far below what a healthy layer puts out to far above."""


@dataclass(frozen=True, kw_only=True)
class Histogram(BinCounts):
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
    columns: ClassVar = ("histogram",)

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """The counts, added up as whole numbers."""
        assert snapshot.activation is not None
        return self.counted([snapshot.activation])
