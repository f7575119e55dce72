"""Does the gradient explode on its way back?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import ClassVar

from diagnostics.measures.chain import Flow, gradient_flow, parts, trained_chain
from diagnostics.measures.grid import Grid
from diagnostics.rules.by_net import worst_net
from diagnostics.rules.case import Case
from diagnostics.rules.finding import UNJUDGED, Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.lacking import too_shallow
from diagnostics.rules.rule import Rule
from diagnostics.wording.numerals import percent, short


@dataclass(frozen=True)
class ExplodingGradient(Rule):
    """The gradient grows on its way back, and early layers move too far in one step.

    Formula: a window of steps is flagged when the depth slope's interval lies below 0 and the attenuation is at most
    −``attenuation``, or ``local`` decades are gained between two neighbours; it is violent when the early layers' update ratio
    is also at least ``update_ratio``. The finding is sure when any window is violent, since steps of that size undo what was
    learned, and an oddity when any is flagged.

    Args:
        attenuation: decades gained from the last layer to the first. Two, as for the vanishing gradient: more than the
            decade on either side of 10⁻³ that the rule of thumb for update ratios allows (CS231n notes).
        local: decades gained between neighbours. Three, as for the vanishing gradient.
        update_ratio: share of its weights' norm that a layer changes by in one step. A tenth, a hundred times the
            rule of thumb.
        windows: parts that the run's steps are cut into.
        fewest_layers: the shortest chain whose slope has a meaningful interval.

    References:
        Pascanu et al. 2013, arXiv 1211.5063; Yang et al. 2019, arXiv 1902.08129.
    """

    attenuation: float = 2.0
    local: float = 3.0
    update_ratio: float = 0.1
    windows: int = 10
    fewest_layers: int = 4

    needs: ClassVar[frozenset[str]] = frozenset({"activation_gradient_rms", "update_ratio"})
    remedy: ClassVar[str] = "Add probes.ActivationGradient() and probes.UpdateRatio() to the probes."
    rank: ClassVar[int] = 61
    explains: ClassVar[frozenset[str]] = frozenset(
        {"no_learning", "stuck_loss", "diverging_loss", "oscillating_loss", "non_finite", "update_ratio", "dead_units"}
        | {"constant_predictions"}
    )

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a chain of hidden layers of one kind, or where the gradient is 0 throughout."""
        gradient, update = case.grid("activation_gradient_rms"), case.grid("update_ratio")
        if gradient is None or update is None or not (gradient.values > 0).any():
            return NotEvaluated(("a finite gradient that is not 0 everywhere",))
        return worst_net(gradient, update, self._judge_net)

    def _judge_net(self, gradient: Grid, update: Grid) -> Finding | NotEvaluated:
        chain = trained_chain(update)
        flow = gradient_flow(gradient.of(chain), update, self.windows) if len(chain) >= self.fewest_layers else []
        if not flow:
            return too_shallow(self.fewest_layers, chain)
        flagged = [window for window in flow if self._flagged(window)]
        violent = [window for window in flagged if window.early_update_ratio >= self.update_ratio]
        shown = (violent or flagged or flow)[0]
        numbers = {"layers": len(chain), "windows": len(flow), "flagged": len(flagged), "violent": len(violent)}
        return Finding(
            rule=self.name,
            severity="warning" if flagged else "clean",
            what=("The gradient explodes. " if flagged else "")
            + f"From the last of {len(chain)} layers back to the first, {shown}"
            f"{parts(len(flagged), len(flow))}.",
            means=_meaning(shown, violent=bool(violent), flagged=bool(flagged))
            if flagged or isfinite(shown.attenuation)
            else UNJUDGED,
            do=_ADVICE if flagged else "",
            layers=tuple(chain) if flagged else (),
            numbers=numbers | asdict(shown),
            steps=(flagged[0].first_step, flagged[-1].last_step) if flagged else (),
            value=-shown.attenuation,
            threshold=self.attenuation,
            confidence=0.95 if violent else 0.55,
            evidence=(Evidence("activation_gradient_rms"), Evidence("update_ratio")),
            remedies=(Remedy("clipping", {"clipnorm": 1.0}), Remedy("initialization")) if flagged else (),
            reference="Pascanu et al. 2013, arXiv 1211.5063.",
        )

    def _flagged(self, window: Flow) -> bool:
        return (window.high < 0 and window.attenuation <= -self.attenuation) or window.largest_gain >= self.local


LARGE = 10.0
"""A share from which on it is told as a multiple."""
_ADVICE = "Try gradient clipping by norm, a smaller initialisation or learning rate, or a warm-up."


def _meaning(window: Flow, *, violent: bool, flagged: bool) -> str:
    ratio = window.early_update_ratio
    share = f"{short(ratio)} times" if ratio >= LARGE else f"{percent(ratio)} of"
    if violent:
        return f"A single step changes early layers by {share} their weights' norm and erases what they learned."
    if flagged:
        return f"Early layers receive far more gradient than late ones, but a step changes their weights by only {percent(ratio)}."
    return f"The gradient does not explode; a step changes the weights of early layers by {percent(ratio)}."
