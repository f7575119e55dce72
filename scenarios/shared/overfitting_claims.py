"""The claims of ``dropout_regression``: over-fitting, errors on new examples, and the interaction of task and dropout."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from scenarios.scenario import Claim, Part
from scenarios.shared.parts import recorded, sweep, swept

TASKS = ("regression", "classification")
SIZES = ("all", "few")
CONSTANT = {"regression": 1.0, "classification": math.log(2)}
"""The error of a constant prediction, in the unit of the task's loss: the variance of scaled values; two equally frequent classes."""
UNIT = "of a constant's error"
TENTH = (
    "a tenth of a constant's error, which is about what the test error of 442 patients varies by from split to split"
)
JUDGED = {"": "True: {supported}. Not true: {refuted}. Dropout changes it by {low} to {high}."}
BY_A_TENTH = {"": "By a tenth: {supported}. Not by a tenth: {refuted}. Dropout changes the error by {low} to {high}."}


def base(task: str, size: str, rate: float) -> str:
    """The name of a sweep over learning rates."""
    return f"{task}-{size}-{f'dropout-{rate:g}' if rate else 'none'}"


@dataclass(frozen=True)
class OverfittingClaims:
    """What is claimed about dropout in two tasks.

    Args:
        few: number of training examples in the small arms.
        rates: dropout rates, the usual one last.
        rate_of_gap: the learning rate at which gaps are compared.
        rate_at_equal_loss: the one of the comparison at equal training loss.
        same_loss: the training losses of that comparison, for regression and classification.
        worse: the smallest change of an error that matters, as a share of a constant's error.
        same_variance: output variances whose ratio is within this of 1 are not shifted.
    """

    few: int
    rates: tuple[float, ...]
    rate_of_gap: float
    rate_at_equal_loss: float
    same_loss: tuple[float, float]
    worse: float
    same_variance: float

    def claims(self) -> tuple[Claim, ...]:
        """Over-fitting first, then the error on new examples: its sign, and whether it changes by a tenth."""
        return (
            self._narrows_the_gap(),
            self._narrower_at_equal_loss(),
            self._helps_classification(),
            self._helps_by_a_tenth(),
            self._hurts_regression(),
            self._hurts_by_a_tenth(),
            self._hurts_regression_more(),
            self._more_by_a_tenth(),
            self._shifts_the_output(),
        )

    def words(self, size: str) -> str:
        """The number of training examples, in words."""
        return f"{self.few} examples" if size == "few" else "all examples"

    def _narrows_the_gap(self) -> Claim:
        return Claim(
            name="prevents_overfitting",
            statement="At the same learning rate, dropout narrows the gap between test and training error.",
            parts=tuple(
                recorded(
                    f"{task}, {self.words(size)}",
                    "gap",
                    *(swept(base(task, size, each), self.rate_of_gap) for each in (self.rates[-1], 0.0)),
                    expects="less",
                    unit=UNIT,
                )
                for task in TASKS
                for size in SIZES
            ),
            threshold="supported when test minus training error, both without masks, is smaller with dropout for both tasks, on "
            f"all and on few examples; the sign decides; Adam {self.rate_of_gap:g} for all, at which the networks without dropout "
            f"over-fit",
            outcomes=JUDGED,
        )

    def _narrower_at_equal_loss(self) -> Claim:
        def part(task: str, level: float) -> Part:
            treated, control = (
                swept(base(task, "all", rate), self.rate_at_equal_loss) for rate in (self.rates[-1], 0.0)
            )
            held: dict[str, Any] = {"expects": "less", "threshold": -self.worse * CONSTANT[task]}
            held["unit"] = "squared deviations" if task == "regression" else "nats"
            return Part(task, "at_training_loss", {"level": level, "split": "test"}, treated, control, **held)

        limits = " and ".join(f"{self.worse * CONSTANT[task]:.2g}" for task in TASKS)
        return Claim(
            name="narrower_at_equal_loss",
            statement="Dropout narrows the gap between test and training error by a tenth of a constant's error, also where the "
            "training error is the same.",
            parts=tuple(part(*each) for each in zip(TASKS, self.same_loss, strict=True)),
            threshold=f"supported when the test loss is lower by more than {limits} (squared deviations of the scaled value; "
            f"nats), {TENTH}, where the training loss without masks passes {self.same_loss[0]:g} and {self.same_loss[1]:g}; all "
            f"examples, Adam {self.rate_at_equal_loss:g}",
            outcomes={"": "Narrower by a tenth: {supported}. Not by a tenth: {refuted}."},
        )

    def _helps_classification(self) -> Claim:
        return Claim(
            name="helps_classification",
            statement=f"Dropout at a rate of {self.rates[-1]:g} makes a classifier better on new examples.",
            parts=self._pairs("classification", self.rates[-1], "less", 0.0),
            threshold="supported when the test error is lower with dropout on all and on few examples, each at its best learning "
            "rate; the sign decides",
            outcomes=JUDGED,
        )

    def _helps_by_a_tenth(self) -> Claim:
        return Claim(
            name="helps_by_a_tenth",
            statement=f"Dropout at a rate of {self.rates[-1]:g} makes a classifier better on new examples by a tenth of a "
            f"constant's error.",
            parts=self._pairs("classification", self.rates[-1], "less", -self.worse),
            threshold=f"the same by more than {self.worse:g}: {TENTH}",
            outcomes=BY_A_TENTH,
        )

    def _hurts_regression(self) -> Claim:
        return Claim(
            name="hurts_regression",
            statement=f"Dropout at a rate of {self.rates[-1]:g} makes regression worse on new examples.",
            parts=self._pairs("regression", self.rates[-1], "greater", 0.0),
            threshold="supported when the test error is higher with dropout on all and on few examples, each at its best learning "
            "rate; the sign decides",
            outcomes=JUDGED,
        )

    def _hurts_by_a_tenth(self) -> Claim:
        pairs = tuple(
            replace(part, label=f"rate {rate:g}, {part.label}")
            for rate in reversed(self.rates)
            for part in self._pairs("regression", rate, "greater", self.worse)
        )
        return Claim(
            name="hurts_by_a_tenth",
            statement="Dropout makes regression worse on new examples by a tenth of a constant's error.",
            parts=(*pairs, *(self._stopped_early(size) for size in SIZES)),
            threshold=f"supported when the test error is higher with dropout by more than {self.worse:g} at every rate, each at "
            f"its best learning rate, also with the weights of the epoch that does best on the validation part (stopped early): "
            + TENTH,
            outcomes=BY_A_TENTH,
        )

    def _stopped_early(self, size: str) -> Part:
        treated, control = (sweep(base("regression", size, rate)) for rate in (self.rates[-1], 0.0))
        label = f"rate {self.rates[-1]:g}, {self.words(size)}, stopped early"
        return Part(label, "at_best_epoch", {}, treated, control, threshold=self.worse, unit=UNIT)

    def _hurts_regression_more(self) -> Claim:
        return Claim(
            name="hurts_regression_more",
            statement="Dropout costs regression more than classification, because values are sensitive to its noise.",
            parts=self._interaction(0.0),
            threshold="supported when dropout changes the test error more in favour of classification, paired by replicate, each "
            "in constants' errors and at its best learning rate; the sign decides; it does not tell the reason",
            outcomes={"": "More: {supported}. Not more: {refuted}. The changes differ by {low} to {high}."},
        )

    def _more_by_a_tenth(self) -> Claim:
        return Claim(
            name="more_by_a_tenth",
            statement="Dropout costs regression more than classification by a tenth of a constant's error.",
            parts=self._interaction(self.worse),
            threshold=f"the same by more than {self.worse:g}: {TENTH}",
            outcomes={"": "By a tenth: {supported}. Not by a tenth: {refuted}. The changes differ by {low} to {high}."},
        )

    def _interaction(self, threshold: float) -> tuple[Part, ...]:
        pairs = zip(SIZES, self._pairs("regression", self.rates[-1], "greater", threshold), strict=True)
        beside = {
            size: tuple(sweep(base("classification", size, rate)) for rate in (self.rates[-1], 0.0)) for size in SIZES
        }
        return tuple(replace(part, beside=beside[size]) for size, part in pairs)

    def _shifts_the_output(self) -> Claim:
        held: dict[str, Any] = {"expects": "equal", "threshold": 1.0, "margin": self.same_variance}
        held["unit"] = "inference / training"
        return Claim(
            name="shifts_the_output",
            statement="Dropout makes the variance of a regression's output differ between training and inference.",
            parts=tuple(
                recorded(self.words(size), "output_shift", sweep(base("regression", size, self.rates[-1])), **held)
                for size in SIZES
            ),
            negated=True,
            threshold=f"supported when the two differ by more than {100 * self.same_variance:g} % after training; in training the "
            f"masks' own noise is part of the variance",
            outcomes={
                "": "Differs: {supported}. Same: {refuted}. The variance in inference is {low} to {high} of that in training."
            },
        )

    def _pairs(self, task: str, rate: float, expects: Literal["less", "greater"], threshold: float) -> tuple[Part, ...]:
        """The test error with dropout against that without, on all and on few examples."""
        held: dict[str, Any] = {"expects": expects, "threshold": threshold, "unit": UNIT}
        return tuple(
            recorded(self.words(size), "test_error", *(sweep(base(task, size, each)) for each in (rate, 0.0)), **held)
            for size in SIZES
        )
