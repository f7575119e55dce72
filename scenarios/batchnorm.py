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
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import keras
import numpy as np

from probes.activation_gradient import ActivationGradient
from probes.activation_moments import ActivationMoments
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.batchnorm_answers import ANSWERS
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
        between: further rates of the deep networks: without normalisation their best one lies between the others.
        momentum: of the moving statistics; with 0.9 they have caught up with the weights after a few dozen steps.
        flat: a deviation is kept when it changes by fewer decades than this over the whole depth: a factor of 2.
        same_accuracy: accuracies that differ by less than this are similar: two points, seven of 360 test images.
    """

    epochs: int = 3
    depths: tuple[int, int] = (5, 20)
    width: int = 100
    rates: tuple[float, ...] = (0.01, 0.1, 0.5)
    between: tuple[float, ...] = (0.03,)
    momentum: float = 0.9
    flat: float = 0.3
    same_accuracy: float = 0.02

    question: ClassVar = "What does batch normalisation do, where does it belong, and what are its parameters?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: placement, initialisation, depth and "
        "learning rate. Not varied: dense layers of 100 units, ReLU, batches of 32, three epochs of digits. The depth profiles at "
        "the start follow from theory; which network learns faster holds for short training."
    )
    objection: ClassVar = (
        "All layers are dense and all batches have 32 examples. Each network chose among three or four rates, a factor of 3 to 10 "
        "apart, so a finer sweep may narrow the differences; three epochs say who learns faster, not who ends better. The theory "
        "of the gradient assumes infinite batches: for random networks in batches of 32 the slope is −0.092 decades per layer and "
        "not −0.083."
    )
    less: ClassVar = {"depths": (3, 10), "rates": (0.1,)}

    def arms(self) -> tuple[Arm, ...]:
        """Three placements, one of them none, with two initialisations at two depths, at every rate."""
        kinds = ((place, init, depth) for depth in self.depths for init in INITS for place in PLACES)
        return tuple(self._arm(*kind, rate) for kind in kinds for rate in self._rates(kind[2]))

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
            self._without_it(),
            *(self._eases_gradients(init) for init in INITS),
            *(self._learns_faster(init, depth) for depth in self.depths for init in INITS),
            self._before_is_better(),
            self._can_be_exchanged(),
            *parameter_claims(self.width, self._step_0("before-glorot", self.depths[0])),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Deviation and gradient by depth, loss; at the smallest rate."""
        small = [arm.label for arm in self.arms() if arm.settings["learning_rate"] == self.rates[0]]
        return (
            Figure(
                "depth_profile",
                f"Standard deviation of the activations after ReLU, at a learning rate of {self.rates[0]:g}. A level line means "
                "that the signal keeps its size: so it does with batch normalisation and, at the start, with He alone; with "
                "Glorot alone it falls.",
                {"column": "activation_std", "layers": ACTIVATED, "options": {"arms": small}},
            ),
            Figure(
                "depth_profile",
                f"Gradient at the output of each ReLU, at a learning rate of {self.rates[0]:g}. A line that rises towards the left "
                "means that the gradient grows on its way back, as with batch normalisation; with Glorot alone it shrinks. "
                "Dashed: theory before the first update.",
                {"column": "activation_gradient_rms", "layers": ACTIVATED, "theory": True, "options": {"arms": small}},
            ),
            loss_curve(
                "Each network is judged at the rate that does best on the validation part. A line that ends early belongs to a "
                "loss that became infinite."
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    def _rates(self, depth: int) -> tuple[float, ...]:
        return tuple(sorted({*self.rates, *self.between})) if depth == self.depths[1] else self.rates

    def _arm(self, place: str, init: str, depth: int, rate: float) -> Arm:
        label, initializer = INITS[init]
        theory = {"activation": "relu", "initializer": initializer, "batch_normalisation": place == "before"}
        stack = {"depth": depth, "width": self.width, "layers": ACTIVATED}
        return Arm(
            name=swept(f"{place}-{init}-{depth}", rate),
            label=f"{PLACES[place]}, {label}, {depth} layers, rate {rate:g}",
            settings={"place": place, "init": init, "depth": depth, "learning_rate": rate},
            theory=theory | stack if place != "after" and rate == self.rates[0] else {},
        )

    def _step_0(self, kind: str, depth: int) -> str:
        """The arm at the smallest rate, for what is measured before the first update or must not depend on a large rate."""
        return swept(f"{kind}-{depth}", self.rates[0])

    def _keeps_activations(self) -> Claim:
        return Claim(
            name="keeps_activations",
            statement=f"With batch normalisation the size of activations changes by less than a factor of 2 over {self.depths[1]} "
            "layers, also while the network learns.",
            parts=tuple(self._size(place, init) for place in ("before", "after") for init in INITS),
            threshold=f"supported when the standard deviation after ReLU changes by less than {self.flat:g} decades, a factor of "
            f"2, at a learning rate of {self.rates[0]:g}; a decade is a factor of 10",
            outcomes={"": "Kept: {supported}. Not kept: {refuted}. Change over the depth: {low} to {high} decades."},
        )

    def _without_it(self) -> Claim:
        return Claim(
            name="without_it",
            statement="Without batch normalisation He keeps that size, too, and Glorot does not.",
            parts=(
                self._size("none", "he"),
                replace(self._size("none", "glorot"), expects="less", threshold=-self.flat, margin=None),
            ),
            threshold=f"supported when it changes by less than {self.flat:g} decades with He and falls by more with Glorot",
            outcomes={
                "": "As stated: {supported}. Not as stated: {refuted}. Change over the depth: {low} to {high} decades."
            },
        )

    def _size(self, place: str, init: str) -> Part:
        return Part(
            label=f"{PLACES[place]} with {INITS[init][0]}",
            measure="attenuation",
            parameters={"column": "activation_std", "layers": ACTIVATED, "step": 0, "until": -1},
            treated=self._step_0(f"{place}-{init}", self.depths[1]),
            expects="equal",
            margin=self.flat,
            unit="decades from first to last layer",
        )

    def _eases_gradients(self, init: str) -> Claim:
        deep, slope = self.depths[1], {"glorot": "0.151 (shrinks)", "he": "0"}[init]
        arms = self._step_0(f"before-{init}", deep), self._step_0(f"none-{init}", deep)
        held: dict[str, Any] = {"expects": "less", "unit": "decades per layer"}
        return Claim(
            name=f"eases_gradients_{init}",
            statement=f"With {INITS[init][0]}, batch normalisation before ReLU makes gradients more even across layers.",
            parts=(Part(f"{deep} layers", "uneven_depth", {"layers": ACTIVATED, "step": 0}, *arms, **held),),
            threshold="supported when the depth slope of the gradient before the first update is closer to 0 than without batch "
            "normalisation and with the same weights",
            outcomes={
                "": "The absolute depth slope changes by {low} decades per layer (negative: more even). Theory for the slope: "
                f"{slope} without batch normalisation and −0.083 (grows on the way back) with it in infinite batches, −0.092 in "
                "batches of 32."
            },
        )

    def _learns_faster(self, init: str, depth: int) -> Claim:
        name = "shallow" if depth == self.depths[0] else "deep"
        held: dict[str, Any] = {"expects": "less", "threshold": 0.0, "unit": "nats"}
        return Claim(
            name=f"learns_faster_{name}_{init}",
            statement=f"Batch normalisation makes a network of {depth} layers with {INITS[init][0]} learn faster in three epochs, "
            "before and after ReLU.",
            parts=tuple(
                Part(
                    PLACES[place],
                    "final_scalar",
                    {"window": 15},
                    sweep(f"{place}-{init}-{depth}"),
                    sweep(f"none-{init}-{depth}"),
                    **held,
                )
                for place in ("before", "after")
            ),
            threshold=f"supported when the training loss after {self.epochs} epochs is lower than without it, each at the rate "
            "that does best on the validation part; the sign decides, the size is in the effects",
            outcomes={"": "Faster: {supported}. Slower: {refuted}. Loss with it minus without: {low} to {high} nats."},
        )

    def _before_is_better(self) -> Claim:
        return Claim(
            name="before_is_better",
            statement=f"In a network of {self.depths[1]} layers batch normalisation before ReLU is more accurate than after it "
            "after three epochs, with Glorot and with He.",
            parts=tuple(self._after(init, self.depths[1], expects="less") for init in INITS),
            threshold="supported when test accuracy is higher, each at the rate that does best on the validation part; the sign "
            "decides",
            outcomes={
                "": "Better: {supported}. Worse: {refuted}. After minus before: {low} to {high} of the test images."
            },
        )

    def _can_be_exchanged(self) -> Claim:
        same: dict[str, Any] = {"expects": "equal", "margin": self.same_accuracy}
        return Claim(
            name="can_be_exchanged",
            statement=f"In a network of {self.depths[0]} layers batch normalisation may stand before or after ReLU: test accuracy "
            f"after three epochs differs by less than {100 * self.same_accuracy:g} points.",
            parts=tuple(self._after(init, self.depths[0], **same) for init in INITS),
            threshold=f"supported when test accuracy differs by less than {self.same_accuracy:g}, seven of 360 test images, each "
            "at the rate that does best on the validation part",
            outcomes={
                "": "Same: {supported}. Different: {refuted}. After minus before: {low} to {high} of the test images."
            },
        )

    def _after(self, init: str, depth: int, **judged: Any) -> Part:
        arms = sweep(f"after-{init}-{depth}"), sweep(f"before-{init}-{depth}")
        return final(INITS[init][0], ACCURACY["column"], *arms, **judged, unit="share of test images")
