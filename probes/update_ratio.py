"""How far does one step move a layer's weights?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class UpdateRatio(Probe):
    """What the optimizer really did, relative to the weights: momentum, clipping and decay included.

    update_ratio = ‖u‖₂ / ‖W‖₂, with u = W after the step − W before, and W before. Over a window, both squares are
    summed over its steps before the root. About 10⁻³ is a common rule of thumb.

    Args:
        every: cadence in steps; the weights of a measured step are held until its update is done.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.

    Returns:
        Column update_ratio ≥ 0, without unit; missing for layers without trainable variables of their own, and for
        weights that are all zero.

    References:
        Karpathy 2019, A recipe for training neural networks (the ratio of updates to weights).
    """

    needs: ClassVar = frozenset({"update", "weight_square"})
    merges: ClassVar = {"update_square": "sum", "weight_square": "sum"}
    columns: ClassVar = ("update_ratio",)

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """Σ u² and Σ W²."""
        return {
            "update_square": snapshot.update_square,
            "weight_square": snapshot.weight_square,
        }

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """The root of the ratio."""
        weight = statistics["weight_square"]
        return {"update_ratio": np.sqrt(statistics["update_square"] / np.where(weight > 0, weight, np.nan))}
