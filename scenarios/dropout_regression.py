"""Does dropout prevent over-fitting, and does it make regression worse?

Dropout adds noise to the output of a layer. A classifier errs because of it only when the noise changes which logit is
largest; for a regression every deviation of the output is an error, whose square enters the loss. The noise also changes the
mean response of non-linear units, so the output differs between training and inference. Whether regularisation is worth this
depends on how much the network over-fits. That regression suffers more than classification is a statement about an
interaction: the cost of dropout in one task minus its cost in the other, in the same replicates. Both tasks use the same
patients, inputs and hidden layers: one predicts a value, the other whether the value lies above its median.

References: Srivastava et al. 2014, Dropout, JMLR 15:1929; Li et al. 2019, arXiv 1801.05134 (variance shift).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import keras
import numpy as np

from probes.dropout_variance import DropoutVariance
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.constant_error import errors
from scenarios.shared.layers import dense, dropout
from scenarios.shared.overfitting_answers import ANSWERS
from scenarios.shared.parts import recorded, sweep, swept
from scenarios.shared.small_training import only_first

TASKS = ("regression", "classification")
UNIT = "of a constant's error"
SIZES = ("all", "few")
JUDGED = {"": "True: {supported}. Not true: {refuted}. Dropout changes it by {low} to {high}."}


@dataclass(frozen=True, kw_only=True)
class DropoutRegression(Scenario):
    """Networks that predict the value or the class of the same examples, with and without dropout, from many or few.

    Args:
        width: units in each of the two hidden layers.
        rates: shares of them that are dropped, the usual one last.
        learning_rates: of Adam; each network is judged at the one that does best on the validation part.
        few: number of training examples in the small arms; the others become test examples.
        worse: an error that changes by less than this share of a constant prediction's is neither better nor worse: what the
            test error varies by from split to split.
        same_loss: the training loss at which tests are compared a second time, in squared deviations of the target for
            regression and in nats for classification.
        same_variance: output variances whose ratio is within this of 1 are not shifted.
    """

    epochs: int = 15
    data: str = "diabetes"
    width: int = 64
    rates: tuple[float, ...] = (0.1, 0.5)
    learning_rates: tuple[float, ...] = (0.0005, 0.002, 0.008, 0.03)
    few: int = 80
    worse: float = 0.1
    same_loss: tuple[float, float] = (0.7, 0.53)
    same_variance: float = 0.1

    question: ClassVar = "Does dropout prevent over-fitting, and does it make regression worse?"
    scope: ClassVar = (
        "Each replicate drew weights, masks, the order of examples and the split anew. Varied: task, number of examples, dropout "
        "rate, learning rate, early stopping. Not varied: 442 patients, two hidden layers of 64 units. On other data the size and "
        "the sign of the effect may differ: a network that does not over-fit has nothing to gain."
    )
    objection: ClassVar = (
        "There is one data set of 442 patients. The errors of the two tasks can only be compared relative to that of a "
        "constant prediction. Replicates whose training error never came down to the level of comparison are left out there."
    )
    less: ClassVar = {"epochs": 8, "rates": (0.5,), "learning_rates": (0.003,)}
    tests_each_epoch: ClassVar = True
    evaluates_train_again: ClassVar = True
    datasets: ClassVar = ("diabetes", "california_housing")

    def arms(self) -> tuple[Arm, ...]:
        """Both tasks, on all and on few examples, without dropout and at each rate, at each learning rate."""
        return tuple(
            self._arm(task, size, rate, learning_rate)
            for task in TASKS
            for size in SIZES
            for rate in (0.0, *self.rates)
            for learning_rate in self.learning_rates
        )

    def prepare(self, arm: Arm, data: Data) -> Data:
        """All or only the first examples; the class is whether the value lies above the median of the training part."""
        middle, count = np.median(data.y_train), self.few if arm.settings["size"] == "few" else len(data.x_train)
        data = only_first(data, count)
        if arm.settings["task"] == "regression":
            return data
        parts = ("y_train", "y_validation", "y_test")
        above = {name: (getattr(data, name)[:, 0] > middle).astype(np.int64) for name in parts}
        return replace(data, **above, classes=2)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """``hidden_1`` and ``hidden_2``, each followed by any dropout of the arm; ``regression`` or ``classification``."""
        layers: list = [keras.Input(data.x_train.shape[1:], name="inputs")]
        for number in (1, 2):
            layers.append(dense(data, f"hidden_{number}", self.width, "relu", "he_normal"))
            if arm.settings["rate"]:
                layers.append(dropout(data, f"dropout_{number}", arm.settings["rate"]))
        return keras.Sequential([*layers, dense(data, arm.settings["task"], data.outputs)], name="network")

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Adam."""
        return keras.optimizers.Adam(arm.settings["learning_rate"])

    def loss_of(self, arm: Arm) -> keras.losses.Loss:
        """Squared error for values, cross-entropy for classes."""
        return keras.losses.MeanSquaredError() if arm.settings["task"] == "regression" else self.loss()

    def metrics_of(self, arm: Arm) -> Sequence[keras.metrics.Metric]:
        """None; errors are recorded at the end, in comparable units."""
        return ()

    def probes(self) -> tuple[Probe, ...]:
        """Moments before and after every dropout."""
        return (DropoutVariance(every=20),)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Training and test error relative to a constant prediction; variance of outputs in inference over training."""
        on = np.asarray(model(np.tile(data.x_train, (10, 1)), training=True))
        off = np.asarray(model(data.x_train, training=False))
        shift = float(np.mean(off.var(axis=0) / on.var(axis=0)))
        return errors(model, data, self.loss_of(arm)) | {"output_shift": shift}

    def claims(self) -> tuple[Claim, ...]:
        """The claims into which the statement is split."""
        usual = self.rates[-1]
        return (
            self._narrows_the_gap(),
            self._narrower_at_equal_loss(),
            self._changes_the_error("helps_classification", "classification", usual, "less"),
            self._changes_the_error("hurts_regression", "regression", usual, "greater"),
            self._changes_the_error("small_rate_hurts_regression", "regression", self.rates[0], "greater"),
            self._hurts_with_early_stopping(),
            self._hurts_regression_more(),
            self._shifts_the_output(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Test error and gap against the rate, loss over the steps."""
        place = {"setting": "rate", "series": "series"}
        axes = [
            {"x": "dropout rate", "label": f"{what} / a constant's error"}
            for what in ("error", "test − training error")
        ]
        return (
            Figure(
                "by_setting",
                "Test error relative to that of a constant prediction, without dropout at the left. Where a line rises, dropout does "
                "harm at that learning rate; compare the best learning rates.",
                {"column": "test_error", "title": "Test error", "options": axes[0] | {"guide": [1.0, "a constant"]}}
                | place,
            ),
            Figure(
                "by_setting",
                "Test error minus training error, both with dropout off. It falls to the right, most where it was largest.",
                {"column": "gap", "title": "Over-fitting", "options": axes[1]} | place,
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    def _words(self, size: str) -> str:
        return f"{self.few} examples" if size == "few" else "all examples"

    def _arm(self, task: str, size: str, rate: float, learning_rate: float) -> Arm:
        series = f"{task}, {self._words(size)}, Adam {learning_rate:g}"
        settings = {"task": task, "size": size, "rate": rate, "learning_rate": learning_rate, "series": series}
        label = f"{series}, {f'dropout {rate:g}' if rate else 'none'}"
        return Arm(swept(_base(task, size, rate), learning_rate), label, settings)

    def _narrows_the_gap(self) -> Claim:
        rate = self.learning_rates[max(len(self.learning_rates) - 2, 0)]
        return Claim(
            name="prevents_overfitting",
            statement="Dropout narrows the gap between test and training error.",
            parts=tuple(
                recorded(
                    f"{task}, {self._words(size)}",
                    "gap",
                    *(swept(_base(task, size, each), rate) for each in (self.rates[-1], 0.0)),
                    expects="less",
                    unit=UNIT,
                )
                for task in TASKS
                for size in SIZES
            ),
            threshold=f"supported when the gap is smaller with dropout for both tasks, on all and on few examples, at the same "
            f"learning rate, {rate:g}, at which the networks without dropout over-fit",
            outcomes=JUDGED,
        )

    def _narrower_at_equal_loss(self) -> Claim:
        slow = self.learning_rates[min(1, len(self.learning_rates) - 1)]

        def part(task: str, level: float) -> Part:
            treated, control = (swept(_base(task, "all", rate), slow) for rate in (self.rates[-1], 0.0))
            held: dict[str, Any] = {"expects": "less", "threshold": -self.worse, "unit": "loss"}
            return Part(task, "at_training_loss", {"level": level, "split": "test"}, treated, control, **held)

        return Claim(
            name="narrower_at_equal_loss",
            statement="Dropout narrows the gap between test and training error by a tenth, also where the training error is the same.",
            parts=tuple(part(*each) for each in zip(TASKS, self.same_loss, strict=True)),
            threshold=f"supported when the test loss is lower by more than {self.worse:g} (squared deviations or nats) where the "
            f"training loss, in inference mode, passes {self.same_loss[0]:g} or {self.same_loss[1]:g}; all examples, Adam {slow:g}",
            outcomes=JUDGED,
        )

    def _changes_the_error(self, name: str, task: str, rate: float, expects: Literal["less", "greater"]) -> Claim:
        what = "a classifier better" if task == "classification" else "regression worse"
        held = {"expects": expects, "threshold": self.worse if expects == "greater" else -self.worse}
        return Claim(
            name=name,
            statement=f"Dropout at a rate of {rate:g} makes {what} on new examples, by a tenth of a constant's error.",
            parts=tuple(self._pair(task, size, rate, "test_error", **held) for size in SIZES),
            threshold=f"supported when the test error is {'lower' if expects == 'less' else 'higher'} by more than {self.worse:g} of a "
            "constant's error with dropout, on all and on few examples, each at its best learning rate",
            outcomes=JUDGED,
        )

    def _hurts_with_early_stopping(self) -> Claim:
        def part(size: str) -> Part:
            arms = (sweep(_base("regression", size, rate)) for rate in (self.rates[-1], 0.0))
            treated, control = arms
            held: dict[str, Any] = {"threshold": self.worse, "unit": "variances of the target"}
            return Part(self._words(size), "at_best_epoch", {}, treated, control, **held)

        return Claim(
            name="hurts_with_early_stopping",
            statement="Dropout makes regression worse on new examples by a tenth of a constant's error, also when each training stops "
            "at its best epoch.",
            parts=tuple(part(size) for size in SIZES),
            threshold="supported when the test loss at the epoch with the lowest validation loss is higher with dropout by more "
            f"than {self.worse:g} of a constant's error",
            outcomes=JUDGED,
        )

    def _hurts_regression_more(self) -> Claim:
        return Claim(
            name="hurts_regression_more",
            statement="Dropout costs regression more than classification, by a tenth of a constant's error, because values are "
            "sensitive to its noise.",
            parts=tuple(
                replace(
                    self._pair("regression", size, self.rates[-1], "test_error", threshold=self.worse),
                    label=self._words(size),
                    beside=tuple(sweep(_base("classification", size, rate)) for rate in (self.rates[-1], 0.0)),
                )
                for size in SIZES
            ),
            threshold=f"supported when the change of test error by dropout is larger for regression by more than {self.worse:g} of a "
            "constant's error, paired by replicate: the interaction of task and dropout",
            outcomes={
                "": "More: {supported}. Not: {refuted}. The change differs by {low} to {high} of a constant's error."
            },
        )

    def _shifts_the_output(self) -> Claim:
        held = {"expects": "equal", "threshold": 1.0, "margin": self.same_variance, "unit": "inference / training"}
        return Claim(
            name="shifts_the_output",
            statement="Dropout makes the variance of a regression's output differ between training and inference.",
            parts=tuple(
                recorded(self._words(size), "output_shift", sweep(_base("regression", size, self.rates[-1])), **held)
                for size in SIZES
            ),
            negated=True,
            threshold=f"supported when the two differ by more than {100 * self.same_variance:g} % after training",
            outcomes={
                "": "Differs: {supported}. Same: {refuted}. The variance in inference is {low} to {high} of that in training."
            },
        )

    def _pair(self, task: str, size: str, rate: float, name: str, **held: Any) -> Part:
        arms = (sweep(_base(task, size, each)) for each in (rate, 0.0))
        return recorded(f"{task}, {self._words(size)}", name, *arms, unit=UNIT, **held)


def _base(task: str, size: str, rate: float) -> str:
    return f"{task}-{size}-{f'dropout-{rate:g}' if rate else 'none'}"
