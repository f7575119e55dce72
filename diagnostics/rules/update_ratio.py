"""Do the layers' weights change at a reasonable rate?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.measures.tables import RunLike, profile
from diagnostics.rules.rule import Finding, NotEvaluated, Rule, Severity
from diagnostics.wording.numerals import short


@dataclass(frozen=True)
class UpdateRatio(Rule):
    """Layers whose weights change too little or too much in one step.

    Formula: median over steps of ‖u‖₂ / ‖W‖₂ for every layer, against ``slow`` and ``fast``.

    Args:
        slow: two decades below the rule of thumb of 10⁻³ (CS231n notes): 10⁵ steps to change weights by their norm.
        fast: two decades above it: ten steps are enough to replace the weights.
    """

    slow: float = 1e-5
    fast: float = 1e-1

    needs: ClassVar[frozenset[str]] = frozenset({"update_ratio"})

    def judge(self, run: RunLike) -> Finding | NotEvaluated:
        """Critical when a layer moves too fast, warning when one is too slow, else clean."""
        layers = profile(run, "update_ratio", step=0, until=-1)
        ratios = layers["value"].to_numpy()
        slow, fast = ratios < self.slow, ratios > self.fast
        severity: Severity = "critical" if fast.any() else "warning" if slow.any() else "clean"
        return Finding(
            rule=self.name,
            severity=severity,
            what=f"In a typical step, {slow.sum()} of {len(ratios)} layers move by less than {short(self.slow)} of "
            f"their weights' norm, {fast.sum()} by more than {short(self.fast)}; the ratios range from {short(ratios.min())} "
            f"to {short(ratios.max())}.",
            means=_MEANING[severity],
            do=_ADVICE[severity],
            layers=tuple(layers.loc[slow | fast, "layer"].astype(str)),
            numbers={"layers": len(ratios), "slow": int(slow.sum()), "fast": int(fast.sum())}
            | {"lowest": float(ratios.min()), "highest": float(ratios.max())},
        )


_MEANING = {
    "critical": "A few such steps replace the weights and erase what they had learned.",
    "warning": "Such a layer hardly learns, because its gradient or the learning rate is too small.",
    "clean": "All layers move at a normal pace; about 0.001 is common.",
}
_ADVICE = {
    "critical": "Try a smaller learning rate or gradient clipping by norm.",
    "warning": "Check vanishing_gradient first; if all layers are slow, raise the learning rate.",
    "clean": "",
}
