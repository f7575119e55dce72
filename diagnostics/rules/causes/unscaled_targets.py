"""Do the targets of a regression have a scale that the output can reach?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.losses import family_of
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.wording.numerals import short


@dataclass(frozen=True)
class UnscaledTargets(Rule):
    """Targets of a regression that are far from what an untrained output gives, which is about 0 ± 1.

    Formula: the larger of the targets' standard deviation and |mean|, above ``large``; or their standard deviation below
    ``small``.

    Args:
        large: ten, a decade above the output of an untrained model: the squared error's gradient is ten times its usual size.
        small: a hundredth: the output's own noise is larger than what is to be learned.
        reached: spread of the last predictions over that of the targets, from which on the scale was reached, if the model learned,
            too, so that it is less likely to be what is wrong. A half.
        learned: skill for that. Three tenths, as in ``SlowLoss``.
    """

    large: float = 10.0
    small: float = 0.01
    reached: float = 0.5
    learned: float = 0.3

    rank: ClassVar[int] = 32
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "diverging_loss",
        "oscillating_loss",
        "non_finite",
        "dead_units",
        "exploding_gradient",
        "update_ratio",
        "learning_rate_too_high",
        "learning_rate_too_low",
        "stopped_early",
        "saturation",
        "weights_do_not_move",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the targets; clean where they are classes."""
        if not case.data.targets or family_of(case.training.loss) is None:
            return NotEvaluated(("a record of the targets, and a known loss",), (), ALL_FACTS)
        if family_of(case.training.loss) != "regression":
            return Finding(self.name, "clean", "The targets are classes.")
        for target in case.data.targets:
            spread, mean = target.std or 0.0, abs(target.mean or 0.0)
            told = f"The targets have mean {short(target.mean or 0.0)} and standard deviation {short(spread)}"
            if max(spread, mean) > self.large:
                return self._found(told, max(spread, mean), self.large, 0.8 if self._is_reached(case) else 0.9)
            if 0 < spread < self.small:
                return self._found(told, spread, self.small, 0.9)
        return Finding(self.name, "clean", "The targets have a scale near 1.")

    def _is_reached(self, case: Case) -> bool:
        """Whether the predictions spread as the targets do, and predict something."""
        outputs, targets = case.data.outputs, case.data.targets
        if len(targets) != 1 or not outputs or not targets[0].std:
            return False
        spread = outputs[-1].spread_over_batch or 0.0
        return spread >= self.reached * targets[0].std and (case.outcome.skill or 0.0) >= self.learned

    def _found(self, told: str, value: float, threshold: float, confidence: float) -> Finding:
        return Finding(
            self.name,
            "warning",
            f"{told}.",
            "Most of the training goes into reaching that scale, with gradients of the wrong size.",
            "Scale the targets to mean 0 and standard deviation 1, and undo it after prediction.",
            value=value,
            threshold=threshold,
            confidence=confidence,
            remedies=(Remedy("scale_targets"),),
        )
