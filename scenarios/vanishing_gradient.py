"""Does a learning rate make the gradient vanish?

A gradient vanishes during backpropagation when every layer multiplies its square by χ < 1: after n layers, χⁿ is left. The
learning rate plays no part in this, because it multiplies the gradient only after backpropagation. χ follows from the
activation and the initialisation: 1 for ReLU with He, ½ for ReLU with Glorot, the default of Keras, near 1 for tanh with Glorot
and SELU with LeCun, below 0.06 for a sigmoid with Glorot. With a small learning rate training can look just as stuck, because
the loss stays longer on its initial plateau. Three things separate the two: the depth profile of the gradient, what a better
initialisation changes at the same rate, and what ten times the steps change at the small rate.

References: Glorot and Bengio 2010; He et al. 2015, arXiv 1502.01852; Schoenholz et al. 2017, arXiv 1611.01232; Yang et al.
2019, arXiv 1902.08129.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
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
from scenarios.shared.layers import classifier, dense
from scenarios.shared.parts import final, loss_curve
from scenarios.shared.vanishing_answers import answers

HIDDEN = "hidden_*"
KINDS = {
    "relu": ("ReLU with Glorot", "relu", "glorot_uniform", False),
    "relu-he": ("ReLU with He", "relu", "he_normal", False),
    "relu-bn": ("ReLU with Glorot + batch norm", "relu", "glorot_uniform", True),
    "sigmoid": ("sigmoid", "sigmoid", "glorot_uniform", False),
    "tanh": ("tanh", "tanh", "glorot_uniform", False),
    "selu": ("SELU", "selu", "lecun_normal", False),
}
COURSE, CURE = "relu", "relu-he"
LEARNING = ("relu-he", "tanh", "selu")


@dataclass(frozen=True, kw_only=True)
class VanishingGradient(Scenario):
    """A classifier with 20 hidden layers of 100 units, trained by SGD at two learning rates.

    Args:
        depth: hidden layers.
        width: units in each.
        rates: the two learning rates, the larger first.
        course_epochs: epochs of the arms that repeat what the course shows, ReLU with Glorot: about 2,040 steps.
        cure_epochs: epochs of the same network with He at the small rate; fewer, because it needs fewer.
        vanished: a gradient has vanished when it loses more than this many decades over the hidden layers; as in the rule
            ``vanishing_gradient``: the first layers then move a hundred times less than the last.
        left: the loss has left its plateau when it is this share below chance; one half is well beyond the noise of batches.
        learned: a network has learned something when its loss is this many nats below chance.
        same_loss: a loss that is higher by less than this is no worse: a tenth of the chance level, ln 10, rounded up.
        matters_later: the rate matters for a gradient when it changes what is lost by more decades than this: half of what
            counts as vanished.
    """

    epochs: int = 4
    depth: int = 20
    width: int = 100
    rates: tuple[float, float] = (0.01, 0.001)
    course_epochs: int = 60
    cure_epochs: int = 15
    vanished: float = 2.0
    left: float = 0.5
    learned: float = 0.5
    same_loss: float = 0.25
    matters_later: float = 1.0

    question: ClassVar = "Does a small learning rate make the gradient vanish?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: learning rate, activation, "
        "initialisation, batch normalisation. Not varied: depth 20, width 100, plain SGD, batches of 32, digits. ReLU with Glorot "
        "was trained for 60 epochs, ReLU with He for 15 at 0.001, all others for 4. The depth profile at the start follows from "
        "theory for any data of this scale; how many epochs a plateau lasts does not."
    )
    objection: ClassVar = (
        "This is plain SGD on small images. Momentum, Adam or longer training might get a sigmoid network off its "
        "plateau; that was not tested. The limit of two decades for a vanished gradient, a factor of 100, is a convention. A "
        "network can look stuck although its gradient survives: compare the loss curves with the profiles."
    )
    less: ClassVar = {"course_epochs": 3, "cure_epochs": 3}

    def arms(self) -> tuple[Arm, ...]:
        """Each activation and initialisation at both rates."""
        return tuple(self._arm(kind, rate) for kind in KINDS for rate in self.rates)

    def epochs_of(self, arm: Arm) -> int:
        """The course's number of epochs for its own network, and enough for its cure at the small rate to show."""
        longer = {f"{CURE}-{self.rates[1]}": self.cure_epochs} | {
            f"{COURSE}-{rate}": self.course_epochs for rate in self.rates
        }
        return longer.get(arm.name, self.epochs)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense layers ``hidden_1`` … and ``logits``; batch normalisation comes before the activation."""
        _, activation, initializer, normalised = KINDS[arm.settings["kind"]]
        layers: list[keras.layers.Layer] = []
        for number in range(1, self.depth + 1):
            fused = None if normalised else activation
            layers.append(dense(data, f"hidden_{number}", self.width, fused, initializer))
            if normalised:
                layers.append(keras.layers.BatchNormalization(name=f"normalised_{number}"))
                layers.append(keras.layers.Activation(activation, name=f"activated_{number}"))
        return classifier(data, *layers)

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        return keras.optimizers.SGD(arm.settings["learning_rate"])

    def probes(self) -> tuple[Probe, ...]:
        """Gradients of outputs and weights, sizes of updates, and moments of activations, by layer."""
        return ActivationGradient(every=30), GradientNorm(every=30), UpdateRatio(every=30), ActivationMoments(every=30)

    def claims(self) -> tuple[Claim, ...]:
        """What is observed, then the parts of its explanation."""
        return (
            self._learns_at_the_large_rate_only(),
            self._same_profile(),
            self._vanishes("survives_at_the_large_rate", self.rates[0], "less"),
            self._vanishes("vanishes_at_the_small_rate", self.rates[1], "greater"),
            self._rate_matters_later(),
            self._cured_at_the_small_rate(),
            self._plateau_is_longer(),
            self._is_only_slow(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Depth profile, heat map, update ratio, loss."""
        gradient = {"column": "activation_gradient_rms", "layers": HIDDEN}
        return (
            Figure(
                "depth_profile",
                "A line that falls towards the left means that the gradient shrinks on its way back; a level line means that it keeps "
                "its size. Dashed: theory before the first update. In the two panels of one network the lines at the start agree: "
                "there the learning rate makes no difference.",
                gradient | {"theory": True},
            ),
            Figure(
                "depth_profile",
                "How far one step moves the weights of each layer, relative to their size. A vanishing gradient lowers the left "
                "end. The dotted line is a rule of thumb for a healthy step.",
                {"column": "update_ratio", "layers": HIDDEN, "guide": [1e-3, "10⁻³, a rule of thumb"]},
            ),
            loss_curve(
                "A loss that stays there is still on its initial plateau. Lines end at different steps because ReLU with Glorot was "
                "trained longest, and ReLU with He at 0.001 longer than the rest."
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return answers(*self.rates, self.course_epochs)

    def _arm(self, kind: str, rate: float) -> Arm:
        label, activation, initializer, normalised = KINDS[kind]
        facts = {"activation": activation, "initializer": initializer, "batch_normalisation": normalised}
        stack = {"depth": self.depth, "width": self.width, "layers": HIDDEN}
        settings = {"kind": kind, "learning_rate": rate} | facts
        return Arm(f"{kind}-{rate}", f"{label}, rate {rate}", settings, theory=facts | stack)

    def _against(
        self, kinds: Iterable[str], measure: str, parameters: dict[str, Any], **judged: Any
    ) -> tuple[Part, ...]:
        """The effect of the small learning rate, for each kind."""
        high, low = self.rates
        return tuple(
            Part(KINDS[kind][0], measure, parameters, f"{kind}-{low}", f"{kind}-{high}", **judged) for kind in kinds
        )

    def _learns_at_the_large_rate_only(self) -> Claim:
        high, low = self.rates
        limit = math.log(10) - self.learned
        directions: tuple[tuple[float, Literal["less", "greater"]], ...] = ((high, "less"), (low, "greater"))
        return Claim(
            name="learns_at_the_large_rate_only",
            statement=f"A ReLU network with Keras' default initialisation (Glorot) learns at {high} and does not learn at {low}, "
            f"in {self.course_epochs} epochs.",
            parts=tuple(
                Part(
                    label=f"at {rate}",
                    measure="at_best_epoch",
                    parameters={"column": "loss", "split": "validation"},
                    treated=f"{COURSE}-{rate}",
                    expects=expects,
                    threshold=limit,
                    unit="nats",
                    method="median",
                )
                for rate, expects in directions
            ),
            threshold=f"learned: a validation loss that in its best epoch is more than {self.learned:g} nats below chance, ln 10",
            outcomes={
                "": "As stated: {supported}. Not as stated: {refuted}. Median lowest validation loss: {low} to {high} nats."
            },
        )

    def _same_profile(self) -> Claim:
        parameters, judged = {"layers": HIDDEN, "step": 0}, {"expects": "equal", "margin": 0.0, "method": "check"}
        return Claim(
            name="same_profile",
            statement="Before the first update the gradient shrinks over the layers in the same way at both learning rates.",
            parts=self._against(KINDS, "depth_slope", parameters, **judged, unit="decades per layer"),
            threshold="holds by construction; a check of the instrument: at step 0 weights and batch are the same, so the slopes must "
            "be equal to the bit",
            outcomes={
                "": "Equal: {supported}. Not equal: {refuted}. The rate enters only when the gradient has been computed."
            },
        )

    def _vanishes(self, name: str, rate: float, expects: Literal["greater", "less"]) -> Claim:
        statement = {
            "less": f"At a learning rate of {rate} no gradient vanishes.",
            "greater": f"At a learning rate of {rate} every gradient vanishes.",
        }
        gone, kept = ("{supported}", "{refuted}") if expects == "greater" else ("{refuted}", "{supported}")
        told = f"Vanishes: {gone}. Survives: {kept}. Lost: {{low}} to {{high}} decades (a factor of 10 each; negative: it grows)."
        held: dict[str, Any] = {"measure": "attenuation", "parameters": {"layers": HIDDEN, "step": 0, "until": -1}}
        held |= {"expects": expects, "threshold": self.vanished, "unit": "decades"}
        return Claim(
            name=name,
            statement=statement[expects],
            parts=tuple(Part(label, treated=f"{kind}-{rate}", **held) for kind, (label, *_) in KINDS.items()),
            threshold=f"vanished: more than {self.vanished:g} decades lost over the {self.depth} hidden layers, a factor of "
            f"{10**self.vanished:g} (depth slope × layers; of each layer the median over the training)",
            outcomes={"": told},
        )

    def _rate_matters_later(self) -> Claim:
        high, low = self.rates
        parameters = {"layers": HIDDEN, "step": 0, "until": -1}
        judged: dict[str, Any] = {"threshold": self.matters_later, "unit": "decades"}
        return Claim(
            name="rate_matters_later",
            statement=f"Over the training, ReLU with Glorot loses more of its gradient at {low} than at {high}.",
            parts=self._against((COURSE,), "attenuation", parameters, **judged),
            threshold=f"supported when it loses more by over {self.matters_later:g} decade, half of what counts as vanished",
            outcomes={"": "It loses {low} decades more (negative: less)."},
        )

    def _cured_at_the_small_rate(self) -> Claim:
        low, judged = self.rates[1], {"expects": "less", "threshold": -self.learned, "unit": "nats"}
        return Claim(
            name="cured_at_the_small_rate",
            statement=f"At {low} the same ReLU network learns once it starts with He, which keeps the gradient's size.",
            parts=(final("He instead of Glorot", "loss", f"{CURE}-{low}", f"{COURSE}-{low}", **judged),),
            threshold=f"supported when the test loss with He after {self.cure_epochs} epochs is lower by more than {self.learned:g} "
            f"nats than with Glorot after {self.course_epochs}, at the same rate and from the same random numbers",
            outcomes={"": "Test loss with He minus with Glorot: {low} nats."},
        )

    def _plateau_is_longer(self) -> Claim:
        high, low = self.rates
        steps = {"level": "chance", "drop": self.left, "restricted": True}
        return Claim(
            name="plateau_is_longer",
            statement=f"At {low} the loss stays longer on its initial plateau than at {high}.",
            parts=self._against(LEARNING, "plateau_steps", steps, scale="log10_ratio", unit="decades of steps"),
            threshold=f"the plateau ends when the loss has fallen by {100 * self.left:g} % of the chance level, ln 10; for the "
            "activations whose gradient survives",
            outcomes={
                "": "Longer: {supported}. Shorter: {refuted}. By {low} to {high} decades of steps (0.3 decades: twice "
                "as many). A run that never leaves the plateau counts with its last step, so these are lower bounds."
            },
        )

    def _is_only_slow(self) -> Claim:
        high, low = self.rates
        judged: dict[str, Any] = {"expects": "less", "threshold": self.same_loss, "unit": "nats"}
        return Claim(
            name="is_only_slow",
            statement=f"Where the gradient survives, training at {low} is only slower: at equal learning rate × steps its loss is "
            f"no higher than at {high}.",
            parts=self._against(LEARNING, "loss_at_progress", {"progress": "common", "window": 9}, **judged),
            threshold=f"supported when the loss after all steps at {low} is less than {self.same_loss} nats above the loss after "
            f"{100 * low / high:g} % of the steps at {high}",
            outcomes={
                "": f"No higher: {{supported}}. Higher: {{refuted}}. Loss at {low} minus loss at {high}: {{low}} to {{high}} nats "
                "(negative: lower at the small rate)."
            },
        )
