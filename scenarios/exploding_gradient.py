"""Can an explosion be seen before the loss becomes NaN or infinite, and does clipping prevent it?

When the initial weights are too large, every layer multiplies the squared gradient by χ > 1 during backpropagation: a variance
of σ² times He's gives χ = σ² with ReLU, so the squared gradient of the first of n layers is χⁿ times as large. The first
update then changes them far too much, the loss jumps, and soon all values are NaN or infinite. A learning rate that is too
large ends the same way, although the gradients are normal at the start. The depth profile tells the two cases apart before the
first update. Clipping by norm limits the step, however large the gradient.

References: Pascanu et al. 2013, arXiv 1211.5063 (clipping by norm); Schoenholz et al. 2017, arXiv 1611.01232; He et al. 2015,
arXiv 1502.01852.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from probes.activation_gradient import ActivationGradient
from probes.probe import Probe
from probes.update_ratio import UpdateRatio
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.clipping_claims import clipping_claims, no_false_alarm, of_both, warns_in_runs_not_lost
from scenarios.shared.exploding_answers import ANSWERS
from scenarios.shared.layers import classifier, dense
from scenarios.shared.parts import loss_curve

HIDDEN = "hidden_*"


@dataclass(frozen=True, kw_only=True)
class ExplodingGradient(Scenario):
    """A deep ReLU classifier with weights or a learning rate that are too large, each with and without clipping.

    Args:
        depth: hidden layers.
        width: units in each.
        rate: the learning rate; plain SGD.
        gain: standard deviation of the large weights, as a multiple of He's.
        fast: a large learning rate at which the healthy network still learns: the second control for false alarms.
        large_rate: the learning rate that is too large.
        clip: largest norm of all gradients together in the clipped arms.
        exploded: a gradient has exploded when it gains this many decades over the hidden layers, as in the rule.
        violent: update ratio at which to warn: a tenth of a layer's norm in one step, a hundred times the usual 10⁻³.
        tolerated: largest share of clipped runs that may diverge, and of healthy runs that may get a warning.
        unwarned: largest share of lost runs that may be lost without a warning; larger, since only some of the runs are lost.
        learned: a network has learned when its loss is this many nats below that of guessing, and learns like the healthy one
            when it stays within as many of it: half of what a healthy network gains in two epochs.
    """

    epochs: int = 2
    depth: int = 15
    width: int = 50
    rate: float = 0.01
    fast: float = 0.05
    gain: float = 2.0
    large_rate: float = 1.0
    clip: float = 1.0
    exploded: float = 2.0
    violent: float = 0.1
    tolerated: float = 0.25
    unwarned: float = 1 / 3
    learned: float = 0.25

    question: ClassVar = (
        "Can an explosion be seen before the loss becomes NaN or infinite, and does clipping prevent it?"
    )
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: scale of the weights, learning rate, "
        "clipping; the healthy network also at five times its learning rate. Not varied: 15 dense ReLU layers, plain SGD, digits. "
        "The profile before the first update follows from theory for any data; how many steps of warning there are depends on the "
        "size of the fault."
    )
    objection: ClassVar = (
        "Both explosions are artificial: weights twice too large, and a learning rate of 1, in a network of dense layers, a part "
        "of whose runs are not lost. An update ratio is proportional to the learning rate: a bound that warns of a rate of 1 says "
        "little about one between. Recurrent networks, for which clipping was proposed, were not tested. A few steps of warning "
        "may be too few to act on. Only one clipping threshold and one learning rate were tried, for two epochs."
    )

    def arms(self) -> tuple[Arm, ...]:
        """Normal training, large weights and a large rate, the last two without and with clipping."""
        weights, rate = {"gain": self.gain}, {"rate": self.large_rate}
        return (
            self._arm("sound", f"healthy (He, learning rate {self.rate:g})"),
            self._arm("fast", f"healthy (He, learning rate {self.fast:g})", rate=self.fast),
            self._arm("weights", f"large weights (× {self.gain:g})", **weights),
            self._arm("weights-clipped", f"large weights (× {self.gain:g}), clipped", **weights, clip=self.clip),
            self._arm("rate", f"large learning rate ({self.large_rate:g})", **rate),
            self._arm("rate-clipped", f"large learning rate ({self.large_rate:g}), clipped", **rate, clip=self.clip),
        )

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense layers ``hidden_1`` … and ``logits``; the gain multiplies hidden weights drawn with He initialisation."""
        names = [f"hidden_{number + 1}" for number in range(self.depth)]
        hidden = [dense(data, name, self.width, "relu", "he_normal") for name in names]
        model = classifier(data, *hidden)
        for layer in hidden:
            layer.set_weights([layer.get_weights()[0] * arm.settings["gain"], *layer.get_weights()[1:]])
        return model

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD; the clipped arms limit the norm of all gradients together."""
        return keras.optimizers.SGD(arm.settings["rate"], global_clipnorm=arm.settings["clip"] or None)

    def probes(self) -> tuple[Probe, ...]:
        """Gradients of outputs and sizes of updates, at every step because an explosion takes only a few."""
        return (ActivationGradient(every=1), UpdateRatio(every=1))

    def claims(self) -> tuple[Claim, ...]:
        """Where an explosion can be seen, how early and how reliably, and what clipping changes."""
        return (
            self._shows_before_the_first_update(),
            self._explodes(),
            self._warns_early(),
            self._warning_time(),
            warns_in_runs_not_lost(self._warning),
            no_false_alarm(self._warning, self.tolerated, (self.rate, self.fast)),
            *clipping_claims(self.clip, self.tolerated, self.learned, (self.rate, self.fast)),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Depth profile, loss, update ratio."""
        return (
            Figure(
                "depth_profile",
                "A line that rises towards the left means that the gradient grows on its way back to the input. If it rises before "
                "the first update, the initial weights are the cause; if only later, training is. Dashed: theory before the first "
                "update.",
                {"column": "activation_gradient_rms", "layers": HIDDEN, "theory": True},
            ),
            Figure(
                "depth_profile",
                "How far a step moves the weights of each layer, relative to their size. Above the dotted line a step changes them "
                "by more than a tenth, and the scenario warns; clipping limits the step over all layers together.",
                {"column": "update_ratio", "layers": HIDDEN, "guide": [self.violent, "0.1, the warning"]},
            ),
            loss_curve("A run is lost when its loss is NaN or infinite; only the two arms without clipping lose any."),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    def _arm(self, name: str, label: str, **changes: float) -> Arm:
        settings = {"rate": self.rate, "gain": 1.0, "clip": 0.0} | changes
        theory = {"activation": "relu", "initializer": "he_normal", "batch_normalisation": False, "layers": HIDDEN}
        theory |= {"depth": self.depth, "width": self.width, "gain": settings["gain"]}
        return Arm(name=name, label=label, settings=settings, theory=theory)

    def _shows_before_the_first_update(self) -> Claim:
        return Claim(
            name="shows_before_the_first_update",
            statement="The depth profile of the gradient reveals a coming explosion before the first update.",
            parts=tuple(
                Part(
                    label=label,
                    measure="attenuation",
                    parameters={"layers": HIDDEN, "step": 0},
                    treated=arm,
                    expects="less",
                    threshold=-self.exploded,
                    unit="decades lost (negative: gained)",
                )
                for arm, label in (("weights", "large weights"), ("rate", "large learning rate"))
            ),
            threshold=f"supported when the gradient gains more than {self.exploded:g} decades from the last hidden layer to the "
            f"first at step 0, which is −{self.exploded:g} lost; theory predicts −{np.log10(self.gain) * (self.depth - 1):.2f} "
            "for large weights",
            outcomes={
                "mixed": "It does for {supported}. It does not for {refuted}, where the gradient is normal at the start.",
                "": "It does: {supported}. It does not: {refuted}.",
            },
        )

    def _explodes(self) -> Claim:
        return Claim(
            name="explodes",
            statement="Without clipping, the loss becomes NaN or infinite in some run of each kind (positive control).",
            parts=of_both("non_finite_share", {}, unit="share of steps", method="exists"),
            threshold="existence: one such run is enough; without one there is nothing to warn of or to prevent",
            outcomes={"": "It does: {supported}. It does not: {refuted}. Share of runs: {low} to {high}."},
        )

    def _warns_early(self) -> Claim:
        held: dict[str, Any] = {"expects": "less", "threshold": self.unwarned, "unit": "share of lost runs"}
        return Claim(
            name="warns_early",
            statement="The update ratio warns at least one step before the loss becomes NaN or infinite.",
            parts=of_both("warns_too_late", self._warning, what="lost without a warning", method="never", **held),
            threshold=f"universal: one run that is lost without a layer's update ratio above {self.violent:g} at least one step "
            f"before refutes it; supported when fewer than {100 * self.unwarned:.0f} % of lost runs can be like that. A run whose "
            "loss stays finite has nothing to warn of",
            outcomes={
                "supported": "It does, in every run.",
                "": "Warns in every run: {supported}. Does not: {refuted}. Share of lost runs without a warning: {low} to {high}.",
            },
            requires="explodes",
        )

    def _warning_time(self) -> Claim:
        return Claim(
            name="warning_time",
            statement="On average the update ratio warns more than one step ahead.",
            parts=of_both("warning_steps", self._warning, threshold=1.0, unit="steps"),
            threshold=f"steps from the first update ratio above {self.violent:g} in any layer to the first loss of NaN or infinity",
            outcomes={
                "": "More than one step: {supported}. Not: {refuted}. On average it warns {low} to {high} steps ahead."
            },
            requires="explodes",
        )

    @property
    def _warning(self) -> dict[str, Any]:
        return {"column": "update_ratio", "layers": HIDDEN, "bound": self.violent}
