"""Does a regression network need activations, and which widths should its layers have?

Layers without activation multiply out to one matrix, so a stack of them can represent no more than least squares does, however
deep it is. ReLU between the layers makes the function non-linear, which helps if the target is non-linear; otherwise it fits
noise. ReLU after the last layer is different: the network cannot predict values below 0, and once its only output unit is
silent on all examples it gets no gradient and stays silent. A centred target is bound to suffer from this, so the same target is
also raised until no value is below 0. All arms have about the same number of weights, so that the
comparison is between widths and not between sizes.

References: Saxe, McClelland and Ganguli 2014, arXiv 1312.6120 (linear stacks); Lu et al. 2019, arXiv 1903.06733 (dying ReLU).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import keras
import numpy as np

from probes.activation_gradient import ActivationGradient
from probes.dead_units import DeadUnits
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.layers import dense
from scenarios.shared.linear_stack import affine, product, rmse
from scenarios.shared.parts import recorded, sweep, swept
from scenarios.shared.regression_answers import ANSWERS
from scenarios.shared.regression_claims import harmless, sometimes_lost, units_live

ERROR = {"column": "rmse", "split": "test"}
UNIT = "deviations of the target"


@dataclass(frozen=True, kw_only=True)
class RegressionActivation(Scenario):
    """Regression with three hidden layers: linear, ReLU, ReLU at the output, and three shapes of ReLU network.

    Args:
        constant: equal widths of the layers, also used in the arms that differ in activation.
        funnel: decreasing widths; the number of weights is within 5 % of that of the constant arm.
        rates: learning rates of SGD; each network is judged at the one that does best on the validation part.
        same_error: errors closer than this count as equal, in standard deviations of the target: about a tenth of what least
            squares gains over always predicting the mean.
        linear: largest error from rounding in float32 in a stack of linear layers, in the same unit.
        few_dead: share of units below which dead units do not count as a loss.
        lost: a network whose output is 0 on all patients has an error above this, in standard deviations of the target raised to 0
            and above; always predicting the mean has 1.
    """

    epochs: int = 30
    data: str = "diabetes"
    constant: tuple[int, ...] = (72, 72, 72)
    funnel: tuple[int, ...] = (128, 64, 32)
    rates: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03)
    same_error: float = 0.03
    linear: float = 1e-4
    few_dead: float = 0.1
    lost: float = 1.5

    question: ClassVar = "Does a regression network need activations, and layers that narrow?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: activation between the layers and after "
        "the last, widths, learning rate, whether the target is centred. Not varied: three hidden layers, 442 patients. That a "
        "linear stack is one matrix holds for every network; whether ReLU pays depends on how non-linear the target is."
    )
    objection: ClassVar = (
        "Diabetes progression is nearly linear in its ten features and the examples are few, so an activation has little to gain. "
        "Only three shapes of network were tested, at four learning rates, of which the lowest suits the linear stack best. "
        "Errors within 0.03 standard deviations count as equal."
    )
    datasets: ClassVar = ("diabetes", "california_housing")

    def arms(self) -> tuple[Arm, ...]:
        """The ReLU stack of constant width, and arms that change one thing."""
        return tuple(
            arm
            for rate in self.rates
            for arm in (
                self._arm("relu", "ReLU, equal widths", rate, self.constant),
                self._arm("linear", "linear", rate, self.constant, hidden="linear"),
                self._arm("relu-output", "ReLU, also at the output", rate, self.constant, output="relu"),
                self._arm("raised", "ReLU, target raised to 0 and above", rate, self.constant, raised=True),
                self._arm(
                    "raised-output",
                    "ReLU, also at the output, target raised",
                    rate,
                    self.constant,
                    output="relu",
                    raised=True,
                ),
                self._arm("funnel", "ReLU, funnel", rate, self.funnel),
                self._arm("inverted", "ReLU, inverted funnel", rate, self.funnel[::-1]),
            )
        )

    def prepare(self, arm: Arm, data: Data) -> Data:
        """The target, raised in some arms until its smallest training value is 0."""
        low = data.y_train.min() if arm.settings["raised"] else 0.0
        return replace(data, **{name: getattr(data, name) - low for name in ("y_train", "y_validation", "y_test")})

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense layers ``hidden_1`` … and ``prediction``; all with Glorot, because the linear arm diverges with He."""
        hidden = [
            dense(data, f"hidden_{number}", width, arm.settings["hidden"])
            for number, width in enumerate(arm.settings["widths"], start=1)
        ]
        last = dense(data, "prediction", data.outputs, arm.settings["output"])
        return keras.Sequential([keras.Input(data.x_train.shape[1:], name="inputs"), *hidden, last], name="regression")

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        return keras.optimizers.SGD(arm.settings["learning_rate"])

    def loss(self) -> keras.losses.Loss:
        """Mean squared error, in squared standard deviations of the target."""
        return keras.losses.MeanSquaredError()

    def metrics(self) -> Sequence[keras.metrics.Metric]:
        """Root mean squared error."""
        return (keras.metrics.RootMeanSquaredError(name="rmse"),)

    def probes(self) -> tuple[Probe, ...]:
        """Gradients by layer, and units that are silent for 18 steps, two epochs of the diabetes data."""
        return ActivationGradient(every=9), DeadUnits(every=18, window=18)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """How far predictions are from those of one matrix, and the error above that of least squares."""
        predicted = np.asarray(model(data.x_test), np.float64)
        collapsed = affine(data.x_test) @ product(model)
        least_squares = np.linalg.lstsq(affine(data.x_train), data.y_train, rcond=None)[0]
        errors = [rmse(values - data.y_test) for values in (predicted, affine(data.x_test) @ least_squares)]
        return {"beyond_one_matrix": rmse(predicted - collapsed), "above_least_squares": errors[0] - errors[1]}

    def claims(self) -> tuple[Claim, ...]:
        """The claims into which the statement is split."""
        return (
            self._is_one_matrix(),
            self._needs_none(),
            *self._relu_is_harmless(),
            self._relu_helps(),
            self._output_below_zero(),
            units_live(self.few_dead),
            self._narrowing(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Error by arm and epoch."""
        error = {
            "measure": "final_scalar",
            "of": ERROR,
            "options": {"label": "test error at the end, RMSE"},
            "unit": UNIT,
        }
        return (
            Figure(
                "by_arm",
                "Error on the test patients at the end of training, mean and interval over the replicates. Always predicting the "
                "mean would give 1. At a good learning rate all networks come close to one another, except the one whose output "
                "cannot be below 0. Verdicts compare pairs within each replicate, and are finer than these intervals.",
                {"column": "rmse"} | error,
            ),
            Figure(
                "curves",
                "Error by epoch, as a running mean over the training patients and on the validation patients. Where the two "
                "diverge, the network fits noise.",
                {"column": "rmse"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    @staticmethod
    def _arm(
        name: str,
        label: str,
        rate: float,
        widths: Sequence[int],
        hidden: str = "relu",
        output: str = "linear",
        raised: bool = False,
    ) -> Arm:
        settings = {"widths": list(widths), "hidden": hidden, "output": output, "raised": raised, "learning_rate": rate}
        return Arm(swept(name, rate), f"{label}, rate {rate:g}", settings)

    def _error(self, treated: str, control: str, label: str, **judged: Any) -> Part:
        """The test error of one arm compared with that of another."""
        judged = {"expects": "less", "threshold": self.same_error, "unit": UNIT} | judged
        return Part(label, "final_scalar", ERROR, sweep(treated), sweep(control), **judged)

    def _is_one_matrix(self) -> Claim:
        held = {"expects": "less", "threshold": self.linear, "unit": UNIT, "method": "check"}
        return Claim(
            name="is_one_matrix",
            statement="A stack of layers without activations is one linear map.",
            parts=(recorded("linear", "beyond_one_matrix", sweep("linear"), **held),),
            threshold="check of the instrument, up to rounding: predictions differ from those of the product of all matrices by "
            f"less than {self.linear}",
            outcomes={
                "supported": "It is, in every replicate: the four matrices multiply out to one.",
                "": "Holds: {supported}. Does not hold: {refuted}.",
            },
        )

    def _needs_none(self) -> Claim:
        held: dict[str, Any] = {"expects": "less", "threshold": self.same_error, "unit": UNIT}
        return Claim(
            name="needs_none",
            statement="Linear regression needs no activation: the stack predicts as well as least squares, and as ReLU does.",
            parts=(
                recorded("against least squares", "above_least_squares", sweep("linear"), **held),
                self._error("linear", "relu", "against the ReLU stack"),
            ),
            threshold=f"supported when its test error is less than {self.same_error} above that of least squares and of the ReLU "
            f"stack; {self.same_error} is about a tenth of what least squares gains over always predicting the mean",
            outcomes={
                "": "Holds: {supported}. Does not hold: {refuted}. Its test error is {low} to {high} above theirs."
            },
        )

    def _relu_is_harmless(self) -> tuple[Claim, ...]:
        """Between the layers, and after the last one, where a network is lost when its output is 0 from the start."""
        return (
            harmless("harmless_between", "between the layers", self._error("relu", "linear", "between the layers")),
            harmless(
                "harmless_at_the_end",
                "after the last layer, when no value to predict is below 0, in a typical run",
                self._error("raised-output", "raised", "after the last layer", method="median"),
                " in the median; how many networks are lost is the next statement",
            ),
            sometimes_lost("raised-output", self.lost),
            harmless(
                "harmless_on_average",
                "after the last layer, when no value to predict is below 0, on average",
                self._error("raised-output", "raised", "after the last layer", method="sign_flip"),
                " in the mean, to which lost networks count as well",
            ),
        )

    def _relu_helps(self) -> Claim:
        return Claim(
            name="relu_helps",
            statement="ReLU between the layers lowers the test error.",
            parts=(self._error("relu", "linear", "between the layers", threshold=-self.same_error),),
            threshold=f"supported when ReLU lowers the test error by more than {self.same_error}",
            outcomes={"": "It changes the error by {low} standard deviations of the target."},
        )

    def _output_below_zero(self) -> Claim:
        harm: dict[str, Any] = {"expects": "greater", "method": "sign_flip"}
        return Claim(
            name="output_below_zero",
            statement="After the last layer ReLU does harm when the target has values below 0.",
            parts=(self._error("relu-output", "relu", "after the last layer, centred target", **harm),),
            threshold=f"supported when ReLU raises the test error by more than {self.same_error}; bound to happen in part, because "
            "half of the values cannot be predicted",
            outcomes={"": "It raises the error by {low} standard deviations of the target."},
        )

    def _narrowing(self) -> Claim:
        return Claim(
            name="narrowing",
            statement=f"Layers that do not get wider towards the output are better than layers that do, by {self.same_error} "
            "standard deviations of the target.",
            parts=(
                self._error("funnel", "inverted", "funnel against inverted funnel", threshold=-self.same_error),
                self._error("relu", "inverted", "equal widths against inverted funnel", threshold=-self.same_error),
            ),
            threshold=f"supported when the test error is lower by more than {self.same_error} with about the same number of "
            "weights; the course says only that later layers are usually no wider",
            outcomes={
                "": "Better: {supported}. No better: {refuted}. The error changes by {low} to {high}.",
            },
        )
