"""Does the model say the same whatever it is given?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, UNJUDGED, Finding, NotEvaluated
from diagnostics.rules.losses import is_own
from diagnostics.rules.rule import Rule
from diagnostics.runs.data_facts import Output, Target
from diagnostics.wording.numerals import percent, short


@dataclass(frozen=True)
class ConstantPredictions(Rule):
    """Predictions that do not depend on the input, or always name the same class.

    Formula: at the end of training, the predictions' spread over a batch is below ``spread`` of the targets' standard
    deviation; or at least ``same`` of them name one class that fewer than ``frequent`` of the targets have.

    Args:
        spread: share. A tenth: such a model explains at most 1 % of the variance, less than ``NoLearning`` asks for.
        same: share of the predictions.
        frequent: share of the targets; above it, naming one class only can be right.
        outputs: recorded outputs that must agree for such a share to be told, as info: rare classes may rightly be predicted rarely.
        nothing: skill by accuracy that is none.
        learned: skill (see ``NoLearning``) from which on it is no complaint.
    """

    spread: float = 0.1
    same: float = 0.99
    frequent: float = 0.9
    outputs: int = 3
    nothing: float = 0.02
    learned: float = 0.1

    is_symptom: ClassVar[bool] = True
    rank: ClassVar[int] = 90

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of outputs and targets."""
        if not case.data.outputs or len(case.data.targets) != 1:
            return NotEvaluated(("a record of the model's outputs and of one target",), (), ALL_FACTS)
        last, target, skill = case.data.outputs[-1], case.data.targets[0], _skill(case)
        own = is_own(case.training.loss)  # its outputs may be distances or scores, whose largest entry is no class
        what = ("" if own else self._same(last, target)) or self._narrow(last, target, own=own)
        if self._is_majority(case, target):
            return self._majority(last.step, max(target.shares or (1.0,)))
        if not what or (skill is not None and skill >= self.learned) or _batch_is_one(last):
            unjudged = _batch_is_one(last) or last.step >= case.first_nonfinite_step
            return Finding(self.name, "clean", _varying(case, last, what), UNJUDGED if unjudged else "")
        return Finding(
            self.name,
            "warning",
            f"At step {last.step:,}, {what}.",
            "The model ignores its input.",
            "Check the output layer, the scale of the inputs, and whether units are dead or saturated.",
            steps=(last.step,),
        )

    def _is_majority(self, case: Case, target: Target) -> bool:
        """Whether the last predictions all name the class that nearly all targets have, and accuracy is no better than that."""
        shares = [each.most_frequent_share or 0.0 for each in case.data.outputs[-self.outputs :]]
        frequent = bool(target.shares) and self.frequent <= max(target.shares or (0.0,)) < 1
        accuracy = case.outcome.accuracy_skill
        return frequent and accuracy is not None and accuracy <= self.nothing and min(shares) >= self.same

    def _majority(self, step: int, share: float) -> Finding:
        return Finding(
            self.name,
            "info",
            f"All predictions name the class that {percent(share)} of the targets have.",
            "An accuracy as high as that says nothing; whether the rare class is told apart, only its recall or the area under the ROC "
            "curve shows.",
            "Give fit class_weight=, or lower the threshold, and look at keras.metrics.AUC and Recall.",
            steps=(step,),
        )

    def _same(self, last: Output, target: Target) -> str:
        shares = target.shares
        share = last.most_frequent_share
        if share is None or not shares or share < self.same or max(shares) >= self.frequent:
            return ""
        most = percent(max(shares))
        return (
            f"{percent(share)} of the predictions are the same class, but no class has more than {most} of the targets"
        )

    def _narrow(self, last: Output, target: Target, *, own: bool) -> str:
        is_number = last.most_frequent_share is None or (own and last.shape[-1:] == (1,))
        if last.spread_over_batch is None or not target.std or not is_number:
            return ""
        if last.spread_over_batch >= self.spread * target.std:
            return ""
        return (
            f"predictions vary over the batch by {short(last.spread_over_batch)}, the targets by {short(target.std)} "
            "(standard deviations)"
        )


def _varying(case: Case, last: Output, what: str) -> str:
    """What a run without a complaint shows: nothing, where its last predictions are no numbers."""
    if last.step >= case.first_nonfinite_step:
        return f"Predictions are not compared: at step {last.step:,} they are no longer finite."
    if _batch_is_one(last):
        return "A single example at a time does not show whether predictions vary."
    if what:
        return f"At step {last.step:,}, {what}, but the loss shows that the model tells examples apart."
    return "Predictions vary with the input."


def _skill(case: Case) -> float | None:
    """The skill; where the loss weighs examples, that of accuracy, which counts them all alike."""
    outcome = case.outcome
    return outcome.accuracy_skill if outcome.weighted and outcome.accuracy_skill is not None else outcome.skill


def _batch_is_one(last: Output) -> bool:
    return bool(last.shape) and last.shape[0] == 1
