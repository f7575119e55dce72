"""Does a regression network need activations, and which widths should its layers have?

Layers without activation multiply out to one matrix, so a stack of them can represent no more than least squares does, however
deep it is. ReLU between the layers makes the function non-linear, which helps if the target is non-linear; otherwise it fits
noise. ReLU after the last layer is different: the network cannot predict values below 0, and once its only output unit is
silent on all examples it gets no gradient and stays silent. All arms have about the same number of weights, so that the
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

ERROR = {"column": "rmse", "split": "test"}
UNIT = "deviations of the target"


@dataclass(frozen=True, kw_only=True)
class RegressionActivation(Scenario):
    """Regression with three hidden layers: linear, ReLU, ReLU at the output, and three shapes of ReLU network.

    Args:
        constant: equal widths of the layers, also used in the arms that differ in activation.
        funnel: decreasing widths; the number of weights is within 5 % of that of the constant arm.
        learning_rate: of SGD.
        same_error: errors closer than this count as equal, in standard deviations of the target: about 2 % of the error of
            least squares here.
        linear: largest error from rounding in float32 in a stack of linear layers, in the same unit.
        few_dead: share of units below which dead units do not count as a loss.
    """

    seeds: int = 6
    epochs: int = 40
    data: str = "diabetes"
    constant: tuple[int, ...] = (72, 72, 72)
    funnel: tuple[int, ...] = (128, 64, 32)
    learning_rate: float = 0.01
    same_error: float = 0.02
    linear: float = 1e-4
    few_dead: float = 0.05

    question: ClassVar = "Does regression need activations, and layers that narrow?"
    objection: ClassVar = (
        "Diabetes progression is nearly linear in its ten features and the examples are few, so an activation has "
        "little to gain. Only three shapes of network were tested, at one learning rate. Errors within 0.02 standard "
        "deviations count as equal."
    )
    datasets: ClassVar = ("diabetes", "california_housing")

    def arms(self) -> tuple[Arm, ...]:
        """The ReLU stack of constant width, and arms that change one thing."""
        return (
            self._arm("relu", "ReLU, constant", self.constant),
            self._arm("linear", "linear", self.constant, hidden="linear"),
            self._arm("relu-output", "ReLU, also at the output", self.constant, output="relu"),
            self._arm("funnel", "ReLU, funnel", self.funnel),
            self._arm("inverted", "ReLU, inverted funnel", self.funnel[::-1]),
        )

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense layers ``hidden_1`` … and ``prediction``; all with Glorot, because the linear arm diverges with He."""
        hidden = [
            keras.layers.Dense(width, arm.settings["hidden"], name=f"hidden_{number}")
            for number, width in enumerate(arm.settings["widths"], start=1)
        ]
        last = keras.layers.Dense(data.outputs, activation=arm.settings["output"], name="prediction")
        return keras.Sequential([keras.Input(data.x_train.shape[1:], name="inputs"), *hidden, last], name="regression")

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        return keras.optimizers.SGD(self.learning_rate)

    def loss(self) -> keras.losses.Loss:
        """Mean squared error, in squared standard deviations of the target."""
        return keras.losses.MeanSquaredError()

    def metrics(self) -> Sequence[keras.metrics.Metric]:
        """Root mean squared error."""
        return (keras.metrics.RootMeanSquaredError(name="rmse"),)

    def probes(self) -> tuple[Probe, ...]:
        """Gradients by layer, and units that are silent for 24 steps, two epochs of the diabetes data."""
        return ActivationGradient(every=12), DeadUnits(every=24, window=24)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """How far predictions are from those of one matrix, and the error above that of least squares."""
        predicted = np.asarray(model(data.x_test), np.float64)
        collapsed = _affine(data.x_test) @ _product(model)
        least_squares = np.linalg.lstsq(_affine(data.x_train), data.y_train, rcond=None)[0]
        errors = [_rmse(values - data.y_test) for values in (predicted, _affine(data.x_test) @ least_squares)]
        return {"beyond_one_matrix": _rmse(predicted - collapsed), "above_least_squares": errors[0] - errors[1]}

    def claims(self) -> tuple[Claim, ...]:
        """The claims into which the statement is split."""
        return (
            self._is_one_matrix(),
            self._needs_none(),
            self._relu_is_harmless(),
            self._units_live(),
            self._narrowing(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Error by arm and epoch, dead units, gradient by layer."""
        error = {
            "measure": "final_scalar",
            "of": ERROR,
            "options": {"label": "test error at the end, RMSE"},
            "unit": UNIT,
        }
        return (
            Figure(
                "by_arm",
                "Error on the test patients at the end of training, mean and interval over the seeds. Always predicting the mean "
                "would give 1.",
                {"column": "rmse"} | error,
            ),
            Figure(
                "curves",
                "Error by epoch, as a running mean over the training patients and on the test patients. Where the two diverge, the "
                "network fits noise.",
                {"column": "rmse"},
            ),
            Figure(
                "heat_map",
                "Share of the units of each layer that were silent for two epochs. Only layers with ReLU can have silent units.",
                {"column": "dead_fraction"},
            ),
            Figure(
                "depth_profile",
                "Gradient at the output of each layer by depth; in wide layers it is divided among more units.",
                {"column": "activation_gradient_rms"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "Linear regression needs no activation: without one, the layers multiply out to one matrix.",
                {"is_one_matrix": "supported"},
            ),
            Answer(
                "ReLU is harmless, both between the layers and after the last layer.", {"relu_is_harmless": "supported"}
            ),
            Answer("Whether ReLU is harmless depends on where it is placed.", {"relu_is_harmless": "mixed"}),
            Answer("ReLU increases the test error.", {"relu_is_harmless": "refuted"}),
            Answer("These runs do not show whether ReLU is harmless.", {"relu_is_harmless": "open"}),
            Answer("Layers that narrow are better than layers that widen.", {"narrowing": "supported"}),
            Answer("Layers that narrow are no better than layers that widen.", {"narrowing": "refuted"}),
            Answer("These runs do not show whether narrowing layers help.", {"narrowing": "open|mixed"}),
        )

    @staticmethod
    def _arm(name: str, label: str, widths: Sequence[int], hidden: str = "relu", output: str = "linear") -> Arm:
        return Arm(name, label, {"widths": list(widths), "hidden": hidden, "output": output})

    def _error(self, treated: str, control: str, label: str, **judged: Any) -> Part:
        """The test error of one arm compared with that of another."""
        judged = {"expects": "less", "threshold": self.same_error, "unit": UNIT} | judged
        return Part(label, "final_scalar", ERROR, treated, control, **judged)

    def _is_one_matrix(self) -> Claim:
        part = Part(
            "linear",
            "recorded",
            {"name": "beyond_one_matrix"},
            "linear",
            expects="less",
            threshold=self.linear,
            unit=UNIT,
        )
        return Claim(
            name="is_one_matrix",
            statement="A stack of layers without activations is one linear map.",
            parts=(replace(part, method="check"),),
            threshold="exact except for rounding: predictions differ from those of the product of all matrices by less than "
            f"{self.linear}",
            outcomes={
                "supported": "It is, at every seed: the four matrices multiply out to one.",
                "": "Holds: {supported}. Does not hold: {refuted}.",
            },
        )

    def _needs_none(self) -> Claim:
        part = Part(
            "linear stack against least squares", "recorded", {"name": "above_least_squares"}, "linear", expects="less"
        )
        return Claim(
            name="needs_none",
            statement="Linear regression needs no activation: the stack finds the same solution as least squares.",
            parts=(replace(part, threshold=self.same_error, unit=UNIT),),
            threshold=f"supported when its test error is less than {self.same_error} above that of least squares",
            outcomes={
                "supported": "It does: its test error is {low} above that of the exact least-squares solution.",
                "": "Its test error is {low} above that of least squares.",
            },
        )

    def _relu_is_harmless(self) -> Claim:
        return Claim(
            name="relu_is_harmless",
            statement="Adding ReLU does no harm.",
            parts=(
                self._error("relu", "linear", "between the layers"),
                self._error("relu-output", "relu", "after the last layer"),
            ),
            threshold=f"supported when ReLU raises the test error by less than {self.same_error}",
            outcomes={
                "refuted": "It does harm: ReLU {refuted} raises the test error by {low} to {high}.",
                "": "Harmless: {supported}. Harmful: {refuted}. The error changes by {low} to {high}.",
            },
        )

    def _units_live(self) -> Claim:
        arms = {
            "relu": "constant",
            "funnel": "funnel",
            "inverted": "inverted funnel",
            "relu-output": "ReLU at the output",
        }
        measure = {"column": "dead_fraction", "layers": "hidden_*", "step": -1}
        return Claim(
            name="units_live",
            statement="In a regression network ReLU units stay alive.",
            parts=tuple(
                Part(label, "layer_median", measure, arm, expects="less", threshold=self.few_dead, unit="share")
                for arm, label in arms.items()
            ),
            threshold=f"supported when fewer than {100 * self.few_dead:g} % of a hidden layer's units are silent over the last two "
            "epochs",
            outcomes={"": "Alive: {supported}. Not: {refuted}. The share of dead units is {low} to {high}."},
        )

    def _narrowing(self) -> Claim:
        return Claim(
            name="narrowing",
            statement="Layers that do not get wider towards the output are better than layers that do.",
            parts=(
                self._error("funnel", "inverted", "funnel against inverted funnel", threshold=-self.same_error),
                self._error("relu", "inverted", "constant against inverted funnel", threshold=-self.same_error),
            ),
            threshold=f"supported when the test error is lower by more than {self.same_error} with the same number of weights",
            outcomes={
                "refuted": "Not here: with the same number of weights, the widths change the test error by only {low} to {high}.",
                "": "Better: {supported}. No better: {refuted}. The error changes by {low} to {high}.",
            },
        )


def _affine(x: np.ndarray) -> np.ndarray:
    """The examples with a column of ones appended, ``[examples, features + 1]``."""
    return np.hstack([x, np.ones((len(x), 1))]).astype(np.float64)


def _product(model: keras.Model) -> np.ndarray:
    """The product of all layers, ignoring activations, ``[features + 1, outputs]``; the last row is the bias."""
    whole = np.eye(model.input_shape[-1] + 1)
    for layer in model.layers:
        kernel, bias = (np.asarray(values, np.float64) for values in layer.get_weights())
        whole = whole @ np.vstack([kernel, bias])
        whole = np.hstack([whole, np.eye(len(whole))[:, -1:]])
    return whole[:, :-1]


def _rmse(differences: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(differences))))
