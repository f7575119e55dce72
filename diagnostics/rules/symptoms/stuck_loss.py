"""Does the loss stand still well above what is possible?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated
from diagnostics.rules.lacking import no_level
from diagnostics.rules.outcome import Outcome, better
from diagnostics.rules.rule import Rule
from diagnostics.rules.symptoms.no_learning import NoLearning
from diagnostics.wording.numerals import percent


@dataclass(frozen=True)
class StuckLoss(Rule):
    """A model that learned little and no longer improves. It may be all that the data allow, so that it is told and no warning.

    Formula: skill (see ``NoLearning``) below ``good``, and the loss not falling as ``SlowLoss`` asks. A warning where the skill is
    below ``tiny``, by loss and, where they are known, by accuracy and on validation data; ``NoLearning`` warns of one below its own
    bound.

    Args:
        tiny: skill. A tenth: what little a model of noisy targets can learn is more, and dropout or first weights explain less.
        good: skill. Four fifths of what separates a constant from a perfect prediction.
        errors: standard errors by which a falling loss must fall from the third to the last quarter of training.
        fall: share of the loss by which it must fall, too, as in ``SlowLoss``.
    """

    tiny: float = 0.1
    good: float = 0.8
    errors: float = 3.0
    fall: float = 0.01

    is_symptom: ClassVar[bool] = True
    rank: ClassVar[int] = 97

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Info or clean; not evaluated without a known skill."""
        outcome = case.outcome
        if outcome.skill is None or (case.loss and case.loss.broken_at is not None):
            return no_level(case, "the loss of the best constant prediction, or the accuracy")
        fall, errors = outcome.late_fall
        numbers = {"skill": outcome.skill, "late_fall": fall, "errors": errors}
        if outcome.skill >= self.good or (errors >= self.errors and fall >= self.fall):
            what = f"The skill by {outcome.measure} at the end is {percent(outcome.skill)}."
            return Finding(self.name, "clean", what, numbers=numbers)
        return Finding(
            self.name,
            "warning" if self._is_tiny(outcome) and not np.isnan(fall) else "info",
            f"The loss no longer falls, and the model is {better(outcome.skill)}.",
            "It learned little of what the targets vary by; noisy targets allow no more.",
            "Compare with a simple model, such as a linear one or nearest neighbours.",
            numbers=numbers,
            value=outcome.skill,
            threshold=self.good,
            evidence=(Evidence("loss", "scalars"),),
        )

    def _is_tiny(self, outcome: Outcome) -> bool:
        """Whether next to nothing was learned, by every measure, and yet more than ``NoLearning`` calls nothing."""
        others = (outcome.accuracy_skill, outcome.validation_skill, outcome.validation_accuracy_skill)
        by_accuracy = NoLearning().least_accuracy
        known = [skill for skill in others if skill is not None]
        return NoLearning().least_skill <= (outcome.skill or 0.0) < self.tiny and all(
            one < by_accuracy for one in known
        )
