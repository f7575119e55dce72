"""Are the targets such as the loss can use?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.losses import Family, family_of
from diagnostics.rules.model import output_units
from diagnostics.rules.rule import UNFIT_OUTPUT, Rule
from diagnostics.runs.data_facts import Target
from diagnostics.wording.numerals import short


@dataclass(frozen=True)
class InvalidLabels(Rule):
    """Targets that the loss is not defined for.

    Formula: NaN or Inf among the targets; for binary and categorical cross-entropy targets outside [0, 1]; for sparse
    categorical cross-entropy labels that are no whole numbers, negative, or that
    reach the number of outputs although there are no more classes than that; one value only.

    Args:
        slack: how far outside [0, 1] is still rounding.
    """

    slack: float = 1e-3

    rank: ClassVar[int] = 10
    explains: ClassVar[frozenset[str]] = UNFIT_OUTPUT | {
        "oscillating_loss",
        "non_finite",
        "wrong_outputs",
        "exploding_gradient",
        "unscaled_targets",
        "output_loss_mismatch",
        "stopped_early",
        "learning_rate_too_high",
        "learning_rate_too_low",
        "update_ratio",
        "saturation",
        "dead_units",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the targets."""
        if not case.data.targets:
            return NotEvaluated(("a record of the targets",), (), ALL_FACTS)
        family, units = family_of(case.training.loss), output_units(case.architecture)
        found = [(target, wrong) for target in case.data.targets if (wrong := self._wrong(target, family, units))]
        if not found:
            return Finding(self.name, "clean", "All targets that were seen are valid for the loss.")
        target, wrong = found[0]
        return Finding(
            self.name,
            "warning",
            f"{wrong[0].upper()}{wrong[1:]}.",
            "No prediction can be right for such targets, and the gradient of their loss misleads.",
            "Mend the labels: whole numbers from 0 for sparse categorical cross-entropy, 0 and 1 for binary cross-entropy.",
            value=target.minimum,
            remedies=(Remedy("labels"),),
        )

    def _wrong(self, target: Target, family: Family | None, units: int | None) -> str:
        if target.nonfinite:
            return f"{target.nonfinite:,} values of the target are NaN or infinite"
        low, high = target.minimum, target.maximum
        if low is None or high is None:
            return ""
        if low == high:
            return f"every target that was seen is {short(low)}"
        ends = f"targets range from {short(low)} to {short(high)}"
        if family in ("binary", "categorical") and (low < -self.slack or high > 1 + self.slack):
            return f"{ends}; {family} cross-entropy needs 0 to 1"
        shifted = units is not None and high >= units > 1 and (target.classes or 0) <= units
        if family == "sparse" and (low < 0 or target.integer is False or shifted):
            return f"{ends}; sparse categorical cross-entropy needs whole numbers from 0 to {(units or 0) - 1}"
        return ""
