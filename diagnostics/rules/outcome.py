"""What a training achieved, measured against the best constant prediction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from diagnostics.measures.curve import Curve
from diagnostics.rules.losses import family_of
from diagnostics.rules.model import LINEAR_MAPS
from diagnostics.wording.numerals import percent

if TYPE_CHECKING:
    from diagnostics.rules.case import Case

LAST_READINGS = 3  # of a validation loss: one bad epoch is not enough
FEWEST_READINGS = 5  # below this, neither a level nor its noise can be told
ORDERED = 0.5  # labels that follow each other so closely come class by class
HALF = 0.5  # a loss per example rarely begins so many times as high as a constant's as a batch has examples
CLEAR_FALL = 0.5  # a loss that halves was minimised, whatever it measures
ACCURACIES = (
    "accuracy",
    "acc",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
)


def better(skill: float) -> str:
    """A skill in words, such as ``"52 % better than the best constant prediction"``."""
    return f"{percent(skill) if skill > 0 else 'no'} better than the best constant prediction"


@dataclass(frozen=True, eq=False)
class Outcome:
    """How well a run learned, as far as its loss, its accuracy and its targets tell.

    Args:
        case: the run.
    """

    case: Case

    @cached_property
    def loss(self) -> Curve | None:
        """The finite part of the training loss, if it is long enough to be judged."""
        curve = self.case.loss
        return curve if curve is not None and len(curve.finite) >= FEWEST_READINGS else None

    @cached_property
    def constant(self) -> float | None:
        """The loss of the best constant prediction, if it is known and the loss is comparable with it."""
        known = self.case.data.constant_loss
        if known is None or not known.value > 0 or not np.isfinite(known.value):
            return None
        return None if self._may_be_a_sum(known.value) else known.value

    def _may_be_a_sum(self, constant: float) -> bool:
        """Whether a loss that does not say how it adds up a batch's examples begins as high as their sum would."""
        loss, data, curve = self.case.training.loss, self.case.data, self.case.loss
        if loss is None or loss.outputs or loss.reduction not in (None, "none") or curve is None or not data.batches:
            return False
        examples = data.examples / data.batches
        return examples > 1 and bool(curve.values[0] > HALF * examples * constant)

    @cached_property
    def weighted(self) -> bool:
        """Whether the training loss weighs examples, which neither accuracy nor, as a rule, the validation loss does."""
        known = self.case.data.constant_loss
        return (known is not None and known.weighted) or any(one.weighted_shares for one in self.case.data.targets)

    @cached_property
    def validation_constant(self) -> float | None:
        """The best constant's loss, if the validation loss is comparable with it."""
        return None if self.weighted else self.constant

    @cached_property
    def penalised(self) -> bool:
        """Whether the loss contains penalties, so that it stays above what the predictions alone would give."""
        return any(layer.regularizers for layer in self.case.architecture)

    @cached_property
    def penalty(self) -> float | None:
        """What penalties add to the loss at the end: Σ l2 ‖W‖² over the layers; 0 without any, ``None`` where it cannot be told.

        The norm is that of all weights of a layer, so that this is a little too much, and the skill rather too high.
        """
        norms, total = self.case.grid("weight_norm"), 0.0
        if self.loss is None or norms is None:
            return None if self.penalised else 0.0
        late = norms.steps >= min(self.loss.steps[: len(self.loss.finite)][-self.loss.tail_size], norms.steps[-1])
        for layer in self.case.architecture:
            for name, one in layer.regularizers.items():
                strength = one.settings.get("l2") if one.class_name == "L2" else None
                if strength is None or layer.path not in norms.layers or name != "kernel":
                    return None
                if layer.class_name not in LINEAR_MAPS:
                    return None
                total += float(strength) * float((norms.of([layer.path]).values[late, 0] ** 2).mean())
        return total

    @property
    def obscured(self) -> bool:
        """Whether the loss contains penalties of unknown size."""
        return self.penalised and self.penalty is None

    @cached_property
    def skill(self) -> float | None:
        """1 − loss at the end / loss of the best constant; of accuracy the same, where the loss is not comparable.

        ``None`` where neither is known. 0: no better than a constant; 1: perfect.
        """
        found = [skill for skill in (self.loss_skill, self.accuracy_skill) if skill is not None]
        if self.in_blocks and found and found[0] > 0:
            return self.validation_skill
        if not found:
            return None
        best = max(found) if self.obscured else found[0]
        unclear = self.obscured and self.accuracy_skill is None  # a negative skill may be the penalty alone
        contradicted = (
            self.constant is None and self.fall >= CLEAR_FALL
        )  # the loss fell, and accuracy says nothing was learned
        return None if best <= 0 and (unclear or contradicted) else best

    @property
    def measure(self) -> str:
        """What the skill is of: the loss, or accuracy."""
        by_accuracy = self.skill is not None and self.skill == self.accuracy_skill != self.loss_skill
        return "accuracy" if by_accuracy else "loss"

    @cached_property
    def in_blocks(self) -> bool:
        """Whether labels come class by class, so that predicting the class of the moment makes the training loss small."""
        return any(
            one.classes and (one.autocorrelation or 0.0) > max(ORDERED, one.autocorrelation_bound or 0.0)
            for one in self.case.data.targets
        )

    @cached_property
    def validation_skill(self) -> float | None:
        """The same of the validation loss, averaged over its last readings; ``None`` where it cannot be compared."""
        validation = self.case.validation_loss
        constant = self.validation_constant
        if validation is None or constant is None or self.penalised or validation.broken_at is not None:
            return None
        return 1 - float(validation.values[-LAST_READINGS:].mean()) / constant

    @cached_property
    def skills(self) -> tuple[float | None, float | None]:
        """The skill on training and on validation data by one measure: of classes accuracy, else the loss; ``None`` if unknown.

        A loss of classes is none: it grows with over-confidence while the answers stay right.
        """
        if self.weighted:
            return None, None
        if self.accuracy_skill is not None:
            return self.accuracy_skill, self.validation_accuracy_skill
        by_class = family_of(self.case.training.loss) != "regression"
        if by_class or self.validation_skill is None or self.constant is None or self.case.validation_loss is None:
            return None, None
        best = float(self.case.validation_loss.values[-LAST_READINGS:].min())  # a single bad epoch is not enough
        return self.loss_skill, 1 - best / self.constant

    @cached_property
    def loss_skill(self) -> float | None:
        """1 − training loss at the end / loss of the best constant; ``None`` where the two cannot be compared."""
        if self.loss is None or self.constant is None or self.is_impossible or self.is_motionless:
            return None if self.loss is None or not self.is_motionless else 0.0
        return 1 - (self.loss.end.mean - (self.penalty or 0.0)) / self.constant

    @cached_property
    def accuracy_skill(self) -> float | None:
        """1 − error rate at the end / error rate of the most frequent class; ``None`` if unknown."""
        shares = self.case.data.targets[0].shares if len(self.case.data.targets) == 1 else None
        if self.accuracy is None or not shares or not max(shares) < 1:
            return None
        return 1 - (1 - self.accuracy) / (1 - max(shares))

    @cached_property
    def validation_accuracy_skill(self) -> float | None:
        """The best of the last readings of the validation accuracy, as a skill over the most frequent class of the training data.

        ``None`` if unknown. The best, because a single reading may be an unlucky one.
        """
        shares = self.case.data.targets[0].shares if len(self.case.data.targets) == 1 else None
        found = self._accuracy_curve("validation")
        if found is None or not shares or not max(shares) < 1:
            return None
        return 1 - (1 - float(found.values[-LAST_READINGS:].max())) / (1 - max(shares))

    @cached_property
    def accuracy(self) -> float | None:
        """The training accuracy at the end; ``None`` if it was not recorded, or the targets are no classes."""
        by_class = self.case.training.loss is not None and family_of(self.case.training.loss) != "regression"
        if not any(
            target.classes and (by_class or target.one_hot or target.binary) for target in self.case.data.targets
        ):
            return None
        found = self._accuracy_curve("train")
        return None if found is None else found.end.mean  # a single batch's is mostly noise

    def _accuracy_curve(self, split: str) -> Curve | None:
        name = self.accuracy_name(split)
        return None if name is None else self.case.metric(name, split)

    def accuracy_name(self, split: str) -> str | None:
        """The column of a split's accuracy; of one-hot rows not that of single entries, most of which are 0 and easily right.

        Args:
            split: ``"train"`` or ``"validation"``.
        """
        rows = any(one.one_hot and (one.classes or 0) > 2 for one in self.case.data.targets)
        names = (name for name in ACCURACIES if not rows or name != "binary_accuracy")
        return next((name for name in names if self.case.metric(name, split) is not None), None)

    @cached_property
    def fall(self) -> float:
        """The share of its first value by which the loss fell; negative if it rose, NaN if unknown."""
        if self.loss is None or self.loss.start == 0:
            return np.nan
        return (self.loss.start - self.loss.end.mean) / abs(self.loss.start)

    @cached_property
    def is_motionless(self) -> bool:
        """Whether the loss never changes beyond rounding, whatever the batch."""
        if self.loss is None:
            return False
        values = self.loss.finite
        return bool(np.ptp(values) <= 1e-6 * max(np.abs(values).max(), 1e-6))

    @cached_property
    def is_impossible(self) -> bool:
        """Whether the loss went below 0 although its kind cannot."""
        known = family_of(self.case.training.loss) is not None
        return self.loss is not None and known and self.loss.end.mean < -1e-6 * max(1.0, abs(self.loss.start))

    @cached_property
    def late_fall(self) -> tuple[float, float]:
        """By which share of the loss the last quarter lies below the one before it, and that over its standard error.

        Both NaN where there are too few readings.
        """
        if self.loss is None or len(self.loss.finite) < 2 * FEWEST_READINGS:
            return np.nan, np.nan
        blocks = self.loss.blocks
        quarter = max(len(blocks) // 4, 2)
        before, last = blocks[-2 * quarter : -quarter], blocks[-quarter:]
        error = np.sqrt((before.var(ddof=1) + last.var(ddof=1)) / quarter)
        fall = before.mean() - last.mean()
        scale = abs(before.mean()) or 1.0
        return float(fall / scale), float(fall / error) if error > 0 else float(np.sign(fall) * np.inf if fall else 0.0)

    @cached_property
    def fell_before(self) -> bool:
        """Whether the third quarter of the loss lies below the second, too, by more than its standard error."""
        if self.loss is None or len(self.loss.finite) < 2 * FEWEST_READINGS:
            return False
        quarter = max(len(self.loss.blocks) // 4, 2)
        second, third = self.loss.blocks[-3 * quarter : -2 * quarter], self.loss.blocks[-2 * quarter : -quarter]
        if len(second) < 2:
            return True
        return bool(second.mean() - third.mean() > np.sqrt((second.var(ddof=1) + third.var(ddof=1)) / quarter))
