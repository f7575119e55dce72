"""Do loss and accuracy agree on whether the model learned?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated
from diagnostics.rules.lacking import no_level
from diagnostics.rules.losses import family_of
from diagnostics.rules.outcome import ACCURACIES
from diagnostics.rules.rule import Rule
from diagnostics.wording.numerals import percent, short


@dataclass(frozen=True)
class ContradictingMetric(Rule):
    """A loss that says that the model learned, and an accuracy that says it did not; or a loss below what is possible.

    Formula: the loss is negative although its kind cannot be; or the skill by loss (without a known constant:
    the share by which the loss fell) is at least ``learned`` and the skill by accuracy at most ``nothing``. An accuracy of real
    numbers is told as info.

    Args:
        learned: skill by loss (see ``NoLearning``).
        nothing: skill by accuracy; 0 is the most frequent class, and 2 % what a few hundred examples are off.
    """

    learned: float = 0.5
    nothing: float = 0.02

    is_symptom: ClassVar[bool] = True
    rank: ClassVar[int] = 92

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without loss and accuracy."""
        outcome = case.outcome
        if outcome.loss is None or case.training.loss is None:
            return no_level(case, "a known loss with five finite readings")
        end = outcome.loss.end.mean
        if outcome.is_impossible:
            return self._contradicts(
                f"The loss ends at {short(end)}, although this kind of loss cannot be negative.", end, 0.0
            )
        accuracy = outcome.accuracy_skill
        if accuracy is None and self._counts_numbers(case):
            return self._meaningless()
        if accuracy is None:
            return NotEvaluated(("an accuracy of classes",), (), 'Give compile metrics=["accuracy"].')
        level = outcome.constant or outcome.loss.start
        by_loss = 1 - end / level if level > 0 else 0.0
        if by_loss < self.learned or accuracy > self.nothing:
            return Finding(self.name, "clean", "Loss and accuracy agree.")
        below = "that of the best constant prediction" if outcome.constant else "its start"
        told = f"The loss is {percent(by_loss)} below {below}, and accuracy is no better than the most frequent class"
        return self._contradicts(f"{told} ({percent(outcome.accuracy or 0.0)}).", by_loss, self.learned)

    def _counts_numbers(self, case: Case) -> bool:
        """Whether an accuracy is to count how often real numbers are predicted to the last digit."""
        real = bool(case.data.targets) and all(one.integer is False for one in case.data.targets)
        asked = any(name in ACCURACIES for name in case.training.metrics)
        return real and asked and family_of(case.training.loss) == "regression"

    def _meaningless(self) -> Finding:
        return Finding(
            self.name,
            "info",
            "The metric is accuracy, and the targets are real numbers.",
            "It counts predictions that equal their target to the last digit, and stays near 0 however good the model is.",
            'Use a metric for numbers: metrics=["mae"].',
        )

    def _contradicts(self, what: str, value: float, threshold: float) -> Finding:
        return Finding(
            self.name,
            "warning",
            what,
            "Training makes a number small that does not measure what is wanted.",
            "Check that labels, output layer, loss and metric belong together.",
            value=value,
            threshold=threshold,
            evidence=(Evidence("loss", "scalars"),),
        )
