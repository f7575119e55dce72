"""Does gradient reach a layer? Read where it passes, at the layer's output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from probes.primitives import as_float32, size, square_sum
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class ActivationGradient(Probe):
    """Root mean square of the loss's gradient with respect to each layer's output.

    activation_gradient_rms = B · √(mean of (dL/da)²). The factor B, the number of examples, undoes the mean over the
    batch: for a loss that is such a mean this is the RMS gradient of one example's loss, so batches of any size compare.
    Its slope over depth tells vanishing (positive) and exploding (negative) gradients.

    Args:
        every: cadence in steps.
        window: steps merged into one reading; the mean then runs over all of its steps.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.

    Returns:
        Column activation_gradient_rms ≥ 0, in the loss's unit per activation's unit; missing where not connected.

    References:
        Schoenholz, Gilmer, Ganguli and Sohl-Dickstein 2017, Deep information propagation, arXiv 1611.01232.
    """

    needs: ClassVar = frozenset({"activation_gradient"})
    merges: ClassVar = {"square": "sum", "entries": "sum"}
    columns: ClassVar = ("activation_gradient_rms",)

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """Σ (B · dL/da)² and the number of entries."""
        gradient = snapshot.activation_gradient
        assert gradient is not None
        return {
            "square": square_sum(as_float32(gradient)) * snapshot.examples**2,
            "entries": size(gradient),
        }

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """The root of the mean."""
        return {"activation_gradient_rms": np.sqrt(statistics["square"] / statistics["entries"])}
