"""Do weights stay as they are although there is a gradient?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import UNJUDGED, Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.lacking import too_few
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.wording.numerals import short


@dataclass(frozen=True)
class WeightsDoNotMove(Rule):
    """Layers that receive a gradient and whose weights do not change.

    Formula: layers with a typical gradient_norm above 0 and a typical update_ratio of at most ``still``, as a share of the layers
    with a gradient.

    Args:
        still: ratio. 10⁻⁸ is below what a float32 weight can change by.
        share: of the layers. A quarter.
        readings: fewest measured steps.
    """

    still: float = 1e-8
    share: float = 0.25
    readings: int = 3

    needs: ClassVar[frozenset[str]] = frozenset({"gradient_norm", "update_ratio"})
    remedy: ClassVar[str] = "Add probes.GradientNorm() and probes.UpdateRatio() to the probes."
    rank: ClassVar[int] = 65
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {"update_ratio", "learning_rate_too_low", "stopped_early"}

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean."""
        gradient, update = case.grid("gradient_norm"), case.grid("update_ratio")
        have = 0 if gradient is None or update is None else min(len(gradient), len(update))
        if gradient is None or update is None or have < self.readings:
            return too_few(case, self.readings, "measured steps with finite gradients and updates", have)
        ratios = dict(zip(update.layers, update.typical(), strict=True))
        norms = dict(zip(gradient.layers, gradient.typical(), strict=True))
        reached = [layer for layer, norm in norms.items() if norm > 0 and np.isfinite(ratios.get(layer, np.nan))]
        still = tuple(layer for layer in reached if ratios[layer] <= self.still)
        if not still:
            few = 2 * len(reached) < len(norms)
            return Finding(self.name, "clean", _moving(len(reached), len(norms)), UNJUDGED if few else "")
        rate = case.training.optimizer.learning_rate if case.training.optimizer else None
        why = (
            "The learning rate is 0."
            if rate == 0
            else "The steps are rounded away, or an optimizer skips these weights."
        )
        return Finding(
            self.name,
            "warning" if len(still) >= self.share * len(reached) else "info",
            f"The weights of {len(still)} of {len(reached)} layers with a gradient do not move: a typical step changes them by at most "
            f"{short(self.still)} of their norm ({still[0]}).",
            why,
            "Check the learning rate and its schedule, which variables the optimizer was built with, and the dtype of the weights: "
            "bfloat16 and float16 round small steps away, so keep the weights in float32 (mixed_bfloat16).",
            layers=still,
            value=len(still) / len(reached),
            threshold=self.share,
            confidence=0.95,
            evidence=(Evidence("update_ratio"),),
            remedies=(Remedy("learning_rate", {"factor": 10.0}), Remedy("precision", {"policy": "float32"})),
        )


def _moving(reached: int, layers: int) -> str:
    """That the weights move, and of how many layers that can be said."""
    if reached == layers:
        return f"The weights of all {layers} layers with a gradient move."
    told = (
        "The one layer that a gradient reaches moves"
        if reached == 1
        else f"The {reached} layers that a gradient reaches move"
    )
    return f"{told if reached else 'No gradient reaches a layer'}; {layers - reached} of {layers} get none."
