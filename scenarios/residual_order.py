"""Where does batch normalisation belong in a residual network?

A residual block adds the output of its branch to its input: x + F(x). Without normalisation, with ReLU and He, the branch has
the mean square of x, and because the outputs of ReLU have a positive mean, so does the product of the two: forwards the mean
square grows about 2.9 times at every block. Backwards the squared gradient doubles: χ = 2. Batch normalisation inside the
branch, or first in the block, makes every block add the same amount, so that size grows linearly and not exponentially. Batch
normalisation after the addition normalises the sum, which also shrinks the identity path by the same factor at every block:
χ = 2 / (2 − 1/π) ≈ 1.19. Both values of χ are limits for infinite width; without normalisation the limit is approached slowly:
20 blocks with random Gaussian weights give a slope of −0.19 decades per block at width 100, −0.17 at 400 and −0.16 at 1,600;
the limit is −0.15.

References: He et al. 2016, Identity mappings in deep residual networks, arXiv 1603.05027; De and Smith 2020, arXiv 2002.10444;
Yang and Schoenholz 2017, arXiv 1712.08969.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import keras
import numpy as np

from probes.activation_gradient import ActivationGradient
from probes.activation_moments import ActivationMoments
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.layers import convolution, dense, picture
from scenarios.shared.parts import final, loss_curve, sweep, swept

BLOCKS = "block_*"
ORDERS = {
    "inside": "BN inside",
    "first": "BN first in the block",
    "after": "BN after addition",
    "none": "no BN",
    "plain": "no addition, no BN",
}
NETWORKS = {"": "residual network of 20 dense blocks", "conv-": "residual network of 4 convolutional blocks"}
CONVOLUTIONAL = ("inside", "first", "after", "none")
SLOPES = {"none": -0.5 * np.log10(2), "after": -0.5 * np.log10(2 / (2 - 1 / np.pi)), "plain": 0.0}
"""Depth slope of the gradient before the first update that mean-field theory predicts, in decades per block."""
CONVOLUTIONAL_ANSWERS = (
    Answer(
        "In a small convolutional network placement makes no such difference.",
        {"learns_best_inside_convolutional": "refuted"},
    ),
    Answer(
        "In a small convolutional network, too, it learns best inside the block.",
        {"learns_best_inside_convolutional": "supported"},
    ),
)


@dataclass(frozen=True, kw_only=True)
class ResidualOrder(Scenario):
    """Classifiers of 20 one-layer blocks that differ in where they normalise and whether they have skip connections.

    Args:
        depth: blocks.
        width: units in each.
        rates: learning rates of plain SGD; each network is judged at the one that does best on the validation part.
        momentum: of the moving statistics; with 0.9 they have caught up with the weights after a few dozen steps, while Keras'
            default of 0.99 would leave a third of the initial statistics in inference here.
        same_slope: slopes closer than this count as equal, in decades per block.
        better: an accuracy that is higher by less than this is no better: seven of the 360 test images.
        convolutional: also compare placements in a small convolutional network, as a thorough run does.
        few_blocks: blocks of that network.
        channels: of each of its convolutions.
        few_rates: its learning rates.
    """

    epochs: int = 3
    depth: int = 20
    width: int = 100
    rates: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1)
    momentum: float = 0.9
    same_slope: float = 0.03
    better: float = 0.02
    convolutional: bool = False
    few_blocks: int = 4
    channels: int = 8
    few_rates: tuple[float, ...] = (0.01, 0.03, 0.1)

    question: ClassVar = "Where does batch normalisation belong in a residual network?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: where the block normalises, whether it "
        "has a skip connection, and the learning rate; in a thorough run also the network (four convolutional blocks). Not "
        "varied: ReLU, He, plain SGD, three epochs of digits. The depth profiles hold for any data, the ranking for short training."
    )
    objection: ClassVar = (
        "Three epochs: longer training and larger networks may differ. Rates are a decade apart, so each "
        "network's best rate is known to within a factor of three."
    )
    more: ClassVar = {"convolutional": True}
    less: ClassVar = {"depth": 10, "rates": (1e-3, 1e-2)}

    def arms(self) -> tuple[Arm, ...]:
        """Normalisation inside the branch, first in the block, after the addition and nowhere; the stack without additions."""
        dense = tuple(
            Arm(swept(order, rate), f"{label}, {rate:g}", _settings(order, rate))
            for order, label in ORDERS.items()
            for rate in self.rates
        )
        convolutional = tuple(
            Arm(swept(f"conv-{order}", rate), f"convolutional, {ORDERS[order]}, {rate:g}", _settings(order, rate, True))
            for order in CONVOLUTIONAL
            for rate in self.few_rates
        )
        return dense + convolutional if self.convolutional else dense

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """A stem, blocks whose outputs are the layers ``block_n``, and ``logits``."""
        inputs = cast(keras.KerasTensor, keras.Input(data.x_train.shape[1:], name="inputs"))
        x = cast(keras.KerasTensor, self._stem(data, arm.settings["convolutional"])(inputs))
        for number in range(1, (self.few_blocks if arm.settings["convolutional"] else self.depth) + 1):
            x = self._block(data, x, arm.settings, number)
        x = cast(keras.KerasTensor, keras.layers.Flatten(name="flat")(x))
        return keras.Model(inputs, dense(data, "logits", data.outputs)(x), name="classifier")

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        return keras.optimizers.SGD(arm.settings["learning_rate"])

    def probes(self) -> tuple[Probe, ...]:
        """Gradients and moments of every block's output."""
        return (ActivationGradient(every=30, layers=BLOCKS), ActivationMoments(every=30, layers=BLOCKS))

    def claims(self) -> tuple[Claim, ...]:
        """The positive control, accuracy, gradient, and theory."""
        return (
            self._normalisation_helps(),
            self._learns_best_inside("", "normalisation_helps"),
            *([self._learns_best_inside("conv-")] if self.convolutional else []),
            self._most_even_inside(),
            self._as_theory_expects(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Gradient and deviation by block, loss; the profiles at one rate."""
        small = [arm.label for arm in self.arms() if arm.settings["learning_rate"] == self.rates[1]]
        return (
            Figure(
                "depth_profile",
                "Gradient at the output of each block. A line that rises towards the left means that the gradient grows on its way "
                "back.",
                {"column": "activation_gradient_rms", "layers": BLOCKS, "options": {"arms": small}},
            ),
            Figure(
                "depth_profile",
                "Standard deviation of each block's output. Without normalisation it grows by the same factor at every block, with "
                "normalisation inside the block or first in it slowly, and with normalisation after the addition not at all.",
                {"column": "activation_std", "layers": BLOCKS, "options": {"arms": small}},
            ),
            loss_curve(),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "Inside the block, because this keeps the gradient more even across the depth.",
                {"most_even_inside": "supported"},
            ),
            Answer(
                "The gradient gives no reason to put it inside the block: elsewhere it is no less even.",
                {"most_even_inside": "refuted"},
            ),
            Answer(
                "Whether the gradient is more even with it inside the block depends on the alternative.",
                {"most_even_inside": "mixed"},
            ),
            Answer(
                "Each at its best rate, the network also learns best with it inside the block.",
                {"learns_best_inside": "supported"},
            ),
            Answer(
                "Each at its best rate, it learns better this way than with some alternatives and not with others.",
                {"learns_best_inside": "mixed"},
            ),
            Answer("Each at its best rate, it learns no better this way.", {"learns_best_inside": "refuted"}),
            *CONVOLUTIONAL_ANSWERS[: 2 * self.convolutional],
        )

    def _stem(self, data: Data, convolutional: bool) -> Callable[[keras.KerasTensor], keras.KerasTensor]:
        if not convolutional:
            return dense(data, "stem", self.width, None, "lecun_normal")
        return keras.Sequential([picture(data), convolution(data, "stem", self.channels)], name="pictures")

    def _block(self, data: Data, x: keras.KerasTensor, settings: Mapping[str, Any], number: int) -> keras.KerasTensor:
        order, name = settings["order"], f"hidden_{number}"
        normal = keras.layers.BatchNormalization(momentum=self.momentum, name=f"normalised_{number}")
        relu = keras.layers.Activation("relu", name=f"activated_{number}")
        hidden = (
            convolution(data, name, self.channels)
            if settings["convolutional"]
            else dense(data, name, self.width, None, "he_normal")
        )
        if order == "plain":
            return keras.layers.Activation("relu", name=f"block_{number}")(hidden(x))
        if order == "first":
            return keras.layers.Add(name=f"block_{number}")([x, hidden(relu(normal(x)))])
        branch = relu(normal(hidden(x))) if order == "inside" else relu(hidden(x))
        if order != "after":
            return keras.layers.Add(name=f"block_{number}")([x, branch])
        added = keras.layers.Add(name=f"added_{number}")([x, branch])
        return keras.layers.BatchNormalization(momentum=self.momentum, name=f"block_{number}")(added)

    def _accuracy(self, kind: str, treated: str, control: str) -> Part:
        label = f"{ORDERS[treated]} against {ORDERS[control]}"
        held = {"threshold": self.better, "unit": "share of test images"}
        return final(label, "accuracy", sweep(f"{kind}{treated}"), sweep(f"{kind}{control}"), **held)

    def _normalisation_helps(self) -> Claim:
        return Claim(
            name="normalisation_helps",
            statement="Batch normalisation inside the block helps a residual network at all (positive control).",
            parts=(self._accuracy("", "inside", "none"),),
            threshold=f"supported when test accuracy is higher by more than {self.better:g}, each network at its best rate; otherwise "
            "placements are not ranked",
            outcomes={"": "The difference is {low}."},
        )

    def _learns_best_inside(self, kind: str, control: str = "") -> Claim:
        others = [order for order in (CONVOLUTIONAL if kind else ORDERS) if order != "inside"]
        return Claim(
            name="learns_best_inside_convolutional" if kind else "learns_best_inside",
            statement=f"A {NETWORKS[kind]} learns better with batch normalisation inside the block than with any alternative.",
            parts=tuple(self._accuracy(kind, "inside", other) for other in others),
            threshold=f"supported when test accuracy after {self.epochs} epochs is higher by more than {self.better:g} than with every "
            "alternative, each at the rate that does best on the validation part",
            outcomes={"": "Better: {supported}. Not better: {refuted}. Differences range from {low} to {high}."},
            requires=control,
        )

    def _most_even_inside(self) -> Claim:
        return Claim(
            name="most_even_inside",
            statement="Batch normalisation inside the block keeps the gradient more even across the depth.",
            parts=tuple(
                Part(
                    label=f"against {ORDERS[other]}",
                    measure="uneven_depth",
                    parameters={"layers": BLOCKS, "step": 0},
                    treated=swept("inside", self.rates[0]),
                    control=swept(other, self.rates[0]),
                    expects="less",
                    unit="decades per block",
                )
                for other in ("after", "none")
            ),
            threshold="supported when the absolute depth slope of the gradient before the first update is smaller",
            outcomes={"": "More even: {supported}. Less even: {refuted}. Differences range from {low} to {high}."},
        )

    def _as_theory_expects(self) -> Claim:
        return Claim(
            name="as_theory_expects",
            statement="The gradient grows from block to block as mean-field theory predicts.",
            parts=tuple(
                Part(
                    label=f"{ORDERS[order]}: {slope + 0.0:.3f} predicted".replace("-", "−"),
                    measure="depth_slope",
                    parameters={"layers": BLOCKS, "step": 0},
                    treated=swept(order, self.rates[0]),
                    expects="equal",
                    threshold=float(slope),
                    margin=self.same_slope,
                    unit="decades per block",
                )
                for order, slope in SLOPES.items()
            ),
            threshold=f"supported when the measured slope is within {self.same_slope:g} decades per block of −½ log₁₀ χ: χ is 2 "
            "without normalisation, 2 / (2 − 1/π) with it after the addition, and 1 without addition",
            outcomes={
                "": "As predicted: {supported}. Not: {refuted}. The theory holds for infinite width; "
                "without normalisation, networks approach it slowly as they get wider."
            },
        )


def _settings(order: str, rate: float, convolutional: bool = False) -> dict[str, Any]:
    return {"order": order, "learning_rate": rate, "convolutional": convolutional}
