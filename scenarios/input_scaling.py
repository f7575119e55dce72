"""Must inputs be scaled before a network is trained on them?

The gradient of a first-layer weight is its input times what comes back from above, so inputs that are k times as large make
that gradient about k times as large, and the signal on its way up, too: the loss starts higher, and the largest stable
learning rate falls. Scaling is therefore half of a choice whose other half is the learning rate, which is why every
preparation is trained at three of them. Min-max and z-score divide by a spread: for a pixel that never varies there is
none, and for one that hardly ever does, dividing by it makes rare values huge.

References: LeCun, Bottou, Orr and Müller 1998, Efficient BackProp (section 4.3); He et al. 2015, arXiv 1502.01852.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import keras
import numpy as np

from probes.dead_units import DeadUnits
from probes.gradient_norm import GradientNorm
from probes.probe import Probe
from probes.update_ratio import UpdateRatio
from scenarios.data import Data, load_raw, standardised
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.relu_classifier import relu_classifier

PREPARATIONS = {
    "raw": "raw",
    "min-max": "min-max",
    "z-score": "z-score, global",
    "z-score-pixel": "z-score by pixel",
}
LARGEST_PIXEL = {"digits": 16}  # of the other sets it is 255
RAW, BY_PIXEL = ("raw", "z-score"), ("z-score-pixel", "z-score")  # treated and control
ACCURACY = {"column": "accuracy", "split": "validation"}
EXACTLY = 1e-4  # float32 of 92,000 values sums to 0 and 1 within this


@dataclass(frozen=True, kw_only=True)
class InputScaling(Scenario):
    """A ReLU classifier on four preparations of the same images, at three learning rates.

    Args:
        depth: hidden layers.
        width: units in each.
        rates: learning rates, the smallest first; a decade apart, so that a preparation that suits another rate finds it.
        worse: accuracy lost by more than this is worse: one point in a hundred, three images of the test set.
        left: the loss has got going when it is below chance by this share.
        killed: share of dead units that is more than a few units of chance.
    """

    epochs: int = 8
    depth: int = 3
    width: int = 100
    rates: tuple[float, ...] = (0.001, 0.01, 0.1)
    worse: float = 0.01
    left: float = 0.5
    killed: float = 0.05

    question: ClassVar = "Must inputs be normalised, and how?"
    objection: ClassVar = (
        "All pixels have one unit and one range; features of tables may need scaling more. Plain SGD at three "
        "rates a decade apart; optimizers that adapt each weight's rate may care less."
    )

    def arms(self) -> tuple[Arm, ...]:
        """Every preparation at every rate."""
        return tuple(
            Arm(
                name=f"{preparation}-{rate}",
                label=f"{label}, {rate}",
                settings={"preparation": preparation, "learning_rate": rate, "log10_learning_rate": math.log10(rate)},
            )
            for rate in self.rates
            for preparation, label in PREPARATIONS.items()
        )

    def prepare(self, arm: Arm, data: Data) -> Data:
        """The images in their own units, scaled as the arm says, by numbers of the training part alone."""
        raw = load_raw(data.name)
        x_train, x_test = scale(arm.settings["preparation"], raw.x_train, raw.x_test)
        return replace(raw, x_train=x_train, x_test=x_test)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense ReLU layers with He initialisation."""
        return relu_classifier(data, self.depth, self.width)

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD, which unlike Adam does not hide a gradient's scale."""
        return keras.optimizers.SGD(arm.settings["learning_rate"])

    def probes(self) -> tuple[Probe, ...]:
        """Gradient, update, and units silent over 45 steps, which are an epoch of the digits."""
        return GradientNorm(every=15), UpdateRatio(every=15), DeadUnits(every=45, window=45)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """What the inputs look like after scaling."""
        x = data.x_train.astype(np.float64)
        found = {"minimum": x.min(), "maximum": x.max(), "mean": x.mean(), "deviation": x.std()}
        found["constant_inputs"] = (np.ptp(x, axis=0) == 0).sum()
        return {name: float(value) for name, value in found.items()}

    def claims(self) -> tuple[Claim, ...]:
        """Must it be done; how fast; by which formula; by pixel or as a whole; and the mechanism."""
        return (
            self._must_be_scaled(),
            self._gets_going_sooner(),
            self._formulas(),
            self._global_for_images(),
            self._scale_reaches_gradient(),
            self._raw_kills_units(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Accuracy by arm, loss, gradient and updates by layer."""
        accuracy = {"measure": "final_scalar", "of": ACCURACY, "options": {"x": "learning rate, log₁₀"}}
        return (
            Figure(
                "by_setting",
                "Accuracy on the test images at the end. Compare heights at one learning rate, then where each line has its "
                "top: what is behind at one rate may lead at another.",
                {"column": "accuracy", "setting": "log10_learning_rate", "series": "preparation"} | accuracy,
            ),
            Figure(
                "curves",
                "Accuracy by epoch. Large inputs do what a larger learning rate would; a tenth is chance.",
                {"column": "accuracy"},
            ),
            Figure(
                "depth_profile",
                "Norm of the weight gradient by layer, the first layer at the left. Inputs are a factor "
                "of the first layer's gradient, and of no other's.",
                {"column": "gradient_norm"},
            ),
            Figure(
                "depth_profile",
                "How far one step moves each layer's weights, relative to their size.",
                {"column": "update_ratio", "guide": [1e-3, "10⁻³, a rule of thumb"]},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """What the verdicts answer."""
        return (
            Answer(
                "Not as such: the inputs' scale and the learning rate are one choice.",
                {"scale_reaches_gradient": "supported", "must_be_scaled": "mixed"},
            ),
            Answer("Yes, at every learning rate tried.", {"must_be_scaled": "supported"}),
            Answer("Which inputs learn faster changes with the rate.", {"gets_going_sooner": "mixed"}),
            Answer(
                "For images one mean and deviation of all pixels is better than one a pixel.",
                {"global_for_images": "supported"},
            ),
            Answer(
                "One mean and deviation of all pixels is no better than one a pixel.", {"global_for_images": "refuted"}
            ),
        )

    def _must_be_scaled(self) -> Claim:
        return Claim(
            name="must_be_scaled",
            statement="Without normalised inputs a network ends up less accurate.",
            parts=self._by_rate(RAW, "final_scalar", ACCURACY, threshold=-self.worse, expects="less", unit="accuracy"),
            threshold=f"raw against z-score as a whole at each learning rate; supported when raw loses more than {self.worse} of "
            "test accuracy",
            outcomes={
                "": "Raw inputs cost more than a point of accuracy: {supported}. They do not: {refuted}. Not settled: "
                "{inconclusive}. Differences from {low} to {high}."
            },
        )

    def _gets_going_sooner(self) -> Claim:
        measure = {"level": "chance", "drop": self.left, "restricted": True}
        return Claim(
            name="gets_going_sooner",
            statement="Normalised inputs bring the loss down in fewer steps.",
            parts=self._by_rate(RAW, "plateau_steps", measure, scale="log10_ratio", unit="decades of steps"),
            threshold=f"steps until the loss is {self.left:.0%} below chance, raw against z-score as a whole; runs that never get "
            "there count with their last step",
            outcomes={
                "": "Normalised inputs are faster: {supported}. Raw ones are faster: {refuted}. Not settled: {inconclusive}. "
                "Raw takes "
                "{low} to {high} decades more steps."
            },
        )

    def _formulas(self) -> Claim:
        rate = self.rates[1]
        wanted = (
            ("min-max: smallest value is 0", "min-max", "minimum", 0.0),
            ("min-max: largest value is 1", "min-max", "maximum", 1.0),
            ("z-score: mean is 0", "z-score", "mean", 0.0),
            ("z-score: deviation is 1", "z-score", "deviation", 1.0),
            ("z-score by pixel: no pixel without variance", "z-score-pixel", "constant_inputs", 0.0),
        )
        return Claim(
            name="formulas",
            statement="(x − min)/(max − min) puts inputs into 0 to 1, (x − mean)/std gives them mean 0 and deviation 1, and both "
            "are always defined.",
            parts=tuple(
                Part(
                    label,
                    "recorded",
                    {"name": name},
                    f"{arm}-{rate}",
                    expects="equal",
                    threshold=value,
                    exact=True,
                    margin=EXACTLY,
                )
                for label, arm, name, value in wanted
            ),
            threshold="exact, but for rounding in float32; over the training part",
            outcomes={
                "mixed": "The formulas do what they say for the images as a whole. By pixel they are 0/0 wherever a pixel never "
                "varies ({high} pixels here): such pixels are only shifted, to 0, and carry nothing.",
                "": "Holds: {supported}. Does not: {refuted}.",
            },
        )

    def _global_for_images(self) -> Claim:
        return Claim(
            name="global_for_images",
            statement="For images one mean and deviation of all pixels is better than one for each pixel.",
            parts=self._by_rate(
                BY_PIXEL, "final_scalar", ACCURACY, threshold=-self.worse, expects="less", unit="accuracy"
            ),
            threshold=f"supported when scaling by pixel loses more than {self.worse} of test accuracy against z-score as a whole",
            outcomes={
                "": "Better as a whole: {supported}. No better by more than a point: {refuted}. Not settled: {inconclusive}. By "
                "pixel the accuracy changes by {low} to {high}."
            },
        )

    def _scale_reaches_gradient(self) -> Claim:
        factor = math.log10(LARGEST_PIXEL.get(self.data, 255))
        return Claim(
            name="scale_reaches_gradient",
            statement="The first layer's gradient grows with the inputs' scale.",
            parts=(
                Part(
                    "raw against min-max",
                    "layer_median",
                    {"column": "gradient_norm", "layers": "hidden_1", "step": 0, "until": None},
                    treated=f"raw-{self.rates[1]}",
                    control=f"min-max-{self.rates[1]}",
                    scale="log10_ratio",
                    threshold=0.0,
                    unit="decades",
                ),
            ),
            threshold=f"supported when the gradient is larger on raw inputs, which are min-max times 10^{factor:.2f}",
            outcomes={
                "supported": "The gradient of the first layer is 10^{low} times as large on raw inputs before the first step: what "
                "the inputs' scale brings, and the larger error that the larger logits make on top.",
                "": "The gradient grows by 10^{low}: not the factor between the inputs.",
            },
        )

    def _raw_kills_units(self) -> Claim:
        measure = {"column": "dead_fraction", "layers": "hidden_*", "step": -1}
        return Claim(
            name="raw_kills_units",
            statement="Inputs that are not normalised kill ReLU units.",
            parts=self._by_rate(RAW, "layer_median", measure, threshold=self.killed, unit="share"),
            threshold=f"supported when more than {self.killed:.0%} more of the hidden units are silent over the last epoch",
            outcomes={
                "": "More dead units on raw inputs: {supported}. Not more: {refuted}. Not settled: {inconclusive}. Differences "
                "from {low} to {high}."
            },
        )

    def _by_rate(self, pair: tuple[str, str], measure: str, parameters: Mapping, **judged: Any) -> tuple[Part, ...]:
        """One preparation against another, in the same way at every rate."""
        arms = ((rate, *(f"{preparation}-{rate}" for preparation in pair)) for rate in self.rates)
        return tuple(
            Part(f"at {rate}", measure, parameters, treated, control, **judged) for rate, treated, control in arms
        )


def scale(preparation: str, x_train: np.ndarray, x_test: np.ndarray) -> tuple[np.ndarray, ...]:
    """Images prepared in one of four ways.

    Formula: x; (x − min)/(max − min); (x − μ)/σ over all pixels; (x − μ)/σ pixel by pixel, and x − μ where σ = 0.

    Args:
        preparation: ``raw``, ``min-max``, ``z-score`` or ``z-score-pixel``.
        x_train: decides the numbers, ``[examples, pixels]``.
        x_test: scaled alike.
    """
    if preparation == "raw":
        return x_train, x_test
    if preparation == "min-max":
        low, high = x_train.min(), x_train.max()
        return tuple((x - low) / (high - low) for x in (x_train, x_test))
    return standardised(x_train, x_test, axis=0 if preparation == "z-score-pixel" else None)
