"""How many steps before the loss is lost does an exploding gradient show?

With weights drawn too large every layer multiplies the squared gradient by χ > 1 on its way back: a variance of σ² times He's
gives χ = σ² under ReLU, and after n layers the early ones get χⁿ. The first update then throws them far, the loss leaps, and
soon nothing is a number. A learning rate that is too large ends the same way with gradients that were sound at the start. The
profile over the layers tells the two apart before the first update; clipping by norm bounds the step, whatever the gradient.

References: Pascanu et al. 2013, arXiv 1211.5063 (clipping by norm); Schoenholz et al. 2017, arXiv 1611.01232; He et al. 2015,
arXiv 1502.01852.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np

from probes.activation_gradient import ActivationGradient
from probes.probe import Probe
from probes.update_ratio import UpdateRatio
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario

HIDDEN = "hidden_*"


@dataclass(frozen=True, kw_only=True)
class ExplodingGradient(Scenario):
    """A deep ReLU classifier whose weights, or whose learning rate, are too large; each with and without clipping.

    Args:
        depth: hidden layers.
        width: units in each.
        rate: the learning rate; plain SGD.
        gain: how many times He's standard deviation the large weights have.
        large_rate: the learning rate that is too large.
        clip: largest norm of all gradients together, of the clipped arms.
        exploded: a gradient has exploded when it gains this many decades over the hidden layers, as in the rule.
        violent: an update ratio that warns: a tenth of a layer's norm in one step, a hundred times the rule of thumb.
        learned: a clipped training has learned when its loss is below chance by this many nats.
    """

    seeds: int = 8
    epochs: int = 2
    depth: int = 15
    width: int = 50
    rate: float = 0.01
    gain: float = 2.0
    large_rate: float = 1.0
    clip: float = 1.0
    exploded: float = 2.0
    violent: float = 0.1
    learned: float = 0.5

    question: ClassVar = "How many steps before the loss is lost does an exploding gradient show?"
    objection: ClassVar = (
        "Both explosions are made by hand, by weights twice too large and by a rate of 1, in a network of dense "
        "layers; those of recurrent networks, for which clipping was proposed, are not here. Some steps of "
        "warning may be too few to act on. One threshold of clipping was tried."
    )

    def arms(self) -> tuple[Arm, ...]:
        """Sound training, then large weights and a large rate, without and with clipping."""
        weights, rate = {"gain": self.gain}, {"rate": self.large_rate}
        return (
            self._arm("sound", "He, usual rate"),
            self._arm("weights", f"weights × {self.gain:g}", **weights),
            self._arm("weights-clipped", f"weights × {self.gain:g}, clipped", **weights, clip=self.clip),
            self._arm("rate", f"rate {self.large_rate:g}", **rate),
            self._arm("rate-clipped", f"rate {self.large_rate:g}, clipped", **rate, clip=self.clip),
        )

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense layers ``hidden_1`` … and ``logits``; the gain multiplies the hidden weights as He drew them."""
        inputs = keras.Input(data.x_train.shape[1:], name="inputs")
        dense = {"units": self.width, "activation": "relu", "kernel_initializer": "he_normal"}
        hidden = [keras.layers.Dense(**dense, name=f"hidden_{number + 1}") for number in range(self.depth)]
        model = keras.Sequential([inputs, *hidden, keras.layers.Dense(data.classes, name="logits")], name="classifier")
        for layer in hidden:
            layer.kernel.assign(layer.kernel * arm.settings["gain"])  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
        return model

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD, clipped by the norm of all gradients together where the arm has it."""
        return keras.optimizers.SGD(arm.settings["rate"], global_clipnorm=arm.settings["clip"] or None)

    def probes(self) -> tuple[Probe, ...]:
        """Gradient at every layer's output, and how far weights move, at every step: a blow-up is quick."""
        return (ActivationGradient(every=1), UpdateRatio(every=1))

    def claims(self) -> tuple[Claim, ...]:
        """Where it shows, how early, and what clipping mends."""
        return (
            self._shows_before_the_first_update(),
            self._warns_early(),
            self._clipping_saves(),
            self._clipping_learns(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Depth profile, loss, update ratio."""
        return (
            Figure(
                "depth_profile",
                "A line that rises towards the left is gradient that grows on its way back to the input. Where it does so "
                "before the first update, the weights do it; where only later, training does. Dashed: theory before the first.",
                {"column": "activation_gradient_rms", "layers": HIDDEN, "theory": True},
            ),
            Figure(
                "depth_profile",
                "How far the first step moves each layer's weights, relative to their size. Above the dotted line a step "
                "undoes what was learned; clipping bounds the whole step.",
                {"column": "update_ratio", "layers": HIDDEN, "guide": [self.violent, "0.1, the warning"]},
            ),
            Figure(
                "curves",
                "Training loss, median and range over the seeds; a sign at the upper edge is a loss that is no longer a "
                "number. The dotted line is chance.",
                {"column": "loss", "split": "train", "guide": "chance"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "With weights that are too large it shows before the first update, in the depth profile of the gradient; with a "
                "learning rate that is too large the gradient starts sound.",
                {"shows_before_the_first_update": "mixed"},
            ),
            Answer("It shows before the first update.", {"shows_before_the_first_update": "supported"}),
            Answer("The update ratio warns before the loss is lost.", {"warns_early": "supported"}),
            Answer("The update ratio does not always warn in time.", {"warns_early": "mixed|refuted"}),
            Answer("Clipping by norm keeps the loss a number.", {"clipping_saves": "supported"}),
            Answer("It does not by itself make the network learn.", {"clipping_learns": "mixed|refuted"}),
        )

    def _arm(self, name: str, label: str, **changes: float) -> Arm:
        settings = {"rate": self.rate, "gain": 1.0, "clip": 0.0} | changes
        theory = {"activation": "relu", "initializer": "he_normal", "batch_normalisation": False, "layers": HIDDEN}
        theory |= {"depth": self.depth, "width": self.width, "gain": settings["gain"]}
        return Arm(name=name, label=label, settings=settings, theory=theory)

    def _shows_before_the_first_update(self) -> Claim:
        return Claim(
            name="shows_before_the_first_update",
            statement="An explosion to come shows in the gradient's depth profile before the first update.",
            parts=tuple(
                Part(
                    label=label,
                    measure="attenuation",
                    parameters={"layers": HIDDEN, "step": 0},
                    treated=arm,
                    expects="less",
                    threshold=-self.exploded,
                    unit="decades lost",
                )
                for arm, label in (("weights", "large weights"), ("rate", "large rate"))
            ),
            threshold=f"supported when the gradient gains more than {self.exploded:g} decades from the last hidden layer to the "
            f"first at step 0; theory for large weights: {np.log10(self.gain) * (self.depth - 1):.2f}",
            outcomes={
                "mixed": "It shows for {supported}, and does not for {refuted}, where the gradient starts sound.",
                "": "Shows: {supported}. Does not: {refuted}. Inconclusive: {inconclusive}.",
            },
        )

    def _warns_early(self) -> Claim:
        return Claim(
            name="warns_early",
            statement="The update ratio warns before the loss stops being a number.",
            parts=tuple(
                Part(
                    label=label,
                    measure="warning_steps",
                    parameters={"column": "update_ratio", "layers": HIDDEN, "bound": self.violent},
                    treated=arm,
                    unit="steps",
                )
                for arm, label in (("weights", "large weights"), ("rate", "large rate"))
            ),
            threshold=f"supported when some layer's update ratio is above {self.violent:g} at least one step before the first loss "
            "that is NaN or Inf; a run whose loss stays finite has no warning time",
            outcomes={
                "supported": "It does, {low} to {high} steps ahead in the mean.",
                "": "Warns: {supported}. Does not: {refuted}. Not settled, or the loss stayed finite: {inconclusive}.",
            },
        )

    def _clipping_saves(self) -> Claim:
        return Claim(
            name="clipping_saves",
            statement="Clipping by norm keeps the loss a number.",
            parts=tuple(
                Part(
                    label=label,
                    measure="non_finite_share",
                    parameters={},
                    treated=f"{arm}-clipped",
                    expects="equal",
                    margin=0.0,
                    unit="share of steps",
                    exact=True,
                )
                for arm, label in (("weights", "large weights"), ("rate", "large rate"))
            ),
            threshold="exact: refuted by one loss of NaN or Inf",
            outcomes={"": "Finite at every step of every seed: {supported}. Not finite: {refuted}."},
        )

    def _clipping_learns(self) -> Claim:
        return Claim(
            name="clipping_learns",
            statement="With clipping by norm the network learns all the same.",
            parts=tuple(
                Part(
                    label=label,
                    measure="final_scalar",
                    parameters={"window": 15},
                    treated=f"{arm}-clipped",
                    expects="less",
                    threshold=float(np.log(10) - self.learned),
                    unit="nats",
                )
                for arm, label in (("weights", "large weights"), ("rate", "large rate"))
            ),
            threshold=f"supported when the loss at the end is more than {self.learned:g} nats below chance, ln 10",
            outcomes={
                "": "Learns: {supported}. Does not: {refuted}. Inconclusive: {inconclusive}. Final loss {low} to {high} nats."
            },
        )
