"""Where do a layer's activations lie, and how widely do they spread?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from probes.primitives import moments
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class ActivationMoments(Probe):
    """Mean and standard deviation of a layer's output.

    activation_mean = mean of a, activation_std = √(mean of (a − mean)²), over all entries of a in the window; the second
    pass is centred, so that a small spread around a large mean keeps its digits.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.

    Returns:
        Columns activation_mean and activation_std ≥ 0, in the activation's unit; missing for an empty batch.

    References:
        Chan, Golub and LeVeque 1983, Algorithms for computing the sample variance (how windows merge).
    """

    needs: ClassVar = frozenset({"activation"})
    merges: ClassVar = {"moments": "moments"}
    columns: ClassVar = ("activation_mean", "activation_std")

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """n, mean, Σ (a − mean)²."""
        assert snapshot.activation is not None
        return {"moments": moments(snapshot.activation, snapshot.unit_axis)}

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """Mean and the root of the mean square deviation."""
        count, mean, squares = np.moveaxis(statistics["moments"], -1, 0)
        count = np.where(count > 0, count, np.nan)
        return {"activation_mean": np.where(count > 0, mean, np.nan), "activation_std": np.sqrt(squares / count)}
