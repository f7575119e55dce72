"""Does the gradient reach the early layers?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from diagnostics.measures.chain import Flow, gradient_flow, trained_chain
from diagnostics.measures.tables import RunLike
from diagnostics.rules.rule import Finding, NotEvaluated, Rule, Severity
from diagnostics.wording.numerals import decades, short


@dataclass(frozen=True)
class VanishingGradient(Rule):
    """The gradient shrinks on its way back, and early layers hardly move.

    Formula: a window of steps is flagged when the depth slope's interval lies above 0 and the attenuation is at least
    ``attenuation``, or when some layer's gradient is exactly 0; it is starved when its update gap is also at most
    −``update_gap``. Critical when ``persistent`` of all windows are starved, a warning when any is flagged.

    Args:
        attenuation: decades from the last layer to the first. Two: layers that share one learning rate then differ by
            more than the decade on either side of 10⁻³ that the rule of thumb for update ratios allows (CS231n notes).
        update_gap: decades by which early layers move less than late ones, in relation to their weights. One: a tenth.
            An optimizer that scales each weight separately, such as Adam, can compensate for a small gradient.
        persistent: share of windows. Half: not just the start of training.
        windows: parts that the run's steps are cut into.
        fewest_layers: the shortest chain whose slope has a meaningful interval.

    References:
        Glorot and Bengio 2010; Schoenholz et al. 2017, arXiv 1611.01232.
    """

    attenuation: float = 2.0
    update_gap: float = 1.0
    persistent: float = 0.5
    windows: int = 10
    fewest_layers: int = 4

    needs: ClassVar[frozenset[str]] = frozenset({"activation_gradient_rms", "update_ratio"})

    def judge(self, run: RunLike) -> Finding | NotEvaluated:
        """Critical, warning or clean; not evaluated without a chain of hidden layers of one kind."""
        chain = trained_chain(run)
        flow = gradient_flow(run, chain, self.windows) if len(chain) >= self.fewest_layers else []
        if not flow:
            return NotEvaluated((f"a chain of {self.fewest_layers} hidden layers of one kind",), tuple(chain))
        flagged = [window for window in flow if self._flagged(window)]
        starved = [window for window in flagged if window.update_gap <= -self.update_gap]
        persists = len(starved) >= self.persistent * len(flow)
        severity: Severity = "critical" if persists else "warning" if flagged else "clean"
        shown = (flagged or flow)[-1]
        numbers = {"layers": len(chain), "windows": len(flow), "flagged": len(flagged), "starved": len(starved)}
        return Finding(
            rule=self.name,
            severity=severity,
            what=f"Backpropagated through {len(chain)} layers, {shown}; this exceeds the bound in "
            f"{len(flagged)} of {len(flow)} windows of steps.",
            means=_meaning(severity, shown, len(starved)),
            do=_ADVICE[severity],
            layers=tuple(chain) if flagged else (),
            numbers=numbers | asdict(shown),
        )

    def _flagged(self, window: Flow) -> bool:
        return (window.low > 0 and window.attenuation >= self.attenuation) or window.unreached > 0


_ADVICE = {
    "critical": "Try an activation with the initialisation that keeps its gain at 1 (ReLU with He, SELU with LeCun), "
    "batch normalisation, or residual connections; a larger learning rate does not help.",
    "warning": "Watch the early layers' update_ratio; an initialisation that suits the activation keeps the gradient.",
    "clean": "",
}


def _meaning(severity: Severity, window: Flow, starved: int) -> str:
    ratio, gap = short(window.early_update_ratio), decades(abs(window.update_gap))
    lighter = f"and hardly move in {starved} of these windows" if starved else "but move about as fast as late layers"
    return {
        "critical": f"Early layers hardly learn: their update ratio of {ratio} is {gap} below that of late layers.",
        "warning": f"Early layers receive little gradient {lighter} (update ratio {ratio}).",
        "clean": f"Gradient reaches the early layers (update ratio {ratio}).",
    }[severity]
