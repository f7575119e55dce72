"""Must inputs be scaled before a network is trained on them?

The gradient of a first-layer weight is its input times the gradient that the layer receives, so inputs k times as large make
that gradient about k times as large. They also enlarge the signal in the forward pass: the loss starts higher, and the
largest stable learning rate falls. Scaling and the learning rate must therefore be chosen together, which is why every
preparation is trained at several learning rates and judged at its best one. Min-max and z-score divide by a spread. For a pixel
that never varies that spread is 0, and for one that hardly ever varies it is so small that rare values become huge.

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
from scenarios.data import Data, load_raw
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.layers import classifier, convolution, picture
from scenarios.shared.parts import ACCURACY, final
from scenarios.shared.relu_classifier import relu_classifier
from scenarios.shared.scaling import COMMON, rates_of, recipes, scaler
from scenarios.shared.scaling_answers import ANSWERS
from scenarios.shared.scaling_claims import (
    GOING,
    SILENT,
    fit_transform,
    formulas,
    gets_going_sooner,
    min_max_is_worse,
    raw_kills_units,
    scale_reaches_gradient,
)

PREPARATIONS = {
    "raw": "raw",
    "min-max": "min-max",
    "z-score": "z-score, global",
    "z-score-pixel": "z-score by pixel",
}
VARIANTS = {
    "": "dense network, digits",
    "convolutional": "small convolutional network, digits",
    "photographs": "dense network, patches of photographs",
}
RAW, BY_PIXEL = ("raw", "z-score"), ("z-score-pixel", "z-score")  # treated and control
AT_BEST_RATE = "-[0-9]*"


@dataclass(frozen=True, kw_only=True)
class InputScaling(Scenario):
    """A ReLU classifier on four preparations of the same images, each at several learning rates.

    Args:
        depth: hidden layers.
        width: units in each.
        told: learning rates at which the accuracy on raw and normalised inputs is also compared at the same rate.
        differs: the smallest difference of accuracy that counts: one percentage point, less than four of 360 test images.
        same_loss: the training loss at which accuracies are compared a second time, in nats.
        killed: increase in the share of dead units that counts: two units of a layer of 100.
        variants: networks and images on which the best preparation is judged; a thorough run has all of ``VARIANTS``.
    """

    epochs: int = 8
    depth: int = 3
    width: int = 100
    told: tuple[float, ...] = (0.003, 0.03, 0.1)
    differs: float = 0.01
    same_loss: float = 0.2
    killed: float = 0.02
    variants: tuple[str, ...] = ("",)

    question: ClassVar = "Must inputs be normalised, and how?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: preparation of the inputs and learning "
        "rate; in a thorough run also the network (a small convolutional one) and the images (patches of two photographs, which "
        "the network tells apart). Not varied: ReLU, He, plain SGD, pictures of 8 × 8 pixels. That scale and rate must be chosen "
        "together holds for every network trained by plain SGD; how much accuracy a preparation costs holds for these images."
    )
    objection: ClassVar = (
        "All pixels share one unit and one range; the features of a table may need scaling more. Training was plain SGD at rates "
        "half a decade apart, so that a best rate is known to half a decade only; scaling may matter less to optimizers that "
        "adapt the rate of each weight."
    )
    tests_each_epoch: ClassVar = True
    evaluates_train_again: ClassVar = True

    more: ClassVar = {"variants": tuple(VARIANTS)}

    def arms(self) -> tuple[Arm, ...]:
        """Every preparation at its rates; further networks and images without min-max, which no claim needs there."""
        return tuple(
            self._arm(variant, preparation, rate)
            for variant in self.variants
            for preparation in PREPARATIONS
            for rate in rates_of(f"{_prefix(variant)}{preparation}", self.data)
        )

    def prepare(self, arm: Arm, data: Data) -> Data:
        """The raw images, scaled as the arm says with statistics of the training part alone."""
        raw = self._raw(arm, data)
        return raw.scaled(scaler(arm.settings["preparation"], raw.x_train))

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense ReLU layers with He initialisation, or two convolutions and a dense layer."""
        if arm.settings["variant"] != "convolutional":
            return relu_classifier(data, self.depth, self.width)
        hidden = [convolution(data, "hidden_1", 8, "relu"), convolution(data, "hidden_2", 16, "relu", strides=2)]
        return classifier(data, picture(data), *hidden, keras.layers.Flatten(name="flat"))

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD, because Adam would cancel the scale of the gradient."""
        return keras.optimizers.SGD(arm.settings["learning_rate"])

    def probes(self) -> tuple[Probe, ...]:
        """Gradients, updates, and units that are silent for 34 steps, one epoch of the digits."""
        return GradientNorm(every=17), UpdateRatio(every=17), DeadUnits(every=34, window=34)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Statistics of the scaled inputs."""
        x = data.x_train.astype(np.float64)
        found = {"minimum": x.min(), "maximum": x.max(), "mean": x.mean(), "deviation": x.std()}
        found["constant_inputs"] = (np.ptp(x, axis=0) == 0).sum()
        found |= recipes(self._raw(arm, data).x_train, math.isqrt(x.shape[1]))
        return {name: float(value) for name, value in found.items()}

    def claims(self) -> tuple[Claim, ...]:
        """Accuracy, speed, the formulas, per pixel or global, and the mechanism."""
        return (
            self._must_be_scaled(),
            self._worse_at_equal_loss(),
            min_max_is_worse(self._compared("min-max against z-score", "", ("min-max", "z-score"))),
            self._scale_is_a_rate(),
            gets_going_sooner(self._paired("plateau_steps", GOING, scale="log10_ratio", unit="decades of steps")),
            formulas({name: f"{name}-{COMMON}" for name in PREPARATIONS}),
            fit_transform(f"raw-{COMMON}"),
            self._global_for_images(),
            scale_reaches_gradient(f"raw-{COMMON}", f"min-max-{COMMON}", self.data),
            raw_kills_units(
                self._paired("layer_median", SILENT, threshold=self.killed, unit="share of units", method="sign_flip")
            ),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Accuracy by arm, loss, gradient and updates by layer."""
        accuracy = {"measure": "final_scalar", "of": ACCURACY, "options": {"x": "learning rate"}}
        return (
            Figure(
                "by_setting",
                "Accuracy on the test images at the end of training. Each preparation has its own best learning rate: compare the "
                "highest points, not the points at one rate.",
                {"column": "accuracy", "setting": "learning_rate", "series": "series"} | accuracy,
            ),
            Figure(
                "curves",
                "Accuracy by epoch, training and validation. Where the rate is too large for a preparation, the network stays at "
                "chance: an accuracy of 0.1 for the digits and of 0.5 for the two photographs.",
                {"column": "accuracy"},
            ),
            Figure(
                "depth_profile",
                "Norm of the weight gradient by layer, with the first layer at the left. At the start raw inputs enlarge it in "
                "every layer, not only in the first, because ReLU passes the scale of its inputs on; a network that has collapsed "
                "has next to none.",
                {"column": "gradient_norm"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    @staticmethod
    def _arm(variant: str, preparation: str, rate: float) -> Arm:
        series = f"{variant}, {PREPARATIONS[preparation]}" if variant else PREPARATIONS[preparation]
        settings = {"preparation": preparation, "learning_rate": rate}
        settings |= {"variant": variant, "series": series}
        return Arm(f"{_prefix(variant)}{preparation}-{rate}", f"{series}, rate {rate:g}", settings)

    @staticmethod
    def _raw(arm: Arm, data: Data) -> Data:
        """The arm's images, unscaled."""
        return load_raw("photographs" if arm.settings["variant"] == "photographs" else data.name, data.replicate)

    def _worse_at_equal_loss(self) -> Claim:
        at = {"level": self.same_loss, "column": "accuracy", "split": "test"}
        judged: dict[str, Any] = {
            "expects": "less",
            "threshold": -self.differs,
            "unit": "accuracy",
            "chosen_by": "accuracy",
        }
        raw, scaled = (f"{preparation}{AT_BEST_RATE}" for preparation in RAW)
        return Claim(
            name="worse_at_equal_loss",
            statement="At the same training loss, a network is less accurate by a point when its inputs are not normalised.",
            parts=(Part("raw inputs", "at_training_loss", at, raw, scaled, **judged),),
            threshold=f"supported when test accuracy is lower by more than {self.differs} with raw inputs where the training loss "
            f"passes {self.same_loss:g} nats, each at its best rate",
            outcomes={"": "Raw inputs change test accuracy by {low}."},
        )

    def _must_be_scaled(self) -> Claim:
        return Claim(
            name="must_be_scaled",
            statement="A network is less accurate by a point in the end when its inputs are not normalised.",
            parts=self._at_best_rate(RAW),
            threshold="raw inputs against the global z-score, each at the rate that is most accurate on the validation part; "
            f"supported when test accuracy is lower by more than {self.differs} with raw inputs: a percentage point, less than "
            "four of 360 images",
            outcomes={
                "": "Less accurate: {supported}. Not by that much: {refuted}. Raw inputs change test accuracy by {low} to {high}."
            },
        )

    def _scale_is_a_rate(self) -> Claim:
        return Claim(
            name="scale_is_a_rate",
            statement="At the same learning rate raw inputs always cost a point of accuracy.",
            parts=self._by_rate(
                RAW, "final_scalar", ACCURACY, threshold=-self.differs, expects="less", unit="accuracy"
            ),
            threshold=f"supported when test accuracy is lower by more than {self.differs} with raw inputs at every rate",
            outcomes={
                "": "They cost more than a point: {supported}. They do not: {refuted}. They change accuracy by {low} to {high}."
            },
        )

    @staticmethod
    def _paired(measure: str, parameters: Mapping, **judged: Any) -> Part:
        """Raw against normalised inputs of the dense network, each at its best rate."""
        raw, scaled = (f"{preparation}{AT_BEST_RATE}" for preparation in RAW)
        label = "each at its best rate"
        return Part(label, measure, parameters, raw, scaled, chosen_by="accuracy", **judged)

    def _global_for_images(self) -> Claim:
        return Claim(
            name="global_for_images",
            statement="For images, one mean and standard deviation for all pixels is better by a point than separate ones for each "
            "pixel.",
            parts=tuple(replace(part, threshold=-self.differs) for part in self._at_best_rate(BY_PIXEL)),
            threshold=f"supported when test accuracy is lower by more than {self.differs} with scaling by pixel than with the "
            "global z-score, each at its best rate",
            outcomes={
                "": "Better: {supported}. Not by that much: {refuted}. Scaling by pixel changes test accuracy by {low} to {high}."
            },
        )

    def _at_best_rate(self, pair: tuple[str, str]) -> tuple[Part, ...]:
        """One preparation against another, each at its best rate, for every network and its images."""
        return tuple(self._compared(VARIANTS[variant], variant, pair) for variant in self.variants)

    def _compared(self, label: str, variant: str, pair: tuple[str, str]) -> Part:
        """The accuracy of one preparation against that of another, each at its best rate."""
        sweeps = [f"{_prefix(variant)}{preparation}{AT_BEST_RATE}" for preparation in pair]
        held: dict[str, Any] = {
            "expects": "less",
            "threshold": -self.differs,
            "unit": "accuracy",
            "chosen_by": "accuracy",
        }
        return final(label, "accuracy", *sweeps, **held)

    def _by_rate(self, pair: tuple[str, str], measure: str, parameters: Mapping, **judged: Any) -> tuple[Part, ...]:
        """One preparation against another at every learning rate."""
        arms = ((rate, *(f"{preparation}-{rate}" for preparation in pair)) for rate in self.told)
        return tuple(
            Part(f"at {rate}", measure, parameters, treated, control, **judged) for rate, treated, control in arms
        )


def _prefix(variant: str) -> str:
    return f"{variant}-" if variant else ""
