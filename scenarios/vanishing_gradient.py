"""Does a learning rate make the gradient vanish?

A gradient vanishes during backpropagation when every layer multiplies its square by χ < 1: after n layers, χⁿ is left. The
learning rate plays no part in this, because it multiplies the gradient only after backpropagation. χ follows from the
activation and the initialisation: 1 for ReLU with He, near 1 for tanh with Glorot and SELU with LeCun, below 0.06 for a
sigmoid with Glorot. With a small learning rate training can look just as stuck, because the loss stays longer on its initial
plateau; the depth profile of the gradient tells the two cases apart.

References: Glorot and Bengio 2010; Schoenholz et al. 2017, arXiv 1611.01232; Yang et al. 2019, arXiv 1902.08129.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

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
LEARNING = {name: label for name, label in ACTIVATIONS.items() if name != "sigmoid"}
USUAL = {"relu": "he_normal", "sigmoid": "glorot_uniform", "tanh": "glorot_uniform", "selu": "lecun_normal"}


@dataclass(frozen=True, kw_only=True)
class VanishingGradient(Scenario):
    """A classifier with 20 hidden layers of 100 units, trained by SGD at two learning rates.

    Args:
        depth: hidden layers.
        width: units in each.
        rates: the two learning rates, the larger first.
        normalises: whether to add an arm with batch normalisation, which takes as long as three others.
        same_slope: depth slopes that differ by less than this count as equal, in decades per layer: a factor of 4 over 20.
        vanished: a gradient has vanished when it loses more than this many decades over the hidden layers; with three, the
            first layers learn a thousand times more slowly than the last.
        left: the loss has left its plateau when it is this share below chance; one half is well beyond the noise of batches.
        same_loss: a loss that is higher by less than this is no worse: a tenth of the chance level, ln 10, rounded up.
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
        "This is plain SGD on small images. Momentum, Adam or longer training might get a sigmoid network off its "
        "plateau; that was not tested. The limit of three decades for a vanished gradient is a convention."
    )
    less: ClassVar = {"normalises": False}

    def arms(self) -> tuple[Arm, ...]:
        """Each activation with its usual initialisation at both rates, and ReLU with batch normalisation."""
        plain = [self._arm(activation, rate) for activation in ACTIVATIONS for rate in self.rates]
        return (*plain, *([self._arm("relu", self.rates[0], batch_normalisation=True)] if self.normalises else []))

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense layers ``hidden_1`` … and ``logits``; batch normalisation comes before the activation."""
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
        """Gradients of outputs and weights, sizes of updates, and moments of activations, by layer."""
        return ActivationGradient(every=10), GradientNorm(every=10), UpdateRatio(every=10), ActivationMoments(every=10)

    def claims(self) -> tuple[Claim, ...]:
        """The claims into which the statement is split."""
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
                "Each panel is one arm. A line that falls towards the left means that the gradient shrinks on its way back; a level "
                "line means that it keeps its size. Dashed: theory before the first update. Compare the two panels of one "
                "activation: at the start the learning rate makes no difference.",
                gradient | {"theory": True},
            ),
            Figure(
                "heat_map",
                "The same at every step. A change of colour from bottom to top is a change over depth; from left to right it is a "
                "change over time.",
                gradient,
            ),
            Figure(
                "depth_profile",
                "How far one step moves the weights of each layer, relative to their size. Ten times the learning rate raises the "
                "whole line by one decade; a vanishing gradient lowers its left end.",
                {"column": "update_ratio", "layers": HIDDEN, "guide": [1e-3, "10⁻³, a rule of thumb"]},
            ),
            Figure(
                "curves",
                "Training loss, median and range over the seeds. The dotted line is chance; a loss that stays there is still on its "
                "initial plateau.",
                {"column": "loss", "split": "train", "guide": "chance"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "No. The learning rate does not affect how the gradient shrinks on its way back through the layers; the activation "
                "and the initialisation decide that before the first step.",
                {"profile_depends_on_rate": "refuted", "vanishes_at_the_small_rate": "mixed|refuted"},
            ),
            Answer(
                "The learning rate only decides how long the loss stays on its initial plateau.",
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

    def _small_against_large(
        self, activations: Mapping[str, str], measure: str, parameters: Mapping[str, Any], **judged: Any
    ) -> tuple[Part, ...]:
        """The effect of the small learning rate, for each activation."""
        high, low = self.rates
        return tuple(
            Part(label, measure, parameters, self._name(activation, low), self._name(activation, high), **judged)
            for activation, label in activations.items()
        )

    def _profile_depends_on_rate(self) -> Claim:
        high, low = self.rates
        slope = {"layers": HIDDEN, "step": 0}
        judged = {"expects": "equal", "margin": self.same_slope, "unit": "decades per layer"}
        return Claim(
            name="profile_depends_on_rate",
            statement="The learning rate changes how the gradient shrinks from layer to layer before the first update.",
            parts=self._small_against_large(ACTIVATIONS, "depth_slope", slope, **judged),
            negated=True,
            threshold=f"refuted when the slopes at {high} and {low} differ by less than {self.same_slope} decades per layer",
            outcomes={
                "refuted": f"At step 0 the depth slope is the same at {high} and at {low} ({{refuted}}: the largest "
                "difference over {seeds} seeds is {high} decades per layer). The learning rate scales the update after "
                "backpropagation is done; it cannot change how the gradient shrinks over the layers.",
                "": "Different at the two rates: {supported}. Equal: {refuted}. Open: {open}.",
            },
        )

    def _plateau_is_longer(self) -> Claim:
        high, low = self.rates
        steps = {"level": "chance", "drop": self.left, "restricted": True}
        judged = {"scale": "log10_ratio", "unit": "decades of steps"}
        return Claim(
            name="plateau_is_longer",
            statement=f"At {low} the loss stays longer on its initial plateau than at {high}.",
            parts=self._small_against_large(LEARNING, "plateau_steps", steps, **judged),
            threshold=f"the plateau ends when the loss has fallen by {100 * self.left:g} % of the chance level, ln 10; supported when "
            "it lasts more steps for every activation except sigmoid, which stays on its plateau at both rates",
            outcomes={
                "supported": "The plateau lasts longer at the small rate for {supported}: by {low} to {high} decades of steps (a "
                "run that never leaves it counts with its last step, so this is a lower bound).",
                "": "Longer: {supported}. Shorter: {refuted}. Open: {open}.",
            },
        )

    def _arrives_at_the_large_rate(self) -> Claim:
        high = self.rates[0]
        return Claim(
            name="arrives_at_the_large_rate",
            statement=f"At a learning rate of {high} no gradient vanishes.",
            parts=self._attenuations(high, "less"),
            threshold=self._vanishing,
            outcomes={
                "mixed": "The gradient survives with {supported} and vanishes with {refuted} ({low} to {high} decades lost): a larger "
                "learning rate does not prevent that.",
                "": "Survives: {supported}. Vanishes: {refuted}. Open: {open}.",
            },
        )

    def _vanishes_at_the_small_rate(self) -> Claim:
        low = self.rates[1]
        return Claim(
            name="vanishes_at_the_small_rate",
            statement=f"Training at {low} looks stuck because the gradient vanishes.",
            parts=self._attenuations(low, "greater"),
            threshold=self._vanishing,
            outcomes={
                "mixed": "The gradient vanishes with {supported} and survives with {refuted} ({low} to {high} decades lost). Where it "
                "survives, training only looks stuck: it is slow.",
                "refuted": "The gradient survives with {refuted} ({low} to {high} decades lost).",
                "": "Vanishes: {supported}. Survives: {refuted}. Open: {open}.",
            },
        )

    @property
    def _vanishing(self) -> str:
        return (
            f"a gradient has vanished when it loses more than {self.vanished:g} decades over the {self.depth} hidden layers, "
            "measured over the whole of training"
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
        loss = {"progress": "common", "window": 9}
        judged = {"expects": "less", "threshold": self.same_loss, "unit": "nats"}
        return Claim(
            name="is_only_slow",
            statement=f"Where the gradient survives, training at {low} is only slower: at equal learning rate × steps its loss is "
            f"no higher than at {high}.",
            parts=self._small_against_large(LEARNING, "loss_at_progress", loss, **judged),
            threshold=f"supported when the loss after all steps at {low} is less than {self.same_loss} nats above the loss after "
            f"{100 * low / high:g} % of the steps at {high}",
            outcomes={
                "supported": "At equal learning rate × steps the small rate is not behind for {supported}: its loss minus that at the "
                "large rate is {low} to {high} nats.",
                "": "Not behind at equal learning rate × steps: {supported}. Behind: {refuted}. Open: {open} "
                "(differences from {low} to {high} nats).",
            },
        )
