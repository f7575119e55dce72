"""Does the model get worse on validation data while it gets better on training data?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.curve import Curve
from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy, Severity
from diagnostics.rules.lacking import few_validations
from diagnostics.rules.losses import family_of
from diagnostics.rules.model import averages_lag
from diagnostics.rules.outcome import ACCURACIES, LAST_READINGS, Outcome
from diagnostics.rules.rule import Rule
from diagnostics.wording.numerals import percent, short

ABOVE_CHANCE = 0.3
"""Skill by accuracy from which on a model tells classes, as in ``NoLearning``."""
LONGER = (Remedy("epochs"), Remedy("normalization", {"momentum": 0.9}))
"""What to try where moving averages lag: what works against over-fitting would treat the wrong illness."""
GAP = 0.2
"""Accuracy by which training may exceed validation before the loss of generality outweighs a level that holds."""


@dataclass(frozen=True)
class OverFitting(Rule):
    """A validation loss that rises while the training loss falls.

    Formula: the last readings of the validation loss lie above its smallest running mean by at least the factor ``rise``, in
    every one of the last ``last`` readings, while the training loss fell on. A warning when the validation loss also ends above
    the best constant's, or ``harm`` × its minimum, or gave back at least ``forgone`` of what it had gained over the best constant.

    Or, from ``few`` readings on: the validation loss was never below that of the best constant, while the model learned its training
    data. Or the skill on validation data (of classes by accuracy, else by loss) is below ``chance`` in each of the last readings, be
    it one, while that on training data is at least ``holds``; or, from ``few`` readings on, below ``holds`` times that on training
    data, which is at least ``by_heart``. Or the last validation loss exceeds ``absurd`` × the larger of the best constant's loss and
    the first training loss, while the training loss fell.

    Args:
        rise: factor. A fifth: beyond what a validation loss wanders.
        harm: factor from which on it is a warning. Two: the model would have been far better earlier.
        forgone: share. Two thirds: stopping early would have kept three times as much.
        last: readings at the end. Three: one bad epoch is not enough.
        fewest: readings of the validation loss.
        few: readings without any success that are enough. Three: the first epochs of a healthy model are not all failures.
        kept: accuracy on the validation data that may be lost from its best: a loss that rises while accuracy holds means
            over-confidence, which is told and no warning.
        learned: skill on the training data (see ``NoLearning``), without which there is nothing to over-fit with.
        by_heart: skill on the training data of a model that knows them by heart. Nine tenths.
        holds: share of that skill which must hold on validation data. A half: what does not is worth more than what does.
        chance: skill on validation data that is none. A tenth, as small parts of the data wander by that.
        absurd: factor. Ten: untrained nets are rarely that wrong. Moving averages of a batch normalisation that do not fit the
            data give such numbers, and then the model cannot be used however well it trains.
    """

    rise: float = 1.2
    harm: float = 2.0
    forgone: float = 2 / 3
    last: int = 3
    fewest: int = 6
    few: int = 3
    learned: float = 0.3
    kept: float = 0.03
    by_heart: float = 0.9
    holds: float = 0.5
    chance: float = 0.1
    absurd: float = 10.0

    is_symptom: ClassVar[bool] = True
    rank: ClassVar[int] = 94

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning, info or clean; not evaluated without a validation loss of six epochs."""
        validation, outcome = case.validation_loss, case.outcome
        if validation is not None and outcome.loss is not None and self._never(case, outcome, validation):
            return self._useless(case, validation, outcome)
        if validation is not None and outcome.loss is not None and self._is_absurd(case, outcome.loss, validation):
            return self._unusable(case, outcome.loss, validation)
        if found := self._by_skill(case, 0 if validation is None else len(validation.finite)):
            return found
        if validation is None or len(validation.finite) < self.fewest or outcome.loss is None:
            return few_validations(case, self.fewest)
        values = validation.finite
        best = int(values.argmin())
        lowest, end = float(values[best]), float(values[-self.last :].mean())
        rose = lowest > 0 and values[-self.last :].min() > self.rise * lowest and best < len(values) - self.last
        numbers = {"lowest": lowest, "end": end, "best_step": float(validation.steps[best])}
        learned = outcome.skill is None or outcome.skill >= self.learned
        if not rose or not learned or not _falls_on(outcome.loss, validation.steps[best]):
            return Finding(
                self.name, "clean", _holds(lowest, end, outcome.loss, rose=rose, learned=learned), numbers=numbers
            )
        lasting = not self._came_back(values[: best + 1])
        harmful = self._harms(lowest, end, outcome.validation_constant) and not _accuracy_holds(case, self.kept)
        severity: Severity = "warning" if harmful and lasting else "info"
        return Finding(
            self.name,
            severity,
            f"The model over-fits: the validation loss rose from {short(lowest)} at step {validation.steps[best]:,.0f} to "
            f"{short(end)}, while the training loss fell to {short(outcome.loss.end.mean)}.",
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

    def _came_back(self, values: np.ndarray) -> bool:
        """Whether the validation loss rose as far before its minimum, for ``last`` readings, and came back: then it swings."""
        above = values > self.rise * np.minimum.accumulate(values)
        runs = np.convolve(above, np.ones(self.last, int), "valid") if len(above) >= self.last else np.zeros(1)
        return bool((runs == self.last).any())

    def _by_skill(self, case: Case, readings: int) -> Finding | None:
        """A warning where most of what the model can do on training data does not hold on validation data."""
        trained, held = case.outcome.skills
        if trained is None or held is None or not readings:
            return None
        useless = trained >= self.holds and held < self.chance
        forgotten = trained >= self.by_heart and held < self.holds * trained and readings >= self.few
        if not useless and not forgotten:
            return None
        few = readings < self.few
        times = f"{readings} reading{'s' * (readings > 1)}" if few else "the last readings"
        accuracy = case.outcome.accuracy_name("validation") if case.outcome.accuracy_skill is not None else None
        means, do = _in_inference(case) or (
            "It knows its training examples by heart, or the two parts of the data differ.",
            "Train for a few more epochs, and look again."
            if few
            else "Get more data, a smaller model, dropout, weight decay or augmentation; check that both parts are shuffled and "
            "prepared alike.",
        )
        return Finding(
            self.name,
            "warning",
            f"Most of what the model learned does not hold for the validation data: the skill by "
            f"{'accuracy' if accuracy else 'loss'} is {percent(trained)} on training data and {percent(held)} on validation data "
            f"(100 % is perfect, 0 % a constant prediction; {times}).",
            means,
            do,
            numbers={"trained": trained, "validated": held, "readings": readings},
            value=held,
            threshold=self.chance if useless else self.holds * trained,
            confidence=0.7 if few else 0.9,
            evidence=(Evidence(accuracy or "loss", "scalars"),),
            remedies=LONGER if averages_lag(case.architecture, case.steps) else (Remedy("regularization"),),
        )

    def _harms(self, lowest: float, end: float, constant: float | None) -> bool:
        """Whether the validation loss rose so far that the model would have been far better earlier."""
        gave_back = constant is not None and end - lowest >= self.forgone * (constant - lowest)
        return end > self.harm * lowest or gave_back

    def _never(self, case: Case, outcome: Outcome, validation: Curve) -> bool:
        """Whether no reading of the validation loss beats a constant, although the training loss does."""
        constant, by_heart = outcome.validation_constant, outcome.loss_skill
        if constant is None or outcome.penalised or by_heart is None or by_heart < self.learned:
            return False
        if len(validation.finite) < self.few or _tells_classes(case):
            return False
        return bool(validation.finite.min() > constant)

    def _is_absurd(self, case: Case, loss: Curve, validation: Curve) -> bool:
        """Whether the model fails on validation data as no sane model does, although its training loss fell."""
        bound = self.absurd * max(case.outcome.validation_constant or 0.0, loss.start)
        fell = loss.end.mean < loss.start and family_of(case.training.loss) is not None
        return bool(fell and bound > 0 and validation.finite[-2:].min(initial=np.inf) > bound)

    def _unusable(self, case: Case, loss: Curve, validation: Curve) -> Finding:
        end = float(validation.finite[-1]) if len(validation.finite) else float("nan")
        normalised = _normalises(case)
        return Finding(
            self.name,
            "warning",
            f"The validation loss ends at {short(end)}, while the training loss fell from {short(loss.start)} to "
            f"{short(loss.end.mean)}.",
            "In training, batch normalisation uses each batch's own mean and variance; on validation data it uses its moving "
            "averages, and these do not fit."
            if normalised
            else "On data that it was not trained on, the model is far worse than an untrained one.",
            "Check that training and validation data are scaled alike; then train for more steps, set the momentum of the "
            "batch normalisation to 0.9, or lower the learning rate."
            if normalised
            else "Check that training and validation data are scaled and shuffled alike, and that the labels mean the same.",
            numbers={"end": end, "start": loss.start},
            value=end,
            threshold=self.absurd * loss.start,
            evidence=(Evidence("loss", "scalars"),),
            remedies=(Remedy("learning_rate", {"factor": 0.1}), Remedy("normalization", {"momentum": 0.9})),
        )

    def _useless(self, case: Case, validation: Curve, outcome: Outcome) -> Finding:
        lowest, constant = float(validation.finite.min()), outcome.validation_constant or 0.0
        means, do = _in_inference(case) or (
            "What the model learns holds for its training examples only.",
            "Check that inputs and targets belong together, that both parts are preprocessed alike and shuffled, and get more "
            "data or a smaller model.",
        )
        return Finding(
            self.name,
            "warning",
            f"The validation loss was never below {short(lowest)}, and that of the best constant prediction is {short(constant)}, "
            f"while the training loss fell to {short(outcome.loss.end.mean if outcome.loss else float('nan'))}.",
            means,
            do,
            numbers={"lowest": lowest, "constant": constant},
            value=lowest,
            threshold=constant,
            evidence=(Evidence("loss", "scalars"),),
            remedies=LONGER
            if averages_lag(case.architecture, case.steps)
            else (Remedy("shuffle"), Remedy("regularization")),
        )


def _holds(lowest: float, end: float, loss: Curve, *, rose: bool, learned: bool) -> str:
    """Why a validation loss shows no over-fitting, with the level of both losses."""
    ends = f"it ends at {short(end)}, the training loss at {short(loss.end.mean)}"
    if not rose:
        return f"The validation loss does not rise while training goes on: {ends}."
    why = "the training loss fell no further" if learned else "the model learned too little to over-fit"
    return f"The validation loss rose from {short(lowest)}, but {why}: {ends}."


def _in_inference(case: Case) -> tuple[str, str] | None:
    """What it means, and what to do, where batch normalisation may work otherwise in inference; ``None`` where it cannot be that."""
    if not averages_lag(case.architecture, case.steps):
        return None
    return (
        "In training, batch normalisation uses each batch's own mean and variance, in inference its moving averages; after "
        f"{case.steps:,} steps these probably lag behind.",
        "Train for more steps, or set the momentum of the batch normalisation to 0.9. Check again before you conclude that the data "
        "are at fault.",
    )


def _normalises(case: Case) -> bool:
    return any(layer.class_name == "BatchNormalization" for layer in case.architecture)


def _tells_classes(case: Case) -> bool:
    """Whether an accuracy on the validation data shows that classes are told although the loss is high."""
    curves = (case.metric(name, "validation") for name in ACCURACIES)
    found = next((curve for curve in curves if curve is not None), None)
    shares = case.data.targets[0].shares if len(case.data.targets) == 1 else None
    if found is None or not shares:
        return False
    return bool(found.values[-LAST_READINGS:].mean() > max(shares) + ABOVE_CHANCE * (1 - max(shares)))


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
