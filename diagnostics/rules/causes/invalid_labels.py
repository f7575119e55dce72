"""Are the targets such as the loss can use?"""

from __future__ import annotations

import re
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
    reach the number of outputs although there are no more classes than that; for a cross-entropy a single class, or targets that
    never come near 1 (the largest below ``yes``; of categorical ones the mean sum of a row below ``row``); else one value only.
    A training whose targets are no labels has no outcome that counts: it is a warning however low the loss.

    Args:
        slack: how far outside [0, 1] is still rounding.
        yes: a tenth. Soft labels and pixels reach it; 1 divided by 255 does not.
        row: a half. Rows of probabilities sum to 1.
    """

    slack: float = 1e-3
    yes: float = 0.1
    row: float = 0.5

    rank: ClassVar[int] = 10
    explains: ClassVar[frozenset[str]] = UNFIT_OUTPUT | {
        "oscillating_loss",
        "over_fitting",
        "unrelated_targets",
        "constant_signal",
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
        found = re.search(_OUT_OF_RANGE, case.failure)
        if found is not None and found[2] != "1":  # a single unit is no matter of the labels
            return self._out_of_range(*found.groups())
        if not case.data.targets:
            return NotEvaluated(("a record of the targets",), (), ALL_FACTS)
        known = _Known(
            family_of(case.training.loss), output_units(case.architecture), _ignores(case), case.saw_an_epoch
        )
        faults = [(target, wrong) for target in case.data.targets if (wrong := self._wrong(target, known))]
        if not faults:
            return Finding(self.name, "clean", "All targets that were seen are valid for the loss.")
        target, (wrong, stands) = faults[0]
        return Finding(
            self.name,
            "warning",
            f"{wrong[0].upper()}{wrong[1:]}.",
            "No prediction can be right for such targets, and a low loss on them means nothing.",
            "Mend the labels: whole numbers from 0 for sparse categorical cross-entropy, 0 and 1 for binary and categorical "
            "cross-entropy, every class in the training part. Scale inputs only, never labels.",
            value=target.minimum,
            remedies=(Remedy("labels"),),
            stands=stands,
        )

    def _out_of_range(self, label: str, units: str) -> Finding:
        return Finding(
            self.name,
            "warning",
            f"A label is {label}, and the output has {units} units, for labels from 0 to {int(units) - 1}.",
            "Sparse categorical cross-entropy takes the label as the number of an output.",
            "Give the output layer one unit for each class, and number the classes from 0 on.",
            value=float(label),
            remedies=(Remedy("labels"), Remedy("output_units")),
        )

    def _wrong(self, target: Target, known: _Known) -> tuple[str, bool] | None:
        """What is wrong, and whether it is whatever the outcome."""
        if target.nonfinite:
            return f"{target.nonfinite:,} values of the target are NaN or infinite", False
        if target.minimum is None or target.maximum is None:
            return None
        return _single(target, known) or self._outside(target, known.family, known.saw_all) or _no_index(target, known)

    def _outside(self, target: Target, family: Family | None, saw_all: bool) -> tuple[str, bool] | None:
        """Targets of a binary or categorical cross-entropy that are no probabilities, or never say yes."""
        if family not in ("binary", "categorical"):
            return None
        told = f"{_ends(target)}; {family} cross-entropy needs 0 to 1"
        if (target.minimum or 0.0) < -self.slack or (target.maximum or 0.0) > 1 + self.slack:
            return told, False
        return (f"{told}, and none comes near 1", saw_all) if self._never_one(target, family) else None

    def _never_one(self, target: Target, family: Family) -> bool:
        if (target.maximum or 0.0) >= self.yes:
            return False
        if family == "binary":
            return True
        return target.mean is not None and len(target.shape) == 2 and target.mean * (target.shape[-1] or 0) < self.row


_OUT_OF_RANGE = r"label value of (-?\d+) which is outside the valid range of \[0, (\d+)\)"


@dataclass(frozen=True)
class _Known:
    """What targets are held against: the loss's family, the outputs, whether it ignores a label, whether a whole epoch was seen."""

    family: Family | None
    units: int | None
    ignores: bool
    saw_all: bool


def _ends(target: Target) -> str:
    return f"targets range from {short(target.minimum or 0.0)} to {short(target.maximum or 0.0)}"


def _single(target: Target, known: _Known) -> tuple[str, bool] | None:
    """Targets that do not differ."""
    of_classes = known.family in ("binary", "categorical", "sparse")
    if of_classes and target.shares and max(target.shares) >= 1:
        return "every target that was seen belongs to one class", known.saw_all
    if target.minimum is not None and target.minimum == target.maximum:
        return f"every target that was seen is {short(target.minimum)}", of_classes and known.saw_all
    return None


def _no_index(target: Target, known: _Known) -> tuple[str, bool] | None:
    """Labels of a sparse categorical cross-entropy that are no indices of its outputs."""
    if known.family != "sparse":
        return None
    low, high, units = target.minimum or 0.0, target.maximum or 0.0, known.units or 0
    needs = f"sparse categorical cross-entropy needs whole numbers from 0 to {units - 1}"
    if target.integer is False:
        return f"{_ends(target)} and are no whole numbers; {needs}", True
    shifted = high >= units > 1 and (target.classes or 0) <= units
    return (f"{_ends(target)}; {needs}", False) if not known.ignores and (low < 0 or shifted) else None


def _ignores(case: Case) -> bool:
    """Whether the loss leaves out a label, such as −1 or 255."""
    return case.training.loss is not None and case.training.loss.settings.get("ignore_class") is not None
