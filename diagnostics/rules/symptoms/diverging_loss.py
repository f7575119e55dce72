"""Did the loss grow, or stop being a number?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated
from diagnostics.rules.lacking import LONGER
from diagnostics.rules.losses import family_of
from diagnostics.rules.rule import Rule
from diagnostics.statistics.sequential import exceedance_evidence
from diagnostics.wording.numerals import short


@dataclass(frozen=True)
class DivergingLoss(Rule):
    """A training loss that becomes NaN or Inf, or ends above where it began.

    Formula: mean and median of the loss at the end > ``growth`` × the larger of its first level and the best constant's loss,
    the mean by more than ``errors`` standard errors, and an e-value of at least 1 / ``level`` against a loss that exceeds the latter
    in at most half of its readings; or the loss had fallen below ``learned`` × the best constant's and ends
    above it.

    Args:
        growth: factor. A fifth above the start is beyond what noise of a mean over a tenth of a run explains.
        unknown_growth: factor for a loss that is not known to be one of prediction: those of GANs and of reinforcement
            learning rise in good training, too, but not a hundredfold.
        errors: standard errors. Four: at most 1 in 1,000 steady runs with independent noise exceeds it.
        level: chance that a run whose loss lies above the bound half of the time is ever told to diverge, however often it is
            judged while it grows (``statistics.sequential``). One in a hundred; ten readings in a row are enough.
        learned: share of the constant's loss that counts as having learned.
    """

    growth: float = 1.2
    unknown_growth: float = 100.0
    errors: float = 4.0
    level: float = 0.01
    learned: float = 0.7

    is_symptom: ClassVar[bool] = True
    rank: ClassVar[int] = 91

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Error for a loss that is no number, warning for one that grew, else clean."""
        if case.loss is not None and case.loss.broken_at is not None:
            return self._broken(case)
        outcome = case.outcome
        if outcome.loss is None:
            return NotEvaluated(("a training loss with at least five readings",), (), LONGER)
        start, end, constant = outcome.loss.start, outcome.loss.end, outcome.constant or 0.0
        bound = max(start, constant)
        growth = self.growth if family_of(case.training.loss) else self.unknown_growth
        middle = float(np.median(outcome.loss.finite[-outcome.loss.tail_size :]))
        grew = 0 < growth * bound < min(end.mean, middle) and end.mean - bound > self.errors * _known(end.error)
        grew = grew and exceedance_evidence(outcome.loss.finite[1:] > bound) >= 1 / self.level
        best = float(outcome.loss.blocks.min())
        lost = constant > 0 and best < self.learned * constant < constant < end.mean - self.errors * _known(end.error)
        numbers = {"start": start, "end": end.mean, "best": best, "constant": constant}
        if not grew and not lost:
            what = _stayed(start, end.mean, growth * bound)
            return Finding(self.name, "clean", what, numbers=numbers)
        what = (
            f"The loss began at {short(start)} and ends at {short(end.mean)}."
            if grew
            else f"The loss fell to {short(best)} and ends at {short(end.mean)}, above the {short(constant)} of the best "
            "constant prediction."
        )
        return Finding(
            self.name,
            "warning",
            what,
            "Training makes the model worse.",
            "Try a smaller learning rate or gradient clipping by norm.",
            numbers=numbers,
            value=end.mean,
            threshold=bound,
            evidence=(Evidence("loss", "scalars"),),
        )

    def _broken(self, case: Case) -> Finding:
        step = case.nonfinite_loss_step
        assert case.loss is not None
        share = float(np.mean(~np.isfinite(case.loss.values)))
        return Finding(
            self.name,
            "error",
            f"The loss is NaN or Inf from step {step:.0f} on.",
            "Nothing that was trained after this step can be used.",
            "Try a smaller learning rate or gradient clipping by norm, and check the data for NaN.",
            numbers={"step": step, "share": share},
            steps=(int(step), int(case.loss.steps[-1])),
            evidence=(Evidence("loss", "scalars"),),
        )


def _stayed(start: float, end: float, bound: float) -> str:
    """Why a loss is not called diverging, in this run's own numbers."""
    if end <= start:
        return f"The loss began at {short(start)} and ends at {short(end)}, not above its start."
    rose = f"The loss rose from {short(start)} to {short(end)}"
    if end <= bound:
        return f"{rose}; such a loss counts as diverging from {short(bound)} on."
    return f"{rose}, which its own noise accounts for."


def _known(error: float) -> float:
    return 0.0 if np.isnan(error) else error
