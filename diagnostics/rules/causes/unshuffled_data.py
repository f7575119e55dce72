"""Do examples come in an order that depends on their targets?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.wording.numerals import short


@dataclass(frozen=True)
class UnshuffledData(Rule):
    """Targets that follow each other in order, such as all examples of one class and then those of the next.

    Formula: lag-1 autocorrelation of the targets in the order of training, above ``least`` and above what 95 % of random orders
    stay below.

    Args:
        least: autocorrelation. A half: a batch then holds a few classes only.
    """

    least: float = 0.5

    rank: ClassVar[int] = 34
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "oscillating_loss",
        "diverging_loss",
        "over_fitting",
        "stopped_early",
        "contradicting_metric",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the targets' order."""
        known = [target for target in case.data.targets if target.autocorrelation is not None]
        if not known:
            return NotEvaluated(("a record of the order of the targets",), (), ALL_FACTS)
        worst = max(known, key=lambda target: target.autocorrelation or 0.0)
        value, bound = worst.autocorrelation or 0.0, worst.autocorrelation_bound or 0.0
        told = f"The targets of consecutive examples have a correlation of {short(value)} (in random order: at most {short(bound)})"
        if value <= max(self.least, bound):
            return Finding(self.name, "clean", f"{told}.", value=value, threshold=self.least)
        return Finding(
            self.name,
            "warning",
            f"The examples are not shuffled: {told[0].lower()}{told[1:]}.",
            "Each stretch of training pulls the model towards the targets that come just then.",
            "Shuffle the examples before every epoch: fit(shuffle=True), or dataset.shuffle(number of examples) before batch().",
            value=value,
            threshold=max(self.least, bound),
            confidence=0.95,
            remedies=(Remedy("shuffle"),),
        )
