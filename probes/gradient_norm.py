"""How large is the gradient that reaches a layer's own weights?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from probes.primitives import square_sum_of_all
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class GradientNorm(Probe):
    """Norm of the gradient of each layer's own trainable variables, taken together as one vector g of n entries.

    gradient_norm = ‖g‖₂, gradient_rms = ‖g‖₂ / √n, gradient_to_weight = ‖g‖₂ / ‖W‖₂, weight_norm = ‖W‖₂ before the
    update. Over a window, each square is averaged over its steps before the root.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.

    Returns:
        Columns gradient_norm, gradient_rms, gradient_to_weight, weight_norm: each ≥ 0, in the loss's unit per weight's
        unit (norms of weights in the weight's unit). Missing where the loss does not depend on the layer;
        gradient_to_weight also for weights that are all zero.

    References:
        Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks.
    """

    needs: ClassVar = frozenset({"gradient", "weight_square"})
    merges: ClassVar = {"gradient_square": "sum", "weight_square": "sum", "entries": "same", "steps": "sum"}
    columns: ClassVar = ("gradient_norm", "gradient_rms", "gradient_to_weight", "weight_norm")

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """Σ g², Σ W², n, and 1 step."""
        return {
            "gradient_square": square_sum_of_all(snapshot.gradients),
            "weight_square": snapshot.weight_square,
            "entries": snapshot.weight_entries,
            "steps": tf.constant(1.0),
        }

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """Roots and ratios of the sums."""
        gradient = np.sqrt(statistics["gradient_square"] / statistics["steps"])
        weight = np.sqrt(statistics["weight_square"] / statistics["steps"])
        return {
            "gradient_norm": gradient,
            "gradient_rms": gradient / np.sqrt(statistics["entries"]),
            "gradient_to_weight": gradient / np.where(weight > 0, weight, np.nan),
            "weight_norm": weight,
        }
