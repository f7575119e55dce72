"""Does the loss depend on all layers that are to be trained?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from diagnostics.measures.missing import having, unconnected
from diagnostics.rules.case import Case
from diagnostics.rules.finding import Finding, Remedy
from diagnostics.rules.rule import LEARNS_LITTLE, Rule


@dataclass(frozen=True)
class NotConnected(Rule):
    """Trained layers that the loss does not depend on: their gradient is missing, which is not zero.

    Formula: layers with trained weights that never have a gradient_norm; a warning if they make up ``share`` or more of all.

    Args:
        share: smallest share of the trained layers that is worth a warning. 0.2: smaller shares are often intended, such as a
            second head that another training uses.
    """

    share: float = 0.2

    needs: ClassVar[frozenset[str]] = frozenset({"gradient_norm"})
    remedy: ClassVar[str] = "Add probes.GradientNorm() to the probes."
    rank: ClassVar[int] = 44
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "weights_do_not_move",
        "update_ratio",
        "stopped_early",
        "learning_rate_too_low",
    }

    def judge(self, case: Case) -> Finding:
        """Warning, info for few layers, or clean."""
        run: Any = case
        loose = tuple(unconnected(run, "gradient_norm"))
        total = len(having(case.layers, "gradient_norm")) + len(loose)
        if not loose:
            return Finding(self.name, "clean", f"The loss depends on all {total} layers with weights.")
        return Finding(
            self.name,
            "warning" if len(loose) >= self.share * total else "info",
            f"The loss does not depend on {len(loose)} of {total} layers with weights, such as {loose[0]}.",
            "These layers are never trained.",
            "Check that their outputs are used, and that nothing on the way stops the gradient (tf.stop_gradient, argmax, "
            "rounding, NumPy).",
            layers=loose,
            value=len(loose) / total,
            threshold=self.share,
            confidence=0.9,
            remedies=(Remedy("connect"),),
        )
