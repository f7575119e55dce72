"""What does batch normalisation do for a deep network, and what are its 400 parameters?

Batch normalisation subtracts each channel's mean over the batch and divides by its standard deviation, then scales by γ and
shifts by β. Placed before the activation, it gives every pre-activation mean 0 and deviation 1, whatever the layers before it
did. The price is that the same division acts on the gradient: with ReLU, its square grows by π/(π − 1) per layer during
backpropagation. Of the 4 C parameters only γ and β are trained; inference uses the moving mean and variance in place of the
statistics of the batch.

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

ACTIVATED = "activated_*"
PLACES = {"none": "no BN", "before": "BN before ReLU", "after": "BN after ReLU"}


@dataclass(frozen=True, kw_only=True)
class Batchnorm(Scenario):
    """ReLU classifiers at two depths: without batch normalisation, with it before, and with it after the activation.

    Args:
        depths: hidden layers of the shallow and of the deep network.
        width: units in each layer; batch normalisation has 4 parameters per unit.
        rate: the learning rate; plain SGD.
        flat: a deviation is kept when it changes by fewer decades than this over the whole depth: a factor of 2.
        better: a loss that is lower by fewer nats than this is no better.
    """

    epochs: int = 3
    depths: tuple[int, int] = (5, 20)
    width: int = 100
    rate: float = 0.01
    flat: float = 0.3
    better: float = 0.1

    question: ClassVar = "What does batch normalisation do, where does it belong, and what are its parameters?"
    objection: ClassVar = (
        "Speed is judged at one learning rate, which suits the plain network; whether batch normalisation allows "
        "larger rates was not tested. All layers are dense and all batches have 32 examples. The theory of its "
        "gradient assumes infinite batches."
    )
    less: ClassVar = {"depths": (5, 10)}

    def arms(self) -> tuple[Arm, ...]:
        """Three placements, one of them none, at two depths."""
        return tuple(self._arm(place, depth) for depth in self.depths for place in PLACES)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Layers ``hidden_n``, ``activated_n`` and, if the arm normalises, ``normalised_n``."""
        place, layers = arm.settings["place"], [keras.Input(data.x_train.shape[1:], name="inputs")]
        for number in range(1, arm.settings["depth"] + 1):
            dense = keras.layers.Dense(self.width, kernel_initializer="he_normal", name=f"hidden_{number}")
            parts = [dense, keras.layers.Activation("relu", name=f"activated_{number}")]
            if place != "none":
                normal = keras.layers.BatchNormalization(name=f"normalised_{number}")
                parts.insert(1 if place == "before" else 2, normal)
            layers.extend(parts)
        return keras.Sequential([*layers, keras.layers.Dense(data.classes, name="logits")], name="classifier")

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        del arm
        return keras.optimizers.SGD(self.rate)

    def probes(self) -> tuple[Probe, ...]:
        """Moments and gradients of the outputs, by layer."""
        return (ActivationMoments(every=15, layers=ACTIVATED), ActivationGradient(every=15, layers=ACTIVATED))

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
        """Activations by depth, gradients by depth, loss, and number of parameters."""
        return (self._keeps_activations(), self._eases_gradients(), self._learns_faster(), *self._parameters())

    def figures(self) -> tuple[Figure, ...]:
        """Deviation and mean by depth, gradient by depth, loss."""
        return (
            Figure(
                "depth_profile",
                "Standard deviation of the activations after ReLU. A level line means that the signal keeps its size over the depth.",
                {"column": "activation_std", "layers": ACTIVATED},
            ),
            Figure(
                "depth_profile",
                "Gradient at the output of each ReLU. A line that rises towards the left means that the gradient grows on its way "
                "back. Dashed: theory before the first update.",
                {"column": "activation_gradient_rms", "layers": ACTIVATED, "theory": True},
            ),
            Figure(
                "curves",
                "Training loss, median and range over the seeds. The dotted line is chance.",
                {"column": "loss", "split": "train", "guide": "chance"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "It keeps activations the same size in every layer, whether it is placed before or after ReLU.",
                {"keeps_activations": "supported"},
            ),
            Answer(
                "It does not make gradients more even across layers: they grow on their way back to the first layer.",
                {"eases_gradients": "refuted"},
            ),
            Answer("It makes gradients more even across layers.", {"eases_gradients": "supported"}),
            Answer(
                "At the same small learning rate it does not speed up a network that is well initialised.",
                {"learns_faster": "refuted"},
            ),
            Answer("Networks learn faster with it at the same learning rate.", {"learns_faster": "supported"}),
            Answer(
                "For 100 units it does have 400 parameters, but half of them are not trained and add no expressive power.",
                {"four_for_each_unit": "supported", "second_pair_is_trained": "refuted"},
            ),
        )

    def _arm(self, place: str, depth: int) -> Arm:
        theory = {"activation": "relu", "initializer": "he_normal", "batch_normalisation": place == "before"}
        stack = {"depth": depth, "width": self.width, "layers": ACTIVATED}
        return Arm(
            name=f"{place}-{depth}",
            label=f"{PLACES[place]}, {depth} layers",
            settings={"place": place, "depth": depth},
            theory={} if place == "after" else theory | stack,
        )

    def _keeps_activations(self) -> Claim:
        deep = self.depths[1]
        return Claim(
            name="keeps_activations",
            statement="Batch normalisation keeps the activations of all layers the same size, even while the network learns.",
            parts=tuple(
                Part(
                    label=PLACES[place],
                    measure="attenuation",
                    parameters={"column": "activation_std", "layers": ACTIVATED, "step": 0, "until": -1},
                    treated=f"{place}-{deep}",
                    expects="equal",
                    margin=self.flat,
                    unit="decades from first to last layer",
                )
                for place in ("before", "after")
            ),
            threshold=f"supported when the standard deviation after ReLU changes by less than {self.flat:g} decades, a factor of 2, "
            f"over {deep} layers",
            outcomes={"": "Same size: {supported}. Not: {refuted}. Open: {open}. Change: {low} to {high} decades."},
        )

    def _eases_gradients(self) -> Claim:
        deep = self.depths[1]
        return Claim(
            name="eases_gradients",
            statement="Placed before the activation, batch normalisation makes gradients more even across layers.",
            parts=(
                Part(
                    label=f"size of the depth slope, {deep} layers, against no BN",
                    measure="uneven_depth",
                    parameters={"layers": ACTIVATED, "step": 0},
                    treated=f"before-{deep}",
                    control=f"none-{deep}",
                    expects="less",
                    unit="decades per layer",
                ),
            ),
            threshold="supported when the depth slope of the gradient before the first update is closer to 0 than without batch "
            "normalisation, with He initialisation in both",
            outcomes={
                "refuted": "The gradient grows on its way back, as theory predicts (0.083 decades per layer). Without batch "
                "normalisation and with He initialisation it stays level. The slope is {low} further from 0 with it.",
                "": "The size of the depth slope differs by {low} to {high} decades per layer.",
            },
        )

    def _learns_faster(self) -> Claim:
        return Claim(
            name="learns_faster",
            statement="A network learns faster with batch normalisation, placed before or after the activation.",
            parts=tuple(
                Part(
                    label=f"{PLACES[place]}, {depth} layers",
                    measure="final_scalar",
                    parameters={"window": 30},
                    treated=f"{place}-{depth}",
                    control=f"none-{depth}",
                    expects="less",
                    threshold=-self.better,
                    unit="nats",
                )
                for depth in self.depths
                for place in ("before", "after")
            ),
            threshold=f"supported when the loss after {self.epochs} epochs is more than {self.better:g} nats lower than without it, "
            f"at the same learning rate of {self.rate:g} and with He initialisation",
            outcomes={"": "Faster: {supported}. Not faster: {refuted}. Open: {open}."},
        )

    def _parameters(self) -> tuple[Claim, Claim]:
        def part(label: str, name: str, expected: float) -> Part:
            treated = f"before-{self.depths[0]}"
            common = {"measure": "recorded", "parameters": {"name": name}, "treated": treated, "threshold": expected}
            return Part(label=label, **common, expects="equal", margin=0.0, unit="parameters", method="check")

        channels = self.width
        return (
            Claim(
                name="four_for_each_unit",
                statement=f"Batch normalisation behind {channels} units has {4 * channels} parameters.",
                parts=(part("all", "parameters", 4 * channels),),
                threshold="exact: counted on the layer",
                outcomes={
                    "": f"The layer has {{low}}: {channels} each for γ, β, the moving mean and the moving variance."
                },
            ),
            Claim(
                name="second_pair_is_trained",
                statement="All of them are learned, and the second pair restores what the network can express.",
                parts=(part("trained", "trained", 4 * channels),),
                threshold="exact: refuted unless all are among the layer's trainable variables",
                outcomes={
                    "refuted": "Only {low} are trained, γ and β, and this pair restores what the network can express. The second "
                    "pair consists of statistics for inference; it gets no gradient.",
                    "": "Number of trained parameters: {low}.",
                },
            ),
        )
