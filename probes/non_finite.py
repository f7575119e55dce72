"""Where does training first produce numbers that are none?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from probes.primitives import nonfinite_count
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class NonFinite(Probe):
    """Number of entries that are NaN or Inf, in a layer's output and in the gradient of its own variables.

    activation_nonfinite = Σ 1[a is NaN or ±Inf], gradient_nonfinite = Σ 1[g is NaN or ±Inf], over all entries; over a
    window, the counts of its steps are added. A sparse gradient counts the rows that the step touched.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.

    Returns:
        Columns gradient_nonfinite and activation_nonfinite, entries ≥ 0, exact up to 2²⁴; 0 for an empty batch.
        gradient_nonfinite is missing for layers without connected variables of their own, activation_nonfinite for
        layers whose output was not seen.

    References:
        IEEE 754, Standard for Floating-Point Arithmetic, 2019 (what NaN and Inf are).
    """

    needs: ClassVar = frozenset({"activation", "gradient"})
    needs_all: ClassVar = False  # many layers have no variables
    merges: ClassVar = {"gradient": "sum", "activation": "sum"}
    alike: ClassVar = frozenset({"gradient"})
    columns: ClassVar = ("gradient_nonfinite", "activation_nonfinite")

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """The two counts, as far as the layer has what is counted."""
        counts: dict[str, Statistic] = {}
        if snapshot.gradients:
            counts["gradient"] = tf.add_n([nonfinite_count(gradient) for gradient in snapshot.gradients])
        if snapshot.activation is not None:
            counts["activation"] = nonfinite_count(snapshot.activation)
        return counts

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """The counts as they are."""
        return {f"{name}_nonfinite": statistics[name] for name in self.merges if name in statistics}
