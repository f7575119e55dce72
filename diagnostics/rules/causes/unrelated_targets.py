"""Do inputs and targets of the training data belong together?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import UNJUDGED, Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.lacking import few_validations, no_level
from diagnostics.rules.model import averages_lag
from diagnostics.rules.rule import Rule
from diagnostics.wording.numerals import percent, short


@dataclass(frozen=True)
class UnrelatedTargets(Rule):
    """Training data that a model learns by heart only, as when inputs were shuffled and their targets were not.

    Formula: the skill of the training loss at the end (see ``NoLearning``) is at least ``by_heart``, and no reading of the
    validation loss has a skill above that, nor the mean of its last ``readings`` one above ``nothing``.

    Args:
        by_heart: skill. A twentieth: beyond what first weights and noise of the loss give.
        nothing: skill. 2 %, what the loss of the best constant may be off, as in ``NoLearning``.
        tells: skill by validation accuracy from which on classes are told apart, however high the loss. Three tenths, as in
            ``NoLearning``.
        readings: of the validation loss. Three: the first epochs of a healthy model are not all failures.

    References:
        Zhang et al. 2017, Understanding deep learning requires rethinking generalization, arXiv 1611.03530.
    """

    by_heart: float = 0.05
    nothing: float = 0.02
    tells: float = 0.3
    readings: int = 3

    rank: ClassVar[int] = 36
    explains: ClassVar[frozenset[str]] = frozenset(
        {"over_fitting", "slow_loss", "stuck_loss", "stopped_early", "no_learning"}
    )

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a validation loss that can be compared with a constant's."""
        validation, outcome = case.validation_loss, case.outcome
        if validation is None or len(validation.finite) < self.readings:
            return few_validations(case, self.readings)
        if outcome.validation_constant is None or outcome.penalised or outcome.loss_skill is None:
            return no_level(case, "a validation loss that can be compared with that of the best constant prediction")
        if averages_lag(case.architecture, case.steps):  # a better reason why validation fails
            return NotEvaluated(
                ("moving averages of batch normalisation that have settled",), (), "Train for more steps."
            )
        trained, best = outcome.loss_skill or 0.0, 1 - float(validation.finite.min()) / (outcome.constant or 1.0)
        last = 1 - float(validation.finite[-self.readings :].mean()) / (outcome.constant or 1.0)
        told = (
            f"the skill by loss is {percent(trained)} on training data, and at best {percent(best)} on validation data"
        )
        told_apart = (outcome.validation_accuracy_skill or 0.0) >= self.tells
        if trained < self.by_heart or best > self.by_heart or last > self.nothing or told_apart:
            return self._related(trained, best, f"{told[0].upper()}{told[1:]}.")
        return Finding(
            self.name,
            "warning",
            f"What the model learns from the training data does not hold for the validation data at all: {told} (100 % is no loss, 0 % "
            f"the loss of a constant prediction, {short(outcome.constant or 0.0)}).",
            "Most likely inputs and targets were not kept together, or both parts "
            "of the data were prepared in different ways.",
            "Look at twenty inputs beside their targets, as the model gets them; shuffle inputs and targets by one permutation.",
            numbers={"trained": trained, "validated": best},
            value=best,
            threshold=self.nothing,
            confidence=0.88,
            evidence=(Evidence("loss", "scalars"),),
            remedies=(Remedy("labels"),),
            reference="Zhang et al. 2017, arXiv 1611.03530.",
        )

    def _related(self, trained: float, best: float, told: str) -> Finding:
        """Clean; without a number where the model did not learn its training data either, so that nothing could fail to hold."""
        if trained < self.by_heart:
            what = f"The model did not even learn its training data (skill by loss {percent(trained)}): nothing could fail to hold."
            return Finding(self.name, "clean", what, UNJUDGED)
        return Finding(self.name, "clean", told, value=best, threshold=self.nothing)
