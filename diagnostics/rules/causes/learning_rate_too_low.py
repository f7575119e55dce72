"""Are the steps too small for the length of the training?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.lacking import too_few
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.wording.numerals import percent, short


@dataclass(frozen=True)
class LearningRateTooLow(Rule):
    """Weights that could not get anywhere in the steps they were given.

    Formula: path = mean update_ratio × steps, of the layer that moves fastest; below ``path``,
    or the ratio itself below ``ratio`` while the loss still falls.

    Args:
        path: share of the weights' norm. A tenth, if all steps pointed the same way, which they never do.
        usual: ratio of a usual rate, of which only few steps were made: 10⁻³, the rule of thumb.
        short: those steps, as in ``StoppedEarly``.
        ratio: 10⁻⁴, a tenth of the rule of thumb (CS231n notes).
        errors: standard errors by which a falling loss falls from the third to the last quarter.
        readings: fewest measured steps.
    """

    path: float = 0.1
    usual: float = 1e-3
    short: int = 100
    ratio: float = 1e-4
    errors: float = 3.0
    readings: int = 3

    needs: ClassVar[frozenset[str]] = frozenset({"update_ratio"})
    remedy: ClassVar[str] = "Add probes.UpdateRatio() to the probes."
    rank: ClassVar[int] = 68
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {"update_ratio", "stopped_early"}

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean."""
        grid = case.grid("update_ratio")
        if grid is None or len(grid) < self.readings:
            have = 0 if grid is None else len(grid)
            return too_few(case, self.readings, "measured steps with finite updates", have)
        ratio = float(np.nanmax(grid.typical()))
        path = float(np.nanmax(np.nanmean(grid.values, axis=0))) * case.steps
        falls = case.outcome.late_fall[1] >= self.errors
        told = (
            f"A typical step changes no layer by more than {short(ratio)} of its weights' norm, all {case.steps:,} together by "
            f"at most {percent(path)}"
        )
        few = ratio >= self.usual and case.steps <= self.short  # it is the steps that are missing
        if few or (path >= self.path and not (falls and ratio < self.ratio)):
            return Finding(self.name, "clean", f"{told}.", value=path, threshold=self.path)
        rate = case.training.optimizer.learning_rate if case.training.optimizer else None
        named = f"The learning rate{f' of {short(rate)}' if rate else ''}"
        higher = f"a learning rate of {short(rate * 10)}" if rate else "a learning rate ten times as large"
        return Finding(
            self.name,
            "warning",
            f"{named} is too low: {told[0].lower()}{told[1:]}.",
            "The weights end near where they began.",
            f"Try {higher}, or Adam at its default rate.",
            numbers={"ratio": ratio, "path": path},
            value=path,
            threshold=self.path,
            confidence=0.88,
            if_harmless=f"{named} is low: {told[0].lower()}{told[1:]}.",
            evidence=(Evidence("update_ratio"), Evidence("loss", "scalars")),
            remedies=(Remedy("learning_rate", {"factor": 10.0}), Remedy("optimizer", {"class": "Adam"})),
            reference="CS231n notes, Neural networks part 3.",
        )
