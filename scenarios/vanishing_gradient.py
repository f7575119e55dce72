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

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import keras

from probes.activation_gradient import ActivationGradient
from probes.activation_moments import ActivationMoments
from probes.gradient_norm import GradientNorm
from probes.probe import Probe
from probes.update_ratio import UpdateRatio
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Scenario
from scenarios.shared.layers import classifier, dense
from scenarios.shared.parts import loss_curve
from scenarios.shared.vanishing_answers import answers
from scenarios.shared.vanishing_claims import (
    COURSE,
    HIDDEN,
    KINDS,
    LEARNING,
    course_network,
    cured_at_the_small_rate,
    gradient_at_equal_progress,
    is_only_slow,
    learns_at_the_large_rate_only,
    plateau_is_longer,
    same_profile,
    vanishes,
)


@dataclass(frozen=True, kw_only=True)
class VanishingGradient(Scenario):
    """A classifier with 20 hidden layers of 100 units, trained by SGD at two learning rates.

    Args:
        depth: hidden layers.
        width: units in each.
        rates: the two learning rates, the larger first.
        course_epochs: epochs of the arms that repeat what the course shows, ReLU with Glorot: about 2,040 steps.
        cure_epochs: epochs of the networks whose gradient survives in theory, ReLU with He among them; fewer, because they need fewer.
        early: the first steps over which all networks are compared, however long they are trained.
        vanished: a gradient has vanished when it loses more than this many decades over the hidden layers; as in the rule
            ``vanishing_gradient``: the first layers then move a hundred times less than the last.
        left: the loss has left its plateau when it is this share below chance; one half is well beyond the noise of batches.
        learned: a network has learned something when its loss is this many nats below chance.
        same_loss: a loss that is higher by less than this is no worse: a tenth of the chance level, ln 10, rounded up.
        same_gradient: decades lost that differ by less than this are equal: a quarter of what counts as vanished.
    """

    epochs: int = 4
    depth: int = 20
    width: int = 100
    rates: tuple[float, float] = (0.01, 0.001)
    course_epochs: int = 60
    cure_epochs: int = 15
    early: int = 120
    vanished: float = 2.0
    left: float = 0.5
    learned: float = 0.5
    same_loss: float = 0.25
    same_gradient: float = 0.5

    question: ClassVar = "Does a small learning rate make the gradient vanish?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: learning rate, activation, initialisation, "
        "batch normalisation. Not varied: depth 20, width 100, plain SGD, batches of 32, digits. ReLU with Glorot was trained for "
        "60 epochs, sigmoid for 4, all others for 15; where networks are compared, it is over the same steps or at equal learning "
        "rate × steps. The depth profile at the start follows from theory for any data of this scale; how many epochs a plateau "
        "lasts does not."
    )
    objection: ClassVar = (
        "This is plain SGD on small images. Momentum, Adam or longer training might get a sigmoid network off its plateau; that "
        "was not tested. The limit of two decades for a vanished gradient, a factor of 100, is a convention. A network can look "
        "stuck although its gradient survives: compare the loss curves with the profiles."
    )
    less: ClassVar = {"course_epochs": 3, "cure_epochs": 3}

    def arms(self) -> tuple[Arm, ...]:
        """Each activation and initialisation at both rates."""
        return (*(self._arm(kind, rate) for kind in KINDS for rate in self.rates), self._short())

    def epochs_of(self, arm: Arm) -> int:
        """The course's number of epochs for its own network, and enough for the others to leave the plateau."""
        if arm.name == self._short().name:
            return self._shorter
        longer = dict.fromkeys(LEARNING, self.cure_epochs) | {COURSE: self.course_epochs}
        return longer.get(arm.settings["kind"], self.epochs)

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
        """What is observed in the course's network, the parts of its explanation, and the other networks."""
        high, low = self.rates
        return (
            learns_at_the_large_rate_only(self.rates, self.course_epochs, self.learned),
            same_profile(self.rates),
            *course_network(self.rates, self.course_epochs, self.vanished),
            gradient_at_equal_progress(self.rates, self.course_epochs, self._shorter, self.same_gradient),
            vanishes("survives_at_the_large_rate", high, "less", self.vanished, self.early),
            vanishes("vanishes_at_the_small_rate", low, "greater", self.vanished, self.early),
            cured_at_the_small_rate(low, self.cure_epochs, self.course_epochs, self.learned),
            plateau_is_longer(self.rates, self.cure_epochs, self.left),
            is_only_slow(self.rates, self.same_loss),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Depth profile, update ratio and loss; the sigmoid's profile and the long trainings have axes of their own."""
        gradient = {"column": "activation_gradient_rms", "layers": HIDDEN, "theory": True}
        update = {"column": "update_ratio", "layers": HIDDEN, "guide": [1e-3, "10⁻³, a rule of thumb"]}
        others = [kind for kind in KINDS if kind != "sigmoid"]
        return (
            Figure(
                "depth_profile",
                "A line that falls towards the left means that the gradient shrinks on its way back; a level line means that it "
                "keeps its size. Dashed: theory before the first update. In the two panels of one network the lines at the start "
                "agree: there the learning rate makes no difference.",
                gradient | self._only(others),
            ),
            Figure(
                "depth_profile",
                "The same for the sigmoid, which loses so much more that it needs an axis of its own.",
                gradient | self._only(["sigmoid"]),
            ),
            Figure(
                "depth_profile",
                "How far one step moves the weights of each layer, relative to their size. A vanishing gradient lowers the left "
                "end. The dotted line is a rule of thumb for a healthy step.",
                update | self._only(others),
            ),
            self._loss(
                [COURSE],
                "A loss that stays there is still on its initial plateau. ReLU with Glorot, the course's network.",
            ),
            self._loss(
                [kind for kind in KINDS if kind != COURSE], "The other networks, which were trained for fewer epochs."
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return answers(*self.rates, self.course_epochs, self._shorter, self.early)

    def _arm(self, kind: str, rate: float) -> Arm:
        label, activation, initializer, normalised = KINDS[kind]
        facts = {"activation": activation, "initializer": initializer, "batch_normalisation": normalised}
        stack = {"depth": self.depth, "width": self.width, "layers": HIDDEN}
        settings = {"kind": kind, "learning_rate": rate} | facts
        return Arm(f"{kind}-{rate}", f"{label}, rate {rate}", settings, theory=facts | stack)

    @property
    def _shorter(self) -> int:
        """Epochs at the large rate that make the same learning rate × steps as the course's epochs at the small one."""
        return max(1, round(self.course_epochs * self.rates[1] / self.rates[0]))

    def _short(self) -> Arm:
        """The course's network at the large rate, stopped where the small rate has got to in the end."""
        arm = self._arm(COURSE, self.rates[0])
        label = f"{KINDS[COURSE][0]} for {self._shorter} epochs, rate {self.rates[0]}"
        return replace(arm, name=f"{COURSE}-short-{self.rates[0]}", label=label)

    def _only(self, kinds: Iterable[str]) -> dict[str, Any]:
        """The option of a figure to show these networks alone."""
        return {"options": {"arms": [self._arm(kind, rate).label for kind in kinds for rate in self.rates]}}

    def _loss(self, kinds: Iterable[str], note: str) -> Figure:
        figure = loss_curve(note)
        return replace(figure, parameters=dict(figure.parameters) | self._only(kinds))
