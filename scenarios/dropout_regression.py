"""Does dropout prevent over-fitting, and does it make regression worse?

Dropout adds noise to the output of a layer. A classifier errs because of it only when the noise changes which logit is
largest; for a regression every deviation of the output is an error, whose square enters the loss. The noise also changes the
mean response of non-linear units, so the output differs between training and inference. Whether regularisation is worth this
depends on how much the network over-fits. Both tasks use the same patients, inputs and hidden layers: one predicts a value,
the other whether the value lies above its median. The task is the only difference.

References: Srivastava et al. 2014, Dropout, JMLR 15:1929; Li et al. 2019, arXiv 1801.05134 (variance shift).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import keras
import numpy as np

from probes.dropout_variance import DropoutVariance
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario

TASKS = ("regression", "classification")


UNIT = "of a constant's error"
JUDGED = {"": "True: {supported}. The opposite: {refuted}. Effects range from {low} to {high}."}


@dataclass(frozen=True, kw_only=True)
class DropoutRegression(Scenario):
    """Networks that predict the value or the class of the same examples, with and without dropout, from many or few.

    Args:
        width: units in each of the two hidden layers.
        rate: share of them that is dropped.
        few: number of training examples in the small arms.
        same_variance: output variances whose ratio is within this of 1 are not shifted.
    """

    seeds: int = 10
    epochs: int = 15
    data: str = "diabetes"
    width: int = 64
    rate: float = 0.5
    few: int = 80
    same_variance: float = 0.1

    question: ClassVar = "Does dropout prevent over-fitting, and does it make regression worse?"
    objection: ClassVar = (
        "There is one data set of 442 patients. Neither the network nor the rate of 0.5 was tuned for either task, and a "
        "smaller rate might suit regression. The errors of the two tasks can only be compared relative to that of a "
        "constant prediction."
    )
    less: ClassVar = {"epochs": 8}
    datasets: ClassVar = ("diabetes", "california_housing")

    def arms(self) -> tuple[Arm, ...]:
        """Both tasks, on all and on few examples, without and with dropout."""
        return tuple(
            self._arm(task, size, rate) for task in TASKS for size in ("all", "few") for rate in (0.0, self.rate)
        )

    def prepare(self, arm: Arm, data: Data) -> Data:
        """All or only the first examples; the class is whether the value lies above the median of the training part."""
        middle, count = np.median(data.y_train), self.few if arm.settings["size"] == "few" else len(data.x_train)
        data = data.first(count)
        if arm.settings["task"] == "regression":
            return data
        parts = ("y_train", "y_validation", "y_test")
        above = {name: (getattr(data, name)[:, 0] > middle).astype(np.int64) for name in parts}
        return replace(data, **above, classes=2)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """``hidden_1`` and ``hidden_2``, each followed by any dropout of the arm; ``regression`` or ``classification``."""
        layers: list = [keras.Input(data.x_train.shape[1:], name="inputs")]
        for number in (1, 2):
            dense = {"activation": "relu", "kernel_initializer": "he_normal"}
            layers.append(keras.layers.Dense(self.width, **dense, name=f"hidden_{number}"))  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue]
            if arm.settings["rate"]:
                layers.append(keras.layers.Dropout(arm.settings["rate"], name=f"dropout_{number}"))
        return keras.Sequential([*layers, keras.layers.Dense(data.outputs, name=arm.settings["task"])], name="network")

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Adam."""
        return keras.optimizers.Adam(0.003)

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
        loss = self.loss_of(arm)
        train, test = (
            float(np.asarray(loss(y, model(x, training=False)))) / constant_error(y, data.classes)
            for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test))
        )
        on = np.asarray(model(np.tile(data.x_train, (10, 1)), training=True))
        off = np.asarray(model(data.x_train, training=False))
        shift = float(np.mean(off.var(axis=0) / on.var(axis=0)))
        return {"train_error": train, "test_error": test, "gap": test - train, "output_shift": shift}

    def claims(self) -> tuple[Claim, ...]:
        """The claims into which the statement is split."""
        return (
            self._narrows_the_gap(),
            self._generalises(
                "helps_classification", "classification", "less", "lower", "a classifier generalise better"
            ),
            self._generalises("hurts_regression", "regression", "greater", "higher", "regression generalise worse"),
            self._shifts_the_output(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Test error and gap against the rate, loss over the steps."""
        place = {"setting": "rate", "series": "series"}
        error = {"column": "test_error", "title": "Test error"}
        return (
            Figure(
                "by_setting",
                "Test error relative to that of a constant prediction (1 − R² for regression), without dropout at the left and with "
                "dropout at the right. Where a line rises, dropout does harm; above the dotted line a constant prediction would be "
                "better.",
                error | place | {"options": _by_rate("error / a constant's error") | {"guide": [1.0, "a constant"]}},
            ),
            Figure(
                "seed_pairs",
                "Every point is one seed: test error without dropout on the horizontal axis, with dropout on the vertical axis. "
                "Points below the dotted line are better with dropout.",
                error
                | {
                    "pairs": self._pairs(),
                    "options": {"x": "error without dropout / a constant's", "y": "error with dropout / a constant's"},
                },
            ),
            Figure(
                "by_setting",
                "Test error minus training error, both with dropout off. The larger the gap, the stronger the over-fitting.",
                {"column": "gap", "title": "Over-fitting", "options": _by_rate("gap (same unit)")} | place,
            ),
            Figure(
                "curves",
                "Loss on the training batches (dropout on) and on the test patients (dropout off): squared standard deviations for "
                "regression, nats for classification. A test loss that starts to rise is a sign of over-fitting.",
                {"column": "loss"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "Dropout narrows the gap between test and training error for both tasks.",
                {"prevents_overfitting": "supported"},
            ),
            Answer(
                "These runs do not show that dropout narrows the gap between test and training error in every case.",
                {"prevents_overfitting": "open"},
            ),
            Answer(
                "Dropout narrows the gap between test and training error in some cases only.",
                {"prevents_overfitting": "mixed"},
            ),
            Answer("It does not make this regression worse but better.", {"hurts_regression": "refuted"}),
            Answer("It makes this regression worse.", {"hurts_regression": "supported"}),
            Answer(
                "Whether it makes regression worse depends on the number of examples.", {"hurts_regression": "mixed"}
            ),
            Answer("These runs do not show whether it makes regression worse.", {"hurts_regression": "open"}),
        )

    def _pairs(self) -> list[list[str]]:
        """Label, arm with dropout and arm without dropout, for each task and size."""
        kinds = ((task, size) for task in TASKS for size in SIZES)
        rates = (self.rate, 0.0)
        return [
            [f"{task}, {SIZES[size]}", *(self._arm(task, size, rate).name for rate in rates)] for task, size in kinds
        ]

    def _arm(self, task: str, size: str, rate: float) -> Arm:
        series = f"{task}, {SIZES[size]}"
        settings = {"task": task, "size": size, "rate": rate, "series": series}
        label = f"{series}, {'dropout' if rate else 'none'}"
        return Arm(f"{task}-{size}-{'dropout' if rate else 'none'}", label, settings)

    def _narrows_the_gap(self) -> Claim:
        return Claim(
            name="prevents_overfitting",
            statement="Dropout narrows the gap between test and training error.",
            parts=tuple(self._pair(task, size, "gap", "less", UNIT) for task in TASKS for size in SIZES),
            threshold="supported when the gap is smaller with dropout for both tasks, on all and on few examples",
            outcomes={
                "supported": "It does so in all cases: the gap changes by {high} to {low} of a constant prediction's error.",
                **JUDGED,
            },
        )

    def _generalises(self, name: str, task: str, expects: Literal["less", "greater"], word: str, what: str) -> Claim:
        return Claim(
            name=name,
            statement=f"Dropout makes {what}.",
            parts=tuple(self._pair(task, size, "test_error", expects, UNIT) for size in SIZES),
            threshold=f"supported when the test error is {word} with dropout, on all and on few examples",
            outcomes={
                "supported": f"The test error is {word}: it changes by {{low}} to {{high}} of a constant prediction's error.",
                **JUDGED,
            },
        )

    def _shifts_the_output(self) -> Claim:
        return Claim(
            name="shifts_the_output",
            statement="Dropout makes the variance of a regression's output differ between training and inference.",
            parts=tuple(
                Part(
                    label=f"{task}, {SIZES[size]}",
                    measure="recorded",
                    parameters={"name": "output_shift"},
                    treated=self._arm(task, size, self.rate).name,
                    expects="equal",
                    threshold=1.0,
                    margin=self.same_variance,
                    unit="inference / training",
                )
                for task in TASKS[:1]
                for size in SIZES
            ),
            negated=True,
            threshold=f"supported when the two differ by more than {100 * self.same_variance:g} % after training",
            outcomes={
                "supported": "It does: the variance of the output in inference is {low} to {high} times that in training.",
                **JUDGED,
            },
        )

    def _pair(self, task: str, size: str, name: str, expects, unit: str) -> Part:
        treated, control = (self._arm(task, size, rate).name for rate in (self.rate, 0.0))
        held = {"treated": treated, "control": control, "expects": expects, "unit": unit}
        return Part(f"{task}, {SIZES[size]}", "recorded", {"name": name}, **held)


SIZES = {"all": "all examples", "few": "few examples"}


def constant_error(y: np.ndarray, classes: int) -> float:
    """The smallest error of a prediction without inputs: the variance of the values, or the entropy of the classes in nats.

    Args:
        y: values ``[examples, 1]``, or classes ``[examples]``.
        classes: the number of classes, 0 for values.

    Returns:
        In the unit of the loss, ≥ 0.
    """
    if not classes:
        return float(y.var())
    shares = np.bincount(y, minlength=classes) / len(y)
    return float(-np.sum(shares[shares > 0] * np.log(shares[shares > 0])))


def _by_rate(label: str) -> dict[str, str]:
    return {"x": "dropout rate", "label": label}
