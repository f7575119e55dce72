"""Do the weights of examples or classes leave anything to learn?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.rule import UNFIT_OUTPUT, Rule
from diagnostics.wording.numerals import percent


@dataclass(frozen=True)
class UnevenWeights(Rule):
    """Weights of examples or classes that leave the loss to a single class.

    Formula: the largest share of a class in the loss, by the weights of its examples, at least ``most``, while fewer than ``ordinary``
    of the examples have it. The loss then counts little but that class, so that it is a warning however low the loss.

    Args:
        most: share of the loss. 99 %: a model that always names that class can lose one hundredth of it at most.
        ordinary: share of the examples. A half: weights against imbalance make the frequent class smaller.
    """

    most: float = 0.99
    ordinary: float = 0.5

    rank: ClassVar[int] = 16
    explains: ClassVar[frozenset[str]] = UNFIT_OUTPUT | {
        "over_fitting",
        "unrelated_targets",
        "stopped_early",
        "oscillating_loss",
        "learning_rate_too_low",
        "dead_units",
        "vanishing_gradient",
        "constant_signal",
        "update_ratio",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of a target's classes."""
        classes = [target for target in case.data.targets if target.shares]
        if not classes:
            return NotEvaluated(("a record of the targets' classes",), (), ALL_FACTS)
        for target in classes:
            weights, shares = target.weighted_shares or (), target.shares or ()
            if weights and len(weights) == len(shares):
                largest = max(range(len(weights)), key=weights.__getitem__)
                if weights[largest] >= self.most and shares[largest] < self.ordinary:
                    return self._found(weights[largest], shares[largest])
        return Finding(self.name, "clean", "The loss counts more than one class.")

    def _found(self, weight: float, share: float) -> Finding:
        return Finding(
            self.name,
            "warning",
            f"class_weight or sample_weight gives one class {percent(weight)} of the loss, though only {percent(share)} of the "
            "examples have that class.",
            "The model needs to learn nothing but to name that class.",
            "Check class_weight and sample_weight: a mask the wrong way round, or a class that kept weight 1 while the others got "
            "tiny ones. Balanced weights are examples / (classes × examples of the class).",
            value=weight,
            threshold=self.most,
            confidence=0.97,
            remedies=(Remedy("sample_weight"),),
            stands=True,
        )
