"""Does the gradient reach the early layers?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.chain import Flow, gradient_flow, parts, trained_chain
from diagnostics.measures.grid import Grid
from diagnostics.rules.by_net import worst_net
from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.lacking import too_few, too_shallow
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.wording.numerals import factor, short


@dataclass(frozen=True)
class VanishingGradient(Rule):
    """The gradient shrinks on its way back, and early layers hardly move.

    Formula: a window of steps is flagged when the depth slope's interval lies above 0 and the attenuation is at least
    ``attenuation``, or when the gradient of ``local`` decades is lost between two neighbours, or when some layer's gradient is
    exactly 0; it is starved when its update gap is also at most −``update_gap``, or a gradient is 0. The finding is sure when
    ``persistent`` of all windows are starved, and an oddity when any is flagged.

    Args:
        attenuation: decades from the last layer to the first. Two: layers that share one learning rate then differ by
            more than the decade on either side of 10⁻³ that the rule of thumb for update ratios allows (CS231n notes).
        local: decades between neighbours. Three: a slope over twenty layers overlooks what is lost at one of them.
        update_gap: decades by which early layers move less than late ones, in relation to their weights. One: a tenth.
            An optimizer that scales each weight separately, such as Adam, can compensate for a small gradient.
        persistent: share of windows. Half: not just the start of training.
        windows: parts that the run's steps are cut into.
        fewest_layers: the shortest chain whose slope has a meaningful interval.
        readings: fewest measured steps. Three: the median of fewer is a single batch's.
        zero: share of the layers whose gradient is exactly 0 in a typical step, while the last layer has one. A half: no
            activation does that by chance; what is left of such a model is its last layers.

    References:
        Glorot and Bengio 2010; Schoenholz et al. 2017, arXiv 1611.01232.
    """

    attenuation: float = 2.0
    local: float = 3.0
    update_gap: float = 1.0
    persistent: float = 0.5
    windows: int = 10
    fewest_layers: int = 4
    readings: int = 3
    zero: float = 0.5

    needs: ClassVar[frozenset[str]] = frozenset({"activation_gradient_rms", "update_ratio"})
    remedy: ClassVar[str] = "Add probes.ActivationGradient() and probes.UpdateRatio() to the probes."
    rank: ClassVar[int] = 62
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {"weights_do_not_move", "update_ratio", "stopped_early"}

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a chain of hidden layers of one kind, or before it is finite long enough."""
        gradient, update = case.grid("activation_gradient_rms"), case.grid("update_ratio")
        if gradient is None or update is None or len(gradient) < self.readings:
            return too_few(
                case, self.readings, "measured steps with finite gradients", 0 if gradient is None else len(gradient)
            )
        return worst_net(gradient, update, self._judge_net)

    def _judge_net(self, gradient: Grid, update: Grid) -> Finding | NotEvaluated:
        silent = gradient.typical() == 0
        if silent.all():
            return self._all_zero(gradient)
        if silent.sum() >= max(self.zero * len(silent), 2) and not silent[-1]:
            return self._cut_off(gradient, silent)
        chain = trained_chain(update)
        flow = gradient_flow(gradient.of(chain), update, self.windows) if len(chain) >= self.fewest_layers else []
        if not flow:
            return too_shallow(self.fewest_layers, chain)
        flagged = [window for window in flow if self._flagged(window)]
        starved = [one for one in flagged if one.update_gap <= -self.update_gap or one.unreached]
        persists = len(starved) >= self.persistent * len(flow)
        shown = (flagged or flow)[-1]
        numbers = {"layers": len(chain), "windows": len(flow), "flagged": len(flagged), "starved": len(starved)}
        return Finding(
            rule=self.name,
            severity="warning" if flagged else "clean",
            what=("The gradient vanishes. " if flagged else "")
            + f"From the last of {len(chain)} layers back to the first, {shown}"
            f"{parts(len(flagged), len(flow))}.",
            means=_meaning(shown, len(starved), flagged=bool(flagged), persists=persists),
            do=_ADVICE if flagged else "",
            layers=tuple(chain) if flagged else (),
            numbers=numbers | asdict(shown),
            steps=(flagged[0].first_step, flagged[-1].last_step) if flagged else (),
            value=shown.attenuation,
            threshold=self.attenuation,
            confidence=0.95 if persists else 0.6,
            evidence=(Evidence("activation_gradient_rms"), Evidence("update_ratio")),
            remedies=(Remedy("initialization"), Remedy("activation"), Remedy("normalization")) if flagged else (),
            reference="Glorot and Bengio 2010.",
        )

    def _flagged(self, window: Flow) -> bool:
        lost = window.low > 0 and window.attenuation >= self.attenuation
        return lost or window.unreached > 0 or window.largest_loss >= self.local

    def _cut_off(self, gradient: Grid, silent: np.ndarray) -> Finding:
        last = gradient.layers[int(np.flatnonzero(silent)[-1])]
        return Finding(
            rule=self.name,
            severity="warning",
            what=f"In a typical step the gradient is exactly 0 at {int(silent.sum())} of {len(silent)} layers, from {last} back.",
            means="These layers are not trained.",
            do="Look for what stops the gradient there: dead units, or underflow, as of a small loss in float16 without loss scaling.",
            layers=tuple(layer for layer, zero in zip(gradient.layers, silent, strict=True) if zero),
            numbers={"unreached": int(silent.sum()), "layers": len(silent)},
            steps=(int(gradient.steps[0]), int(gradient.steps[-1])),
            value=0.0,
            confidence=0.95,
            evidence=(Evidence("activation_gradient_rms"),),
            remedies=(Remedy("precision", {"policy": "float32"}),),
        )

    def _all_zero(self, gradient: Grid) -> Finding:
        share = float((gradient.values == 0).all(axis=1).mean())
        return Finding(
            rule=self.name,
            severity="warning",
            what=f"The gradient is exactly 0 at all {len(gradient.layers)} layers, in {share:.0%} of the measured steps.",
            means="Nothing is learned in such steps.",
            do="Look for what stops the gradient at the output: a saturated or dead output unit, a loss that does not depend on "
            "the prediction, or underflow.",
            layers=gradient.layers,
            numbers={"unreached": len(gradient.layers), "share": share},
            steps=(int(gradient.steps[0]), int(gradient.steps[-1])),
            value=0.0,
            confidence=0.95,
            evidence=(Evidence("activation_gradient_rms"),),
        )


_ADVICE = (
    "Try ReLU with He initialisation or SELU with LeCun's, batch normalisation, or residual connections; a larger learning rate does "
    "not help."
)


def _meaning(window: Flow, starved: int, *, flagged: bool, persists: bool) -> str:
    ratio = short(window.early_update_ratio)
    if persists and np.isfinite(window.update_gap):
        gap = factor(abs(window.update_gap))
        return f"Early layers hardly learn: per step, the last quarter of these layers moves {gap} times as far as the first quarter."
    if persists:
        return "Early layers do not learn."
    if not flagged:
        return f"Gradient reaches the early layers (update ratio {ratio})."
    lighter = f"and hardly move in {starved} of these windows" if starved else "but move about as fast as late layers"
    return f"Early layers receive little gradient {lighter} (update ratio {ratio})."
