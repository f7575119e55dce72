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

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np

from probes.activation_gradient import ActivationGradient
from probes.activation_moments import ActivationMoments
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.layers import dense
from scenarios.shared.parts import final, loss_curve, sweep, swept

BLOCKS = "block_*"
ORDERS = {
    "inside": "BN inside",
    "first": "BN first in the block",
    "after": "BN after addition",
    "none": "no BN",
    "plain": "no addition, no BN",
}
SLOPES = {"none": -0.5 * np.log10(2), "after": -0.5 * np.log10(2 / (2 - 1 / np.pi)), "plain": 0.0}
"""Depth slope of the gradient before the first update that mean-field theory predicts, in decades per block."""


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
    """

    epochs: int = 3
    depth: int = 20
    width: int = 100
    rates: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1)
    momentum: float = 0.9
    same_slope: float = 0.03
    better: float = 0.02

    question: ClassVar = "Where does batch normalisation belong in a residual network?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: where the block normalises, whether it "
        "has a skip connection, and the learning rate. Not varied: 20 dense blocks of 100 units, ReLU, He, three epochs of "
        "digits. The depth profiles hold for any data; the ranking by accuracy holds for short training."
    )
    objection: ClassVar = (
        "Three epochs of dense blocks: longer training and convolutional networks may differ. Rates are a decade apart, so each "
        "network's best rate is known to within a factor of three."
    )
    less: ClassVar = {"depth": 10, "rates": (1e-3, 1e-2)}

    def arms(self) -> tuple[Arm, ...]:
        """Normalisation inside the branch, first in the block, after the addition and nowhere; the stack without additions."""
        return tuple(
            Arm(swept(order, rate), f"{label}, {rate:g}", {"order": order, "learning_rate": rate})
            for order, label in ORDERS.items()
            for rate in self.rates
        )

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """A stem, blocks whose outputs are the layers ``block_n``, and ``logits``."""
        inputs = keras.Input(data.x_train.shape[1:], name="inputs")
        x = dense(data, "stem", self.width, None, "lecun_normal")(inputs)
        for number in range(1, self.depth + 1):
            x = self._block(data, x, arm.settings["order"], number)
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
            self._learns_best_inside(),
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
                "Each at its best rate, it learns better this way than some alternatives and no better than others.",
                {"learns_best_inside": "mixed"},
            ),
            Answer(
                "Each at its best rate, the network does not learn better this way than with every alternative.",
                {"learns_best_inside": "refuted"},
            ),
        )

    def _block(self, data: Data, x: keras.KerasTensor, order: str, number: int) -> keras.KerasTensor:
        normal = keras.layers.BatchNormalization(momentum=self.momentum, name=f"normalised_{number}")
        relu = keras.layers.Activation("relu", name=f"activated_{number}")
        hidden = dense(data, f"hidden_{number}", self.width, None, "he_normal")
        if order == "plain":
            return keras.layers.Activation("relu", name=f"block_{number}")(hidden(x))
        if order == "first":
            return keras.layers.Add(name=f"block_{number}")([x, hidden(relu(normal(x)))])
        branch = relu(normal(hidden(x))) if order == "inside" else relu(hidden(x))
        if order != "after":
            return keras.layers.Add(name=f"block_{number}")([x, branch])
        added = keras.layers.Add(name=f"added_{number}")([x, branch])
        return keras.layers.BatchNormalization(momentum=self.momentum, name=f"block_{number}")(added)

    def _accuracy(self, treated: str, control: str) -> Part:
        label = f"{ORDERS[treated]} against {ORDERS[control]}"
        held = {"threshold": self.better, "unit": "share of test images"}
        return final(label, "accuracy", sweep(treated), sweep(control), **held)

    def _normalisation_helps(self) -> Claim:
        return Claim(
            name="normalisation_helps",
            statement="Batch normalisation inside the block helps a residual network at all (positive control).",
            parts=(self._accuracy("inside", "none"),),
            threshold=f"supported when test accuracy is higher by more than {self.better:g}, each network at its best rate; otherwise "
            "placements are not ranked",
            outcomes={"": "The difference is {low}."},
        )

    def _learns_best_inside(self) -> Claim:
        return Claim(
            name="learns_best_inside",
            statement="A network learns better with batch normalisation inside the block than with any alternative.",
            parts=tuple(self._accuracy("inside", other) for other in ORDERS if other != "inside"),
            threshold=f"supported when test accuracy after {self.epochs} epochs is higher by more than {self.better:g} than with every "
            "alternative, each at the rate that does best on the validation part",
            outcomes={"": "Better: {supported}. Not better: {refuted}. Differences range from {low} to {high}."},
            requires="normalisation_helps",
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
