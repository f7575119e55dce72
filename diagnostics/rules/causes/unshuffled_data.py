"""Do examples come in an order that depends on their targets?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.losses import family_of
from diagnostics.rules.model import output_units
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.wording.numerals import percent, short


@dataclass(frozen=True)
class UnshuffledData(Rule):
    """Targets that follow each other in order, such as all examples of one class and then those of the next.

    Formula: lag-1 autocorrelation of the targets in the order of training, above ``least`` and above what 95 % of random orders
    stay below. Or a class that has an output is missing from a whole epoch of training data, while the skill on training data is at
    least ``learned`` and that on validation data below ``fails``: sorted data were split before they were shuffled.

    Args:
        least: autocorrelation. A half: a batch then holds a few classes only.
        learned: skill on training data. A half.
        fails: skill on validation data. A tenth, as in ``OverFitting``.
    """

    least: float = 0.5
    learned: float = 0.5
    fails: float = 0.1

    rank: ClassVar[int] = 34
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "oscillating_loss",
        "diverging_loss",
        "over_fitting",
        "stopped_early",
        "contradicting_metric",
        "unrelated_targets",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the targets' order."""
        if found := self._split(case):
            return found
        known = [target for target in case.data.targets if target.autocorrelation is not None]
        if not known:
            return NotEvaluated(("a record of the order of the targets",), (), ALL_FACTS)
        worst = max(known, key=lambda target: target.autocorrelation or 0.0)
        value, bound = worst.autocorrelation or 0.0, worst.autocorrelation_bound or 0.0
        told = f"The targets of consecutive examples have a correlation of {short(value)} (in random order: at most {short(bound)})"
        if value <= max(self.least, bound):
            near = f"The targets of consecutive examples have a correlation of {short(value)}: 0 in a random order, 1 in a sorted one."
            return Finding(self.name, "clean", near, value=value, threshold=self.least)
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

    def _split(self, case: Case) -> Finding | None:
        """A warning where the validation data hold what the training data never show."""
        target, units = case.data.targets[0] if len(case.data.targets) == 1 else None, output_units(case.architecture)
        trained, held = case.outcome.skills
        if target is None or not target.shares or trained is None or held is None:
            return None
        missing = (units or 0) - sum(share > 0 for share in target.shares)
        whole = family_of(case.training.loss) in ("sparse", "categorical") and case.saw_an_epoch
        if not whole or not 0 < missing < (units or 0) or trained < self.learned or held >= self.fails:
            return None
        return Finding(
            self.name,
            "warning",
            f"The training data lack {missing} of the {units} classes that the output has, and the model fails on the validation data "
            f"(accuracy: a skill of {percent(trained)} on training data, {percent(held)} on validation data).",
            "The data were sorted by class when they were split: validation_split takes the last examples as they lie.",
            "Shuffle inputs and targets by one permutation before fit(validation_split=...), or split by "
            "sklearn.model_selection.train_test_split(..., stratify=y).",
            value=held,
            threshold=self.fails,
            confidence=0.95,
            remedies=(Remedy("shuffle"),),
        )
