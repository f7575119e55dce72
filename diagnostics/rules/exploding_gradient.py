"""Does the gradient explode on its way back?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from diagnostics.measures.chain import Flow, gradient_flow, trained_chain
from diagnostics.measures.tables import RunLike
from diagnostics.rules.rule import Finding, NotEvaluated, Rule, Severity
from diagnostics.wording.numerals import percent


@dataclass(frozen=True)
class ExplodingGradient(Rule):
    """The gradient grows on its way back, and early layers move too far in one step.

    Formula: a window of steps is flagged when the depth slope's interval lies below 0 and the attenuation is at most
    −``attenuation``; it is violent when the early layers' update ratio is also at least ``update_ratio``. Critical
    when any window is violent, since steps of that size undo what was learned; a warning when any is flagged.

    Args:
        attenuation: decades gained from the last layer to the first. Two, as for the vanishing gradient: more than the
            decade on either side of 10⁻³ that the rule of thumb for update ratios allows (CS231n notes).
        update_ratio: share of its weights' norm that a layer changes by in one step. A tenth, a hundred times the
            rule of thumb.
        windows: parts that the run's steps are cut into.
        fewest_layers: the shortest chain whose slope has a meaningful interval.

    References:
        Pascanu et al. 2013, arXiv 1211.5063; Yang et al. 2019, arXiv 1902.08129.
    """

    attenuation: float = 2.0
    update_ratio: float = 0.1
    windows: int = 10
    fewest_layers: int = 4

    needs: ClassVar[frozenset[str]] = frozenset({"activation_gradient_rms", "update_ratio"})

    def judge(self, run: RunLike) -> Finding | NotEvaluated:
        """Critical, warning or clean; not evaluated without a chain of hidden layers of one kind."""
        chain = trained_chain(run)
        flow = gradient_flow(run, chain, self.windows) if len(chain) >= self.fewest_layers else []
        if not flow:
            return NotEvaluated((f"a chain of {self.fewest_layers} hidden layers of one kind",), tuple(chain))
        flagged = [window for window in flow if window.high < 0 and window.attenuation <= -self.attenuation]
        violent = [window for window in flagged if window.early_update_ratio >= self.update_ratio]
        severity: Severity = "critical" if violent else "warning" if flagged else "clean"
        shown = (violent or flagged or flow)[0]
        numbers = {"layers": len(chain), "windows": len(flow), "flagged": len(flagged), "violent": len(violent)}
        return Finding(
            rule=self.name,
            severity=severity,
            what=f"Backpropagated through {len(chain)} layers, {shown}; this exceeds the bound in "
            f"{len(flagged)} of {len(flow)} windows of steps.",
            means=_meaning(severity, shown),
            do=_ADVICE[severity],
            layers=tuple(chain) if flagged else (),
            numbers=numbers | asdict(shown),
        )


_ADVICE = {
    "critical": "Try gradient clipping by norm, a smaller initialisation or learning rate, or a warm-up.",
    "warning": "Clip the gradient by norm before it grows further, or use a smaller initialisation.",
    "clean": "",
}


def _meaning(severity: Severity, window: Flow) -> str:
    share = percent(window.early_update_ratio)
    return {
        "critical": f"A single step changes early layers by {share} of their weights' norm and erases what they learned.",
        "warning": f"Early layers receive far more gradient than late ones, but a step changes their weights by only {share}.",
        "clean": f"The gradient does not explode; a step changes the weights of early layers by {share}.",
    }[severity]
