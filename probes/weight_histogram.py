"""How are a layer's weights distributed, over all orders of magnitude?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from probes.bin_counts import BinCounts, half_decades
from probes.probe import Statistic
from probes.snapshot.snapshot import Snapshot

EDGES = half_decades(-6, 3)
"""Half decades from far below any first weight to far above."""


@dataclass(frozen=True, kw_only=True)
class WeightHistogram(BinCounts):
    """Counts of a layer's weights before the update in fixed bins, logarithmic on both sides of 0; alike for all layers and steps.

    weight_histogram_i = Σ 1[e_i ≤ W < e_(i+1)], with e = −∞, −e_K … −e_1, e_1 … e_K, +∞ for the K edges; the bin in the middle
    has 0 and all that is smaller than e_1, and after the last bin follows the number of NaN. Over a window, counts are
    added. Holding the weights makes the optimizer copy what it updates in the steps that are measured.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.
        edges: e_1 < … < e_K, all > 0, in the weight's unit; they stand in the probe's record in ``run.json``.

    Returns:
        Column weight_histogram, in each row a vector of 2·K + 2 counts ≥ 0 (exact up to 2²⁴); None for a layer without
        weights of its own.

    Raises:
        UsageError: edges that are not positive, finite and increasing.

    References:
        Freedman and Diaconis 1981 choose bins by the data; fixed ones, as here, add up over steps and compare.
    """

    edges: tuple[float, ...] = EDGES

    needs: ClassVar = frozenset({"weight"})
    columns: ClassVar = ("weight_histogram",)

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """The counts of all variables, added up as whole numbers."""
        return self.counted(snapshot.weights)
