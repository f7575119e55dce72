"""Does the model get worse on validation data while it gets better on training data?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.curve import Curve
from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy, Severity
from diagnostics.rules.outcome import ACCURACIES
from diagnostics.rules.rule import Rule
from diagnostics.wording.numerals import short

GAP = 0.2
"""Accuracy by which training may exceed validation before the loss of generality outweighs a level that holds."""


@dataclass(frozen=True)
class OverFitting(Rule):
    """A validation loss that rises while the training loss falls.

    Formula: the last readings of the validation loss lie above its smallest running mean by at least the factor ``rise``, in
    every one of the last ``last`` readings, while the training loss fell on. A warning when the validation loss also ends above
    the best constant's, or ``harm`` × its minimum.

    Args:
        rise: factor. A fifth: beyond what a validation loss wanders.
        harm: factor from which on it is a warning. Two: the model would have been far better earlier.
        last: readings at the end. Three: one bad epoch is not enough.
        fewest: readings of the validation loss.
        kept: accuracy on the validation data that may be lost from its best: a loss that rises while accuracy holds means
            over-confidence, which is told and no warning.
        learned: skill on the training data (see ``NoLearning``), without which there is nothing to over-fit with.
    """

    rise: float = 1.2
    harm: float = 2.0
    last: int = 3
    fewest: int = 6
    learned: float = 0.3
    kept: float = 0.03

    is_symptom: ClassVar[bool] = True
    rank: ClassVar[int] = 94

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning, info or clean; not evaluated without a validation loss of six epochs."""
        validation, outcome = case.validation_loss, case.outcome
        if validation is None or len(validation.finite) < self.fewest or outcome.loss is None:
            return NotEvaluated((f"a validation loss with {self.fewest} readings",), (), "Give fit validation_data=.")
        values = validation.finite
        best = int(values.argmin())
        lowest, end = float(values[best]), float(values[-self.last :].mean())
        rose = lowest > 0 and values[-self.last :].min() > self.rise * lowest and best < len(values) - self.last
        numbers = {"lowest": lowest, "end": end, "best_step": float(validation.steps[best])}
        learned = outcome.skill is None or outcome.skill >= self.learned
        if not rose or not learned or not _falls_on(outcome.loss, validation.steps[best]):
            return Finding(
                self.name, "clean", "The validation loss does not rise while training goes on.", numbers=numbers
            )
        above = outcome.constant is not None and end > outcome.constant
        harmful = (end > self.harm * lowest or above) and not _accuracy_holds(case, self.kept)
        severity: Severity = "warning" if harmful else "info"
        return Finding(
            self.name,
            severity,
            f"The validation loss rose from {short(lowest)} at step {validation.steps[best]:,.0f} to {short(end)}, while the "
            f"training loss fell to {short(outcome.loss.end.mean)}.",
            "The model learns its training examples by heart.",
            "Stop at the lowest validation loss (keras.callbacks.EarlyStopping with restore_best_weights), get more data, or "
            "add dropout, weight decay or augmentation.",
            numbers=numbers,
            steps=(int(validation.steps[best]), int(validation.steps[-1])),
            value=end / lowest,
            threshold=self.rise,
            evidence=(Evidence("loss", "scalars"),),
            remedies=(Remedy("early_stopping"), Remedy("regularization")),
        )


def _accuracy_holds(case: Case, kept: float) -> bool:
    """Whether an accuracy on the validation data was recorded and ends near its best."""
    curves = (case.metric(name, "validation") for name in ACCURACIES)
    found = next((curve for curve in curves if curve is not None), None)
    if found is None:
        return False
    end, trained = found.values[-3:].mean(), case.outcome.accuracy
    return bool(end >= found.values.max() - kept and (trained is None or trained - end <= GAP))


def _falls_on(loss: Curve, step: float) -> bool:
    """Whether the training loss is lower at the end than it was around a step."""
    around = np.abs(loss.steps[: len(loss.finite)] - step).argmin()
    width = max(loss.tail_size // 2, 1)
    return loss.end.mean < loss.finite[max(around - width, 0) : around + width + 1].mean()
