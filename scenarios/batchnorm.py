"""What does batch normalisation do for a deep network, and what are its 400 parameters?

Batch normalisation subtracts each channel's mean over the batch and divides by its standard deviation, then scales by γ and
shifts by β. Placed before the activation, it gives every pre-activation mean 0 and deviation 1, whatever the layers before it
did. The price is that the same division acts on the gradient: with ReLU, its square grows by π/(π − 1) per layer during
backpropagation. Whether this is more even than without it therefore depends on the initialisation: with Glorot the squared
gradient of a ReLU network halves at every layer, with He it stays. π/(π − 1) is a limit for infinite batches: 20 layers with
random Gaussian weights and inputs give −0.092 decades per layer in batches of 32, −0.084 in batches of 128 and −0.080 in
batches of 1,024; the limit is −0.083. Of the 4 C parameters only γ and β are trained; inference uses the moving mean and
variance in place of the statistics of the batch.

References: Ioffe and Szegedy 2015, arXiv 1502.03167; Yang et al. 2019, arXiv 1902.08129 (gradients grow backwards); Santurkar
et al. 2018, arXiv 1805.11604 (it smooths the loss and does not stabilise the distribution of inputs).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np

from probes.activation_gradient import ActivationGradient
from probes.activation_moments import ActivationMoments
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.layers import classifier, dense
from scenarios.shared.normalisation import parameter_claims
from scenarios.shared.parts import ACCURACY, final, loss_curve, sweep, swept

ACTIVATED = "activated_*"
PLACES = {"none": "no BN", "before": "BN before ReLU", "after": "BN after ReLU"}
INITS = {"glorot": ("Glorot", "glorot_uniform"), "he": ("He", "he_normal")}


@dataclass(frozen=True, kw_only=True)
class Batchnorm(Scenario):
    """ReLU classifiers at two depths: without batch normalisation, with it before, and with it after the activation.

    Args:
        depths: hidden layers of the shallow and of the deep network.
        width: units in each layer; batch normalisation has 4 parameters per unit.
        rates: learning rates of plain SGD; each network is judged at the one that does best on the validation part.
        momentum: of the moving statistics; with 0.9 they have caught up with the weights after a few dozen steps.
        flat: a deviation is kept when it changes by fewer decades than this over the whole depth: a factor of 2.
        better: a loss that is lower by fewer nats than this is no better.
        same_accuracy: accuracies that differ by less than this count as equal: seven of 360 test images.
    """

    epochs: int = 3
    depths: tuple[int, int] = (5, 20)
    width: int = 100
    rates: tuple[float, ...] = (0.01, 0.1, 0.5)
    momentum: float = 0.9
    flat: float = 0.3
    better: float = 0.1
    same_accuracy: float = 0.02

    question: ClassVar = "What does batch normalisation do, where does it belong, and what are its parameters?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: placement, initialisation, depth and "
        "learning rate. Not varied: dense layers of 100 units, ReLU, batches of 32, three epochs of digits. The depth profiles "
        "hold for any data; which network learns faster holds for short training."
    )
    objection: ClassVar = (
        "All layers are dense and all batches have 32 examples. Each network chose among three rates, so a finer sweep may "
        "narrow the differences. The theory of the gradient assumes infinite batches: for random networks in batches of 32 the "
        "slope is −0.092 decades per layer and not −0.083."
    )
    less: ClassVar = {"depths": (3, 10), "rates": (0.1,)}

    def arms(self) -> tuple[Arm, ...]:
        """Three placements, one of them none, with two initialisations at two depths, at every rate."""
        kinds = ((place, init, depth) for depth in self.depths for init in INITS for place in PLACES)
        return tuple(self._arm(*kind, rate) for kind in kinds for rate in self.rates)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Layers ``hidden_n``, ``activated_n`` and, if the arm normalises, ``normalised_n``."""
        place, initializer = arm.settings["place"], INITS[arm.settings["init"]][1]
        layers: list[keras.layers.Layer] = []
        for number in range(1, arm.settings["depth"] + 1):
            hidden = dense(data, f"hidden_{number}", self.width, None, initializer)
            parts = [hidden, keras.layers.Activation("relu", name=f"activated_{number}")]
            if place != "none":
                normal = keras.layers.BatchNormalization(momentum=self.momentum, name=f"normalised_{number}")
                parts.insert(1 if place == "before" else 2, normal)
            layers.extend(parts)
        return classifier(data, *layers)

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        return keras.optimizers.SGD(arm.settings["learning_rate"])

    def probes(self) -> tuple[Probe, ...]:
        """Moments and gradients of the outputs, by layer."""
        return (ActivationMoments(every=30, layers=ACTIVATED), ActivationGradient(every=30, layers=ACTIVATED))

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Number of parameters of one normalisation layer: all, trained, and moving statistics."""
        del data
        if arm.settings["place"] == "none":
            return {}
        layer = model.get_layer("normalised_1")
        return {
            "parameters": float(layer.count_params()),
            "trained": float(sum(np.size(variable) for variable in layer.trainable_variables)),
            "moving": float(sum(np.size(variable) for variable in layer.non_trainable_variables)),
        }

    def claims(self) -> tuple[Claim, ...]:
        """Activations by depth, gradients by depth, loss, placement, and number of parameters."""
        return (
            self._keeps_activations(),
            self._eases_gradients(),
            self._learns_faster(),
            self._can_be_exchanged(),
            *parameter_claims(self.width, self._step_0("before-glorot", self.depths[0])),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Deviation and gradient by depth, loss; at the smallest rate."""
        small = [arm.label for arm in self.arms() if arm.settings["learning_rate"] == self.rates[0]]
        return (
            Figure(
                "depth_profile",
                "Standard deviation of the activations after ReLU. A level line means that the signal keeps its size over the depth.",
                {"column": "activation_std", "layers": ACTIVATED, "options": {"arms": small}},
            ),
            Figure(
                "depth_profile",
                "Gradient at the output of each ReLU. A line that rises towards the left means that the gradient grows on its way "
                "back. Dashed: theory before the first update.",
                {"column": "activation_gradient_rms", "layers": ACTIVATED, "theory": True, "options": {"arms": small}},
            ),
            loss_curve("Compare the lowest line of each network over its rates."),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "It keeps activations the same size in every layer, whether it is placed before or after ReLU.",
                {"keeps_activations": "supported"},
            ),
            Answer(
                "It makes gradients more even where the initialisation lets them shrink (Glorot with ReLU), and less even where the "
                "initialisation already keeps their size (He).",
                {"eases_gradients": "mixed"},
            ),
            Answer("It makes gradients more even across layers.", {"eases_gradients": "supported"}),
            Answer("It does not make gradients more even across layers.", {"eases_gradients": "refuted"}),
            Answer(
                "Each at its own best rate, networks learn faster with it at both depths and with both initialisations.",
                {"learns_faster": "supported"},
            ),
            Answer(
                "Each at its own best rate, it speeds up some networks and not others; the table says which.",
                {"learns_faster": "mixed|refuted"},
            ),
            Answer(
                f"Before or after the activation makes no difference of {100 * self.same_accuracy:g} points in test accuracy.",
                {"can_be_exchanged": "supported"},
            ),
            Answer("Before and after the activation are not interchangeable.", {"can_be_exchanged": "mixed|refuted"}),
            Answer(
                "For 100 units it does have 400 parameters, but half of them are not trained and add no expressive power.",
                {"four_for_each_unit": "supported", "second_pair_is_trained": "refuted"},
            ),
        )

    def _arm(self, place: str, init: str, depth: int, rate: float) -> Arm:
        label, initializer = INITS[init]
        theory = {"activation": "relu", "initializer": initializer, "batch_normalisation": place == "before"}
        stack = {"depth": depth, "width": self.width, "layers": ACTIVATED}
        return Arm(
            name=swept(f"{place}-{init}-{depth}", rate),
            label=f"{PLACES[place]}, {label}, {depth} layers, {rate:g}",
            settings={"place": place, "init": init, "depth": depth, "learning_rate": rate},
            theory=theory | stack if place != "after" and rate == self.rates[0] else {},
        )

    def _step_0(self, kind: str, depth: int) -> str:
        """The arm at the smallest rate, for what is measured before the first update or must not depend on a large rate."""
        return swept(f"{kind}-{depth}", self.rates[0])

    def _keeps_activations(self) -> Claim:
        deep = self.depths[1]
        return Claim(
            name="keeps_activations",
            statement="Batch normalisation keeps the activations of all layers the same size, even while the network learns.",
            parts=tuple(
                Part(
                    label=f"{PLACES[place]}, {INITS[init][0]}",
                    measure="attenuation",
                    parameters={"column": "activation_std", "layers": ACTIVATED, "step": 0, "until": -1},
                    treated=self._step_0(f"{place}-{init}", deep),
                    expects="equal",
                    margin=self.flat,
                    unit="decades from first to last layer",
                )
                for place in ("before", "after")
                for init in INITS
            ),
            threshold=f"supported when the standard deviation after ReLU changes by less than {self.flat:g} decades, a factor of 2, "
            f"over {deep} layers, at a learning rate of {self.rates[0]:g}",
            outcomes={"": "Same size: {supported}. Not: {refuted}. Change: {low} to {high} decades."},
        )

    def _eases_gradients(self) -> Claim:
        deep = self.depths[1]
        return Claim(
            name="eases_gradients",
            statement="Placed before the activation, batch normalisation makes gradients more even across layers.",
            parts=tuple(
                Part(
                    label=f"{label}, {deep} layers",
                    measure="uneven_depth",
                    parameters={"layers": ACTIVATED, "step": 0},
                    treated=self._step_0(f"before-{init}", deep),
                    control=self._step_0(f"none-{init}", deep),
                    expects="less",
                    unit="decades per layer",
                )
                for init, (label, _) in INITS.items()
            ),
            threshold="supported when the depth slope of the gradient before the first update is closer to 0 than without batch "
            "normalisation and with the same weights",
            outcomes={
                "": "More even: {supported}. Less even: {refuted}. The size of the depth slope changes by {low} to {high} decades "
                "per layer. Theory: 0.151 without it and Glorot, 0 with He, −0.083 with it."
            },
        )

    def _learns_faster(self) -> Claim:
        kinds = [(place, init, depth) for depth in self.depths for init in INITS for place in ("before", "after")]
        return Claim(
            name="learns_faster",
            statement="A network learns faster with batch normalisation, placed before or after the activation.",
            parts=tuple(
                Part(
                    f"{PLACES[place]}, {INITS[init][0]}, {depth} layers",
                    "final_scalar",
                    {"window": 15},
                    sweep(f"{place}-{init}-{depth}"),
                    sweep(f"none-{init}-{depth}"),
                    expects="less",
                    threshold=-self.better,
                    unit="nats",
                )
                for place, init, depth in kinds
            ),
            threshold=f"supported when the training loss after {self.epochs} epochs is more than {self.better:g} nats lower than "
            "without it, each at the rate that does best on the validation part",
            outcomes={"": "Faster: {supported}. Not faster: {refuted}. Loss changes by {low} to {high} nats."},
        )

    def _can_be_exchanged(self) -> Claim:
        return Claim(
            name="can_be_exchanged",
            statement="Batch normalisation may stand before or after the activation: test accuracy is the same.",
            parts=tuple(
                final(
                    f"{INITS[init][0]}, {depth} layers",
                    ACCURACY["column"],
                    sweep(f"after-{init}-{depth}"),
                    sweep(f"before-{init}-{depth}"),
                    expects="equal",
                    margin=self.same_accuracy,
                    unit="share of test images",
                )
                for depth in self.depths
                for init in INITS
            ),
            threshold=f"supported within {self.same_accuracy:g}, each at the rate that does best on the validation part",
            outcomes={"": "Same: {supported}. Different: {refuted}. After minus before: {low} to {high}."},
        )
