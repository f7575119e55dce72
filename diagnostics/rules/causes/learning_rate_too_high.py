"""Are the steps so large that they undo what was learned?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.grid import Grid, column_medians
from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.runs.facts import Optimizer
from diagnostics.wording.numerals import percent, short

ADAPTIVE = ("Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Lamb", "Lion")
MANY = 10.0
"""A share from which on it is told as a multiple."""


@dataclass(frozen=True)
class LearningRateTooHigh(Rule):
    """Steps that change most of a layer's weights at once.

    Formula: the median over layers of update_ratio, among the first ``early`` of the run: in a typical step at least ``high``, or
    in the largest at least ``jump``. Without that statistic, the optimizer's rate against ``adaptive_rate`` or ``plain_rate``.
    Where weight_norm falls below ``shrunk`` of its start, a penalty or decay made the weights small, and the ratio says nothing.
    Where the scalars have a column ``sharpness`` (``probes.Sharpness``) and the optimizer is gradient descent, also its median ×
    rate / (2 (1 + momentum)), above ``unstable``.

    Args:
        high: share of the weights' norm. 6 %: at sixty times the rule of thumb of 10⁻³, twenty steps replace the weights;
            Adam's first steps reach 4 % in healthy small nets.
        sure: share from which on it is sure.
        early: share of the run. A fifth, because what is broken later moves no more.
        jump: share of the weights' norm in one step. A half: that step wrote over the first weights.
        fatal: share in one step for a single layer, after which no layer moves any more. One: nothing is left of its weights.
        shrunk: share of the first norm.
        adaptive_rate: for Adam and its kin, whose step is about the rate whatever the gradient. A hundred times the default.
        plain_rate: for gradient descent. One: with inputs of scale 1, curvature allows about 2 divided by their number.

        learned: skill from which on early steps of such a size are likely to have been the way to it, unless the loss swings. Three
            tenths, as in ``SlowLoss``.
        unstable: two. At 1 gradient descent oscillates and may still learn at the edge of stability; above 2 it does not
            come back (Lewkowycz et al. 2020).

    References:
        CS231n notes; Lewkowycz et al. 2020, arXiv 2003.02218; Cohen et al. 2021, arXiv 2103.00065.
    """

    high: float = 0.06
    sure: float = 0.15
    early: float = 0.2
    jump: float = 0.5
    fatal: float = 1.0
    shrunk: float = 0.3
    adaptive_rate: float = 0.1
    plain_rate: float = 1.0
    learned: float = 0.3
    unstable: float = 2.0

    rank: ClassVar[int] = 50
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "diverging_loss",
        "oscillating_loss",
        "non_finite",
        "dead_units",
        "saturation",
        "exploding_gradient",
        "vanishing_gradient",
        "update_ratio",
        "constant_signal",
        "contradicting_metric",
        "stopped_early",
        "float16_headroom",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without update ratio and optimizer."""
        grid = case.grid("update_ratio")
        optimizer = case.training.optimizer
        rate = optimizer.learning_rate if optimizer else None
        if found := self._by_sharpness(case, optimizer, rate):
            return found
        if grid is not None:
            return self._by_updates(case, grid, rate)
        if optimizer is None or rate is None:
            return NotEvaluated(
                ("update_ratio, or a record of the optimizer",), (), "Add probes.UpdateRatio() to the probes."
            )
        bound = self.adaptive_rate if optimizer.class_name in ADAPTIVE else self.plain_rate
        told = f"With {optimizer.class_name}, {short(rate)} is held against a bound of {short(bound)}"
        return self._told(told, rate, bound, 0.8, rate)

    def _by_sharpness(self, case: Case, optimizer: Optimizer | None, rate: float | None) -> Finding | None:
        """What curvature allows, where it was measured; ``None`` where it was not, or allows the rate."""
        curve = case.metric("sharpness")
        if curve is None or optimizer is None or rate is None or optimizer.class_name != "SGD":
            return None
        momentum = optimizer.settings.get("momentum") or 0.0
        sharpness = float(np.median(curve.finite)) if len(curve.finite) else 0.0
        factor = sharpness * rate / (2 * (1 + momentum))
        if not factor > self.unstable:
            return None
        told = f"The measured sharpness of {short(sharpness)} allows a rate of {short(rate / factor)}, and the rate is {short(rate)}"
        return self._told(told, factor, self.unstable, 0.95, rate)

    def _by_updates(self, case: Case, grid: Grid, rate: float | None) -> Finding:
        early = grid.values[: max(int(np.ceil(self.early * len(grid))), 1)]
        steps = column_medians(early.T)
        ratio, largest = float(np.median(steps)), float(steps.max())
        if _shrunk(case.grid("weight_norm")) < self.shrunk:
            return Finding(self.name, "clean", "The weights became small, so that their relative change says little.")
        worst = float(np.nanmax(early))
        if worst >= self.fatal and largest < self.jump and np.nanmax(grid.typical()) == 0:
            told = f"An early step changes a layer by {_share(worst)} its weights' norm, and after it no weight moves"
            return self._told(told, worst, self.fatal, 0.9, rate)
        if largest >= self.jump and ratio < self.sure:
            told = f"A single early step changes the median layer by {_share(largest)} its weights' norm"
            return self._told(told, largest, self.jump, 0.9, rate)
        where = "a typical early" if len(early) > 1 else "the first measured"
        told = f"In {where} step, the median layer changes by {_share(ratio)} its weights' norm"
        learned = (case.outcome.skill or 0.0) >= self.learned
        return self._told(told, ratio, self.high, 0.9 if ratio >= self.sure and not learned else 0.8, rate)

    def _told(self, told: str, value: float, threshold: float, confidence: float, rate: float | None) -> Finding:
        if not value >= threshold:
            return Finding(self.name, "clean", f"{told}.", value=value, threshold=threshold)
        named = f"The learning rate{f' of {short(rate)}' if rate else ''}"
        lower = f"a learning rate of {short(rate / 10)}" if rate else "a learning rate a tenth as large"
        return Finding(
            self.name,
            "warning",
            f"{named} is too high: {told[0].lower()}{told[1:]}.",
            "Steps of that size overshoot and erase what was learned.",
            f"Try {lower}, with a warm-up or gradient clipping by norm.",
            value=value,
            threshold=threshold,
            confidence=confidence,
            if_harmless=f"{named} is high: {told[0].lower()}{told[1:]}.",
            evidence=(Evidence("update_ratio"), Evidence("loss", "scalars")),
            remedies=(Remedy("learning_rate", {"factor": 0.1}), Remedy("clipping", {"clipnorm": 1.0})),
            reference="CS231n notes; Cohen et al. 2021, arXiv 2103.00065.",
        )


def _share(ratio: float) -> str:
    return f"{short(ratio)} times" if ratio >= MANY else f"{percent(ratio)} of"


def _shrunk(norms: Grid | None) -> float:
    """The median over layers of the last weight norm by the first; 1 if it was not recorded."""
    if norms is None:
        return 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        change = norms.values[-1] / norms.values[0]
    return float(np.median(change[np.isfinite(change)])) if np.isfinite(change).any() else 1.0
