"""Does the model predict better than a constant would?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated
from diagnostics.rules.lacking import LONGER, lost
from diagnostics.rules.losses import family_of
from diagnostics.rules.outcome import Outcome
from diagnostics.rules.rule import Rule
from diagnostics.wording.numerals import percent, short


@dataclass(frozen=True)
class NoLearning(Rule):
    """A model that ends no better than the best constant prediction.

    Formula: skill = 1 − loss at the end / loss of the best constant (entropy of the labels, variance of the targets), below
    ``least_skill``; accuracy, where recorded, must agree. Without a known constant it is told, and no warning, that the loss
    fell by less than ``fell`` of its start.

    Args:
        least_skill: 0 is a constant; 2 % is what the constant's loss may be off, which is estimated from the first batches.
        least_accuracy: the same skill from the error rate. Three tenths: first weights alone may order examples a little better
            than chance.
        readings: needed without a known constant. Thirty: a tenth of them still gives a level.
        fell: share of the start by which the loss must have fallen to count as learning without a known constant.
    """

    least_skill: float = 0.02
    least_accuracy: float = 0.3
    readings: int = 30
    fell: float = 0.05

    is_symptom: ClassVar[bool] = True
    rank: ClassVar[int] = 95

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning, info without a known constant, or clean; not evaluated where neither the constant's loss nor a fall is known."""
        outcome = case.outcome
        if outcome.loss is None or outcome.loss.broken_at is not None:
            return NotEvaluated(("a finite training loss with at least five readings",), (), lost(case) or LONGER)
        end, skill = outcome.loss.end.mean, outcome.skill
        accuracy = outcome.accuracy_skill
        numbers = {"end": end, "skill": np.nan if skill is None else skill, "fall": outcome.fall}
        if skill is None and outcome.in_blocks:
            return self._of_the_moment(numbers)
        if skill is None or (skill < self.least_skill and outcome.obscured and accuracy is None):
            return self._by_fall(case, outcome, numbers)
        if skill >= self.least_skill or (accuracy is not None and accuracy >= self.least_accuracy):
            return Finding(self.name, "clean", f"The model learned: {_told(outcome, skill)}.", numbers=numbers)
        return self._nothing(f"The model learned nothing: {_told(outcome, skill)}.", numbers, skill)

    def _of_the_moment(self, numbers: dict[str, float]) -> Finding:
        return Finding(
            self.name,
            "info",
            "Whether the model learned cannot be told: labels come class by class, and a model that predicts the class of the "
            "moment has a small training loss.",
            "Only data in random order show it.",
            "Give fit validation_data=, and shuffle the training data.",
            numbers=numbers,
            evidence=(Evidence("loss", "scalars"),),
        )

    def _by_fall(self, case: Case, outcome: Outcome, numbers: dict[str, float]) -> Finding | NotEvaluated:
        loss = outcome.loss
        assert loss is not None
        if outcome.fall >= self.fell:
            return Finding(self.name, "clean", f"The loss fell by {percent(outcome.fall)}.", numbers=numbers)
        if family_of(case.training.loss) is None and case.training.loss is not None:
            return NotEvaluated(("a loss whose value for a constant prediction is known",))
        if len(loss.finite) < self.readings:
            return NotEvaluated((f"{self.readings} readings of the loss",), (f"{len(loss.finite)} of them",))
        return Finding(
            self.name,
            "info",
            f"The loss began at {short(loss.start)} and ends at {short(loss.end.mean)}, after {case.steps:,} steps.",
            "With several nets trained against each other, the losses need not fall: judge what the nets produce."
            if len(case.training.optimizers) > 1
            else "Either the model learns nothing, or it began near its best, as in fine-tuning; the loss alone does not tell.",
            numbers=numbers,
            value=outcome.fall,
            threshold=self.fell,
            evidence=(Evidence("loss", "scalars"),),
        )

    def _nothing(self, what: str, numbers: dict[str, float], value: float) -> Finding:
        return Finding(
            self.name,
            "warning",
            what,
            "What the model predicts does not depend on its input in any useful way.",
            "Train on twenty examples until the loss is near 0; if that fails, model, loss or labels are wrong, "
            "otherwise the learning rate or the data.",
            numbers=numbers,
            value=value,
            threshold=self.least_skill,
            evidence=(Evidence("loss", "scalars"),),
            reference="Karpathy 2019, A recipe for training neural networks.",
        )


def _told(outcome: Outcome, skill: float) -> str:
    loss = outcome.loss
    assert loss is not None
    if outcome.is_motionless:
        return f"the loss stays at {short(loss.end.mean)} in every step"
    if outcome.constant is not None and not outcome.is_impossible:
        penalty = f", of which {short(outcome.penalty)} are penalties" if outcome.penalty else ""
        return f"the loss ends at {short(loss.end.mean)}{penalty}; the best constant prediction has {short(outcome.constant)}"
    return (
        f"accuracy ends at {percent(outcome.accuracy or 0.0)}, a skill of {short(skill)} over the most frequent class"
    )
