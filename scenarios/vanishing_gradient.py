"""Does a learning rate make the gradient vanish?

A gradient vanishes on its way back when every layer multiplies its square by χ < 1: after n layers χⁿ is left, whatever the
learning rate, which multiplies the gradient only once it has arrived. χ follows from activation and initialisation: 1 for
ReLU with He, near 1 for tanh with Glorot and SELU with LeCun, below 0.06 for a sigmoid with Glorot. A small learning rate
also looks like nothing happening, because the loss stays longer on the plateau where it starts; the depth profile of the
gradient tells the two apart.

References: Glorot and Bengio 2010; Schoenholz et al. 2017, arXiv 1611.01232; Yang et al. 2019, arXiv 1902.08129.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import keras

from probes.activation_gradient import ActivationGradient
from probes.activation_moments import ActivationMoments
from probes.gradient_norm import GradientNorm
from probes.probe import Probe
from probes.update_ratio import UpdateRatio
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario

HIDDEN = "hidden_*"
ACTIVATIONS = {"relu": "ReLU", "sigmoid": "sigmoid", "tanh": "tanh", "selu": "SELU"}
USUAL = {"relu": "he_normal", "sigmoid": "glorot_uniform", "tanh": "glorot_uniform", "selu": "lecun_normal"}


@dataclass(frozen=True, kw_only=True)
class VanishingGradient(Scenario):
    """A classifier with 20 hidden layers of 100 units, trained by SGD at two learning rates.

    Args:
        depth: hidden layers.
        width: units in each.
        rates: the two learning rates, the larger first.
        normalises: whether there is an arm with batch normalisation, which takes as long as three others.
        same_slope: depth slopes closer than this do not differ, in decades per layer: a factor of 4 over 20 layers.
        vanished: a gradient has vanished when it loses more than this over the hidden layers, in decades: three are
            what early layers need to move a thousand times slower than late ones.
        left: the plateau is left when the loss is below chance by this share; a half is beyond all noise of the batch.
        same_loss: a loss that is higher by less than this is no worse: a tenth of chance, ln 10, rounded up.
    """

    epochs: int = 5
    depth: int = 20
    width: int = 100
    rates: tuple[float, float] = (0.01, 0.001)
    normalises: bool = True
    same_slope: float = 0.03
    vanished: float = 3.0
    left: float = 0.5
    same_loss: float = 0.25

    question: ClassVar = "Does a small learning rate make the gradient vanish?"
    objection: ClassVar = (
        "Plain SGD on small images: whether momentum, Adam or a longer training carries a sigmoid network off its "
        "plateau is not asked. Vanished means more than three decades lost, a convention."
    )
    less: ClassVar = {"normalises": False}

    def arms(self) -> tuple[Arm, ...]:
        """Each activation with its usual initialisation at both rates; ReLU also with batch normalisation."""
        plain = [self._arm(activation, rate) for activation in ACTIVATIONS for rate in self.rates]
        return (*plain, *([self._arm("relu", self.rates[0], batch_normalisation=True)] if self.normalises else []))

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense layers ``hidden_1`` … and ``logits``; batch normalisation stands before the activation."""
        activation, initializer = arm.settings["activation"], arm.settings["initializer"]
        normalised = arm.settings["batch_normalisation"]
        layers: list = [keras.Input(data.x_train.shape[1:], name="inputs")]
        for number in range(1, self.depth + 1):
            name = f"hidden_{number}"
            fused = None if normalised else activation
            layers.append(keras.layers.Dense(self.width, activation=fused, kernel_initializer=initializer, name=name))
            if normalised:
                layers.append(keras.layers.BatchNormalization(name=f"normalised_{number}"))
                layers.append(keras.layers.Activation(activation, name=f"activated_{number}"))
        return keras.Sequential([*layers, keras.layers.Dense(data.classes, name="logits")], name="classifier")

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        return keras.optimizers.SGD(arm.settings["learning_rate"])

    def probes(self) -> tuple[Probe, ...]:
        """Gradient at every layer's output and weights, updates, moments."""
        return ActivationGradient(every=10), GradientNorm(every=10), UpdateRatio(every=10), ActivationMoments(every=10)

    def claims(self) -> tuple[Claim, ...]:
        """The statement in its parts."""
        return (
            self._profile_depends_on_rate(),
            self._plateau_is_longer(),
            self._arrives_at_the_large_rate(),
            self._vanishes_at_the_small_rate(),
            self._is_only_slow(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Depth profile, heat map, update ratio, loss."""
        gradient = {"column": "activation_gradient_rms", "layers": HIDDEN}
        return (
            Figure(
                "depth_profile",
                "Each panel is one arm. A line that falls towards the left is gradient lost on its way back; a level line is "
                "gradient that arrives whole. Dashed: what theory expects before the first update. Compare the two panels of "
                "one activation: the start does not know the learning rate.",
                gradient | {"theory": True},
            ),
            Figure(
                "heat_map",
                "The same at every step: colour that changes upwards is loss over depth, sideways it is change over time.",
                gradient,
            ),
            Figure(
                "depth_profile",
                "How far one step moves each layer's weights, relative to their size. Ten times the learning rate lifts the "
                "whole line by one decade; a vanishing gradient bends it down on the left.",
                {"column": "update_ratio", "layers": HIDDEN, "guide": [1e-3, "10⁻³, a rule of thumb"]},
            ),
            Figure(
                "curves",
                "Training loss, median and range over the seeds. The dotted line is chance; a loss that stays on it is on "
                "its plateau.",
                {"column": "loss", "split": "train", "guide": "chance"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """What the verdicts answer."""
        return (
            Answer(
                "No. The learning rate does not reach the gradient's way through the layers; whether the gradient vanishes is settled "
                "by the activation and the initialisation, before the first step.",
                {"profile_depends_on_rate": "refuted", "vanishes_at_the_small_rate": "mixed|refuted"},
            ),
            Answer(
                "The learning rate only decides how long learning stays on its plateau.",
                {"plateau_is_longer": "supported", "is_only_slow": "supported"},
            ),
        )

    def _arm(self, activation: str, rate: float, *, batch_normalisation: bool = False) -> Arm:
        initializer = USUAL[activation]
        label = f"{ACTIVATIONS[activation]}{' + batch norm' if batch_normalisation else ''}"
        settings = {
            "activation": activation,
            "initializer": initializer,
            "learning_rate": rate,
            "batch_normalisation": batch_normalisation,
        }
        stack = {"depth": self.depth, "width": self.width, "layers": HIDDEN}
        return Arm(
            name=f"{activation}{'-bn' if batch_normalisation else ''}-{rate}",
            label=f"{label}, {rate}",
            settings=settings,
            theory={name: settings[name] for name in ("activation", "initializer", "batch_normalisation")} | stack,
        )

    def _name(self, activation: str, rate: float) -> str:
        return self._arm(activation, rate).name

    def _profile_depends_on_rate(self) -> Claim:
        high, low = self.rates
        return Claim(
            name="profile_depends_on_rate",
            statement="The learning rate changes how the gradient fades over the layers before the first update.",
            parts=tuple(
                Part(
                    label=label,
                    measure="depth_slope",
                    parameters={"layers": HIDDEN, "step": 0},
                    treated=self._name(activation, low),
                    control=self._name(activation, high),
                    expects="equal",
                    margin=self.same_slope,
                    unit="decades per layer",
                )
                for activation, label in ACTIVATIONS.items()
            ),
            negated=True,
            threshold=f"refuted when the slopes at {high} and {low} differ by less than {self.same_slope} decades per layer",
            outcomes={
                "refuted": f"At step 0 the depth slope is the same at {high} and at {low} ({{refuted}}: the largest "
                "difference over {seeds} seeds is {high} decades per layer). The learning rate acts on weights after the gradient has "
                "arrived; it cannot shape the gradient's way.",
                "": "Different at the two rates: {supported}. Equal: {refuted}. Not settled: {inconclusive}.",
            },
        )

    def _plateau_is_longer(self) -> Claim:
        high, low = self.rates
        return Claim(
            name="plateau_is_longer",
            statement=f"At {low} the loss stays longer on its initial plateau than at {high}.",
            parts=tuple(
                Part(
                    label=label,
                    measure="plateau_steps",
                    parameters={"level": "chance", "drop": self.left, "restricted": True},
                    treated=self._name(activation, low),
                    control=self._name(activation, high),
                    scale="log10_ratio",
                    expects="greater",
                    unit="decades of steps",
                )
                for activation, label in ACTIVATIONS.items()
                if activation != "sigmoid"
            ),
            threshold=f"the plateau is left when the loss has fallen by {self.left:.0%} of chance, ln 10; supported when the number "
            "of steps is larger at every activation but sigmoid, which leaves its plateau at neither rate",
            outcomes={
                "supported": "The plateau is longer at the small rate: {supported}, by {low} to {high} decades of steps (runs "
                "that never left it count with their last step, so this is a lower bound).",
                "": "Longer: {supported}. Shorter: {refuted}. Not settled: {inconclusive}.",
            },
        )

    def _arrives_at_the_large_rate(self) -> Claim:
        high = self.rates[0]
        return Claim(
            name="arrives_at_the_large_rate",
            statement=f"At {high} no gradient vanishes.",
            parts=self._attenuations(high, "less"),
            threshold=self._vanishing,
            outcomes={
                "mixed": "It arrives for {supported} and vanishes for {refuted} ({low} to {high} decades lost): a larger rate does "
                "not bring it back.",
                "": "Arrived: {supported}. Vanished: {refuted}. Not settled: {inconclusive}.",
            },
        )

    def _vanishes_at_the_small_rate(self) -> Claim:
        low = self.rates[1]
        return Claim(
            name="vanishes_at_the_small_rate",
            statement=f"What is seen at {low} is a vanishing gradient.",
            parts=self._attenuations(low, "greater"),
            threshold=self._vanishing,
            outcomes={
                "mixed": "It vanishes for {supported} and arrives for {refuted}, where what looks like a vanishing gradient is slow "
                "progress ({low} to {high} decades lost).",
                "refuted": "The gradient arrives for {refuted} ({low} to {high} decades lost).",
                "": "Vanished: {supported}. Arrived: {refuted}. Not settled: {inconclusive}.",
            },
        )

    @property
    def _vanishing(self) -> str:
        return (
            f"a gradient has vanished when it loses more than {self.vanished:g} decades over the {self.depth} hidden layers, over "
            "the whole training"
        )

    def _attenuations(self, rate: float, expects: Literal["greater", "less"]) -> tuple[Part, ...]:
        return tuple(
            Part(
                label=label,
                measure="attenuation",
                parameters={"layers": HIDDEN, "step": 0, "until": -1},
                treated=self._name(activation, rate),
                expects=expects,
                threshold=self.vanished,
                unit="decades",
            )
            for activation, label in ACTIVATIONS.items()
        )

    def _is_only_slow(self) -> Claim:
        high, low = self.rates
        return Claim(
            name="is_only_slow",
            statement=f"Where the gradient arrives, training at {low} is only slower: at equal learning rate × steps its loss is "
            f"no higher than at {high}.",
            parts=tuple(
                Part(
                    label=label,
                    measure="loss_at_progress",
                    parameters={"progress": "common", "window": 9},
                    treated=self._name(activation, low),
                    control=self._name(activation, high),
                    expects="less",
                    threshold=self.same_loss,
                    unit="nats",
                )
                for activation, label in ACTIVATIONS.items()
                if activation != "sigmoid"
            ),
            threshold=f"supported when the loss after all steps at {low} is less than {self.same_loss} nats above the loss after "
            f"{low / high:.0%} of the steps at {high}",
            outcomes={
                "supported": "At equal learning rate × steps the small rate is not behind for {supported}: its loss is {low} to "
                "{high} nats relative to the large rate's.",
                "": "Not behind at equal learning rate × steps: {supported}. Behind: {refuted}. Not settled: {inconclusive} "
                "(differences from {low} to {high} nats).",
            },
        )
