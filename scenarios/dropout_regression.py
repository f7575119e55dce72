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
from typing import ClassVar

import keras
import numpy as np

from probes.dropout_variance import DropoutVariance
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Scenario
from scenarios.shared.constant_error import errors
from scenarios.shared.layers import dense, dropout
from scenarios.shared.overfitting_answers import ANSWERS
from scenarios.shared.overfitting_claims import SIZES, TASKS, OverfittingClaims, base
from scenarios.shared.parts import swept
from scenarios.shared.small_training import only_first


@dataclass(frozen=True, kw_only=True)
class DropoutRegression(Scenario):
    """Networks that predict the value or the class of the same examples, with and without dropout, from many or few.

    Args:
        width: units in each of the two hidden layers.
        rates: shares of them that are dropped, the usual one last.
        learning_rates: of Adam; each network is judged at the one that does best on the validation part.
        rate_of_gap: the one at which gaps are compared at the same rate; the networks without dropout over-fit there.
        rate_at_equal_loss: the one of the comparison at equal training loss, small enough that losses fall slowly.
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
    learning_rates: tuple[float, ...] = (0.002, 0.008, 0.03)
    rate_of_gap: float = 0.008
    rate_at_equal_loss: float = 0.002
    few: int = 80
    worse: float = 0.1
    same_loss: tuple[float, float] = (0.7, 0.53)
    same_variance: float = 0.1

    question: ClassVar = "Does dropout prevent over-fitting, and does it make regression worse?"
    scope: ClassVar = (
        "Each replicate drew weights, masks, the order of examples and the split anew. Varied: task, number of examples, dropout "
        "rate, learning rate, early stopping. Not varied: 442 diabetes patients, two hidden layers of 64 units. Regression "
        "predicts how far the disease has come after a year; classification, whether this is above the median. On other data the "
        "size and the sign of the effect may differ: a network that does not over-fit has nothing to gain."
    )
    objection: ClassVar = (
        "There is one data set of 442 patients. The errors of the two tasks can only be compared relative to that of a "
        "constant prediction. At equal learning rates dropout also slows training down. Replicates whose training error never "
        "came down to the level of comparison are left out there."
    )
    more: ClassVar = {"learning_rates": (0.0005, 0.002, 0.008, 0.03)}
    less: ClassVar = {
        "epochs": 8,
        "rates": (0.5,),
        "learning_rates": (0.003,),
        "rate_of_gap": 0.003,
        "rate_at_equal_loss": 0.003,
    }
    tests_each_epoch: ClassVar = True
    evaluates_train_again: ClassVar = True
    datasets: ClassVar = ("diabetes", "california_housing")

    def arms(self) -> tuple[Arm, ...]:
        """Both tasks, on all and on few examples, without dropout and with the usual rate; regression also with a small one."""
        return tuple(
            self._arm(task, size, rate, learning_rate)
            for task in TASKS
            for size in SIZES
            for rate in (0.0, *(self.rates if task == "regression" else self.rates[-1:]))
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
        return self._claims.claims()

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
                "Test error in units of a constant's error (always the mean, or the class shares: the dotted line), without "
                "dropout at the left. The verdicts compare each rate of dropout at its best learning rate, so compare the lowest "
                "points.",
                {"column": "test_error", "title": "Test error", "options": axes[0] | {"guide": [1.0, "a constant"]}}
                | place,
            ),
            Figure(
                "by_setting",
                "Test error minus training error, both with dropout off, in units of a constant's error. A network that does not "
                "fit its training examples has no gap either: a small gap is not yet a small test error.",
                {"column": "gap", "title": "Over-fitting", "options": axes[1]} | place,
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    @property
    def _claims(self) -> OverfittingClaims:
        rates = (self.rate_of_gap, self.rate_at_equal_loss)
        return OverfittingClaims(self.few, self.rates, *rates, self.same_loss, self.worse, self.same_variance)

    def _arm(self, task: str, size: str, rate: float, learning_rate: float) -> Arm:
        series = f"{task}, {self._claims.words(size)}, Adam {learning_rate:g}"
        settings = {"task": task, "size": size, "rate": rate, "learning_rate": learning_rate, "series": series}
        label = f"{series}, {f'dropout {rate:g}' if rate else 'none'}"
        return Arm(swept(base(task, size, rate), learning_rate), label, settings)
