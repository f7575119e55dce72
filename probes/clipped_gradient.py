"""How much of a layer's gradient does the optimizer's clipping leave?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from probes.primitives import square_sum
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class ClippedGradient(Probe):
    """Norm of what is left of each layer's gradient when the optimizer has clipped it; beside ``GradientNorm``'s.

    gradient_norm_clipped = ‖c(g)‖₂, with c the optimizer's clipping: to norm k of each variable (clipnorm), g·min(1, k/‖g‖₂);
    to norm k of all gradients together (global_clipnorm); or of each entry to [−k, k] (clipvalue). Over a window, the
    square is averaged over its steps before the root.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.

    Returns:
        Column gradient_norm_clipped ≥ 0, in the loss's unit per weight's unit; missing where the loss does not depend on
        the layer, where the monitor was not given the optimizer (``Monitor(optimizer=...)``), and where that does not
        clip or accumulates gradients over steps.

    References:
        Pascanu, Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks, arXiv 1211.5063.
    """

    needs: ClassVar = frozenset({"gradient", "clipping"})
    merges: ClassVar = {"clipped_square": "sum", "steps": "sum"}
    columns: ClassVar = ("gradient_norm_clipped",)

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """Σ c(g)², and 1 step."""
        assert snapshot.clipping is not None
        squares = [square_sum(snapshot.clipping.apply(gradient)) for gradient in snapshot.gradients]
        return {"clipped_square": tf.add_n(squares), "steps": tf.constant(1.0)}

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """The root of the mean."""
        return {"gradient_norm_clipped": np.sqrt(statistics["clipped_square"] / statistics["steps"])}
