"""Do the layers' weights change at a reasonable rate?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.lacking import too_few
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.wording.numerals import short


@dataclass(frozen=True)
class UpdateRatio(Rule):
    """Single layers whose weights change too little or too much in one step.

    Formula: median over steps of ‖u‖₂ / ‖W‖₂ for every layer, against ``slow`` and ``fast``.

    Args:
        slow: two decades below the rule of thumb of 10⁻³ (CS231n notes): 10⁵ steps to change weights by their norm.
        fast: two decades above it: ten steps are enough to replace the weights.
        readings: fewest measured steps. Three: the median of fewer is a single batch's.
    """

    slow: float = 1e-5
    fast: float = 1e-1
    readings: int = 3

    needs: ClassVar[frozenset[str]] = frozenset({"update_ratio"})
    remedy: ClassVar[str] = "Add probes.UpdateRatio() to the probes."
    rank: ClassVar[int] = 64
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {"diverging_loss", "oscillating_loss"}

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning where a layer moves too fast or too slowly, else clean."""
        grid = case.grid("update_ratio")
        if grid is None or len(grid) < self.readings:
            have = 0 if grid is None else len(grid)
            return too_few(case, self.readings, "measured steps with finite updates", have)
        ratios = grid.typical()
        slow, fast = ratios < self.slow, ratios > self.fast
        low, high = float(np.nanmin(ratios)), float(np.nanmax(ratios))
        word = "fast" if fast.any() else "slow" if slow.any() else "clean"
        return Finding(
            rule=self.name,
            severity="clean" if word == "clean" else "warning",
            what=_what(len(ratios), int(slow.sum()), int(fast.sum()), self)
            + f" The ratios of update to weights range from {short(low)} to {short(high)}.",
            means=_MEANING[word],
            do=_ADVICE[word],
            layers=tuple(layer for layer, off in zip(grid.layers, slow | fast, strict=True) if off),
            numbers={
                "layers": len(ratios),
                "slow": int(slow.sum()),
                "fast": int(fast.sum()),
                "lowest": low,
                "highest": high,
            },
            value=high if fast.any() else low,
            threshold=self.fast if fast.any() else self.slow,
            confidence=0.7,
            evidence=(Evidence("update_ratio"),),
            remedies=() if word == "clean" else (Remedy("learning_rate", {"factor": 0.1 if word == "fast" else 10.0}),),
            reference="CS231n notes, Neural networks part 3.",
        )


def _what(layers: int, slow: int, fast: int, rule: UpdateRatio) -> str:
    norm = "of their weights' norm"
    parts = [f"{fast} of {layers} layers move by more than {short(rule.fast)} {norm}"] if fast else []
    parts += [f"{slow} of {layers} layers move by less than {short(rule.slow)} {norm}"] if slow else []
    all_well = f"all {layers} layers move by {short(rule.slow)} to {short(rule.fast)} {norm}"
    return f"In a typical step, {' and '.join(parts) or all_well}."


_MEANING = {
    "fast": "A few such steps replace the weights and erase what they had learned.",
    "slow": "Such a layer hardly learns, because its gradient or the learning rate is too small.",
    "clean": "All layers move at a normal pace; about 0.001 is common.",
}
_ADVICE = {
    "fast": "Try a smaller learning rate or gradient clipping by norm.",
    "slow": "Check the gradient of these layers first; if all layers are slow, raise the learning rate.",
    "clean": "",
}
