"""Does a regression network need activations, and which widths should its layers have?

Layers without activation multiply out to one matrix, so a stack of them can say no more than least squares, however deep
it is. ReLU between the layers adds bends, which help where the target has them and otherwise fit noise. ReLU behind the last
layer is another matter: it cannot predict below 0, and once its only unit is silent on all examples it gets no gradient
and stays silent. Every arm has about as many weights as the others, so that widths are compared and not sizes.

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

ERROR = {"column": "rmse", "split": "validation"}
UNIT = "deviations of the target"


@dataclass(frozen=True, kw_only=True)
class RegressionActivation(Scenario):
    """Regression by three hidden layers: linear, ReLU, ReLU at the output, and three courses of the widths.

    Args:
        constant: widths of the layers, all alike, as in the arms that differ in activation.
        funnel: widths that fall; weights within 5 % of the constant arm's.
        learning_rate: of SGD.
        same_error: errors closer than this do not differ, in standard deviations of the target: about 2 % of what least
            squares leaves unexplained here.
        linear: what rounding in float32 may add to a stack of linear layers, in the same unit.
        few_dead: share of units that may be dead before one speaks of loss.
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
        "Diabetes progression is nearly linear in its ten features and the examples are few, so that there is "
        "little for an activation to gain. Three courses of widths stand for all, at one learning rate. Errors "
        "within 0.02 deviations count as equal."
    )
    datasets: ClassVar = ("diabetes", "california_housing")

    def arms(self) -> tuple[Arm, ...]:
        """The constant ReLU stack, and what differs from it in one thing."""
        return (
            self._arm("relu", "ReLU, constant", self.constant),
            self._arm("linear", "linear", self.constant, hidden="linear"),
            self._arm("relu-output", "ReLU, also at the output", self.constant, output="relu"),
            self._arm("funnel", "ReLU, funnel", self.funnel),
            self._arm("inverted", "ReLU, inverted funnel", self.funnel[::-1]),
        )

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense layers ``hidden_1`` … and ``prediction``; Glorot for all, for He's larger weights make the linear arm diverge."""
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
        """Its root."""
        return (keras.metrics.RootMeanSquaredError(name="rmse"),)

    def probes(self) -> tuple[Probe, ...]:
        """Gradient by layer, and units silent over 24 steps, which are two epochs of the diabetes data."""
        return ActivationGradient(every=12), DeadUnits(every=24, window=24)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """How far the network is from one matrix, and its error from that of least squares."""
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
                "Error on the test patients at the end of training, mean and interval over the seeds. 1 is what predicting the "
                "mean would cost.",
                {"column": "rmse"} | error,
            ),
            Figure(
                "curves",
                "Error by epoch, running over the training patients and on the test patients: where the two part, the network "
                "fits noise.",
                {"column": "rmse"},
            ),
            Figure(
                "heat_map",
                "Share of units of each layer that were silent over two epochs. Only layers that end in ReLU can have any.",
                {"column": "dead_fraction"},
            ),
            Figure(
                "depth_profile",
                "Gradient at every layer's output by depth; wide layers share it among more units.",
                {"column": "activation_gradient_rms"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer("A linear regression needs no activation: the stack is one matrix.", {"is_one_matrix": "supported"}),
            Answer("ReLU between the layers or behind the last is harmless.", {"relu_is_harmless": "supported"}),
            Answer("Whether ReLU is harmless depends on where it stands.", {"relu_is_harmless": "mixed"}),
            Answer("ReLU does harm.", {"relu_is_harmless": "refuted"}),
            Answer("That ReLU is harmless is not settled.", {"relu_is_harmless": "inconclusive"}),
            Answer("Layers that narrow are better than layers that widen.", {"narrowing": "supported"}),
            Answer("Layers that narrow are no better than layers that widen.", {"narrowing": "refuted"}),
            Answer("Whether narrowing helps is not settled.", {"narrowing": "inconclusive|mixed"}),
        )

    @staticmethod
    def _arm(name: str, label: str, widths: Sequence[int], hidden: str = "relu", output: str = "linear") -> Arm:
        return Arm(name, label, {"widths": list(widths), "hidden": hidden, "output": output})

    def _error(self, treated: str, control: str, label: str, **judged: Any) -> Part:
        """Test error against another arm's."""
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
            statement="Without activations a stack of layers is one linear map.",
            parts=(replace(part, exact=True),),
            threshold=f"exact, but for rounding: its predictions differ from the product of its matrices by less than {self.linear}",
            outcomes={
                "supported": "It is, at every seed: four matrices, one map.",
                "": "Holds: {supported}. Does not: {refuted}.",
            },
        )

    def _needs_none(self) -> Claim:
        part = Part(
            "linear stack against least squares", "recorded", {"name": "above_least_squares"}, "linear", expects="less"
        )
        return Claim(
            name="needs_none",
            statement="A linear regression needs no activation: the stack finds what least squares finds.",
            parts=(replace(part, threshold=self.same_error, unit=UNIT),),
            threshold=f"supported when its test error is less than {self.same_error} above that of least squares",
            outcomes={
                "supported": "It does: its test error is {low} above that of least squares, solved exactly.",
                "": "Its test error is {low} above that of least squares.",
            },
        )

    def _relu_is_harmless(self) -> Claim:
        return Claim(
            name="relu_is_harmless",
            statement="Adding ReLU is harmless.",
            parts=(
                self._error("relu", "linear", "between the layers"),
                self._error("relu-output", "relu", "behind the last layer"),
            ),
            threshold=f"supported when ReLU raises the test error by less than {self.same_error}",
            outcomes={
                "refuted": "It is not: ReLU raises the test error {refuted}, by {low} to {high}.",
                "": "Harmless: {supported}. Harmful: {refuted}. Inconclusive: {inconclusive}. The error changes by {low} to {high}.",
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
            statement="ReLU leaves the units of a regression alive.",
            parts=tuple(
                Part(label, "layer_median", measure, arm, expects="less", threshold=self.few_dead, unit="share")
                for arm, label in arms.items()
            ),
            threshold=f"supported when fewer than {100 * self.few_dead:g} % of a hidden layer's units are silent over the last two epochs",
            outcomes={
                "": "Alive: {supported}. Not: {refuted}. Inconclusive: {inconclusive}. Dead are {low} to {high} of the units."
            },
        )

    def _narrowing(self) -> Claim:
        return Claim(
            name="narrowing",
            statement="Layers that get no wider towards the output are better than layers that do.",
            parts=(
                self._error("funnel", "inverted", "funnel against inverted funnel", threshold=-self.same_error),
                self._error("relu", "inverted", "constant against inverted funnel", threshold=-self.same_error),
            ),
            threshold=f"supported when the test error is lower by more than {self.same_error}, at equal numbers of weights",
            outcomes={
                "refuted": "Not here: at equal numbers of weights the course of the widths changes the test error by {low} to "
                "{high} only.",
                "": "Better: {supported}. No better: {refuted}. Inconclusive: {inconclusive}. The error changes by {low} to {high}.",
            },
        )


def _affine(x: np.ndarray) -> np.ndarray:
    """The examples with a column of ones, ``[examples, features + 1]``."""
    return np.hstack([x, np.ones((len(x), 1))]).astype(np.float64)


def _product(model: keras.Model) -> np.ndarray:
    """All layers multiplied out as if none had an activation, ``[features + 1, outputs]``, the bias last."""
    whole = np.eye(model.input_shape[-1] + 1)
    for layer in model.layers:
        kernel, bias = (np.asarray(values, np.float64) for values in layer.get_weights())
        whole = whole @ np.vstack([kernel, bias])
        whole = np.hstack([whole, np.eye(len(whole))[:, -1:]])
    return whole[:, :-1]


def _rmse(differences: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(differences))))
