"""Where does batch normalisation belong in a residual network?

A residual block adds what its branch computes to what came in: x + F(x). Without normalisation the size of x doubles with
every block under ReLU and He, and so does the squared gradient on its way back: χ = 2. Batch normalisation inside the branch
leaves the addition free: every block adds the same amount, so that size grows linearly and not exponentially. Behind the
addition it normalises the sum, and with it shrinks the identity by the same factor at every block: χ = 2 / (2 − 1/π) ≈ 1.19.
Both are limits of infinite width. Without normalisation the limit is far: 20 blocks of random Gaussian weights give a slope
of −0.19 decades per block at width 100, −0.17 at 400 and −0.16 at 1,600, against −0.15.

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

BLOCKS = "block_*"
ORDERS = {"inside": "BN inside", "after": "BN after addition", "none": "no BN", "plain": "no addition, no BN"}
SLOPES = {"none": -0.5 * np.log10(2), "after": -0.5 * np.log10(2 / (2 - 1 / np.pi)), "plain": 0.0}
"""Depth slope of the gradient that mean-field theory expects before the first update, in decades per block."""


@dataclass(frozen=True, kw_only=True)
class ResidualOrder(Scenario):
    """Classifiers of 20 blocks of one dense layer, which differ in where they normalise and whether they add.

    Args:
        depth: blocks.
        width: units in each.
        rate: the learning rate; plain SGD.
        same_slope: slopes closer than this do not differ, in decades per block.
        better: an accuracy that is higher by less than this is no better: seven of the 360 test images.
    """

    seeds: int = 8
    epochs: int = 3
    depth: int = 20
    width: int = 100
    rate: float = 0.01
    same_slope: float = 0.03
    better: float = 0.02

    question: ClassVar = "Where does batch normalisation belong in a residual network?"
    objection: ClassVar = (
        "Three epochs, one learning rate, dense blocks: what learns best in the long run, or in convolutional "
        "networks, is not asked. Only three places of normalisation are compared; normalising first in the "
        "block, as later residual networks do, is not among them."
    )
    less: ClassVar = {"depth": 10}

    def arms(self) -> tuple[Arm, ...]:
        """Inside the branch, behind the addition, nowhere; and the same stack without additions."""
        return tuple(Arm(name=order, label=label, settings={"order": order}) for order, label in ORDERS.items())

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """A stem, blocks whose outputs are the layers ``block_n``, and ``logits``."""
        inputs = keras.Input(data.x_train.shape[1:], name="inputs")
        x = keras.layers.Dense(self.width, kernel_initializer="lecun_normal", name="stem")(inputs)
        for number in range(1, self.depth + 1):
            x = self._block(x, arm.settings["order"], number)
        return keras.Model(inputs, keras.layers.Dense(data.classes, name="logits")(x), name="classifier")

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        del arm
        return keras.optimizers.SGD(self.rate)

    def probes(self) -> tuple[Probe, ...]:
        """Gradient and moments at every block's output."""
        return (ActivationGradient(every=15, layers=BLOCKS), ActivationMoments(every=15, layers=BLOCKS))

    def claims(self) -> tuple[Claim, ...]:
        """Accuracy, gradient, and theory."""
        return (self._learns_best_inside(), self._most_even_inside(), self._as_theory_expects())

    def figures(self) -> tuple[Figure, ...]:
        """Gradient and deviation by block, loss."""
        return (
            Figure(
                "depth_profile",
                "Gradient at the output of each block. A line that rises towards the left is gradient that grows on its way back.",
                {"column": "activation_gradient_rms", "layers": BLOCKS},
            ),
            Figure(
                "depth_profile",
                "Deviation of each block's output. By theory its square doubles at every block without normalisation, grows slowly "
                "with it inside, and stays at 1 with it behind the addition.",
                {"column": "activation_std", "layers": BLOCKS},
            ),
            Figure(
                "curves",
                "Training loss, median and range over the seeds; the dotted line is chance.",
                {"column": "loss", "split": "train", "guide": "chance"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "Inside the block: there the gradient stays more even over the depth.",
                {"most_even_inside": "supported"},
            ),
            Answer("Not for the gradient's sake: elsewhere it stays as even.", {"most_even_inside": "refuted"}),
            Answer("There the network also learns best.", {"learns_best_inside": "supported"}),
            Answer(
                "In these few steps it does not learn better there than everywhere else.",
                {"learns_best_inside": "mixed|refuted"},
            ),
            Answer(
                "That it also learns best there is not settled in so few steps.", {"learns_best_inside": "inconclusive"}
            ),
        )

    def _block(self, x: keras.KerasTensor, order: str, number: int) -> keras.KerasTensor:
        branch = keras.layers.Dense(self.width, kernel_initializer="he_normal", name=f"hidden_{number}")(x)
        if order == "inside":
            branch = keras.layers.BatchNormalization(name=f"normalised_{number}")(branch)
        if order == "plain":
            return keras.layers.Activation("relu", name=f"block_{number}")(branch)
        branch = keras.layers.Activation("relu", name=f"activated_{number}")(branch)
        if order != "after":
            return keras.layers.Add(name=f"block_{number}")([x, branch])
        added = keras.layers.Add(name=f"added_{number}")([x, branch])
        return keras.layers.BatchNormalization(name=f"block_{number}")(added)

    def _learns_best_inside(self) -> Claim:
        return Claim(
            name="learns_best_inside",
            statement="With batch normalisation inside the block the network learns better than otherwise.",
            parts=tuple(
                Part(
                    label=f"against {ORDERS[other]}",
                    measure="final_scalar",
                    parameters={"column": "accuracy", "split": "validation"},
                    treated="inside",
                    control=other,
                    threshold=self.better,
                    unit="share of test images",
                )
                for other in ("after", "none", "plain")
            ),
            threshold=f"supported when accuracy on the test images after {self.epochs} epochs is higher by more than {self.better:g}",
            outcomes={
                "": "Better: {supported}. Not better: {refuted}. Inconclusive: {inconclusive}. Effects from {low} to {high}."
            },
        )

    def _most_even_inside(self) -> Claim:
        return Claim(
            name="most_even_inside",
            statement="Inside the block it keeps the gradient more even over the depth.",
            parts=tuple(
                Part(
                    label=f"against {ORDERS[other]}",
                    measure="uneven_depth",
                    parameters={"layers": BLOCKS, "step": 0},
                    treated="inside",
                    control=other,
                    expects="less",
                    unit="decades per block",
                )
                for other in ("after", "none")
            ),
            threshold="supported when the size of the gradient's depth slope before the first update is smaller",
            outcomes={
                "": "More even: {supported}. Less even: {refuted}. Inconclusive: {inconclusive}. Effects from {low} to {high}."
            },
        )

    def _as_theory_expects(self) -> Claim:
        return Claim(
            name="as_theory_expects",
            statement="The gradient grows from block to block as mean-field theory expects.",
            parts=tuple(
                Part(
                    label=f"{ORDERS[order]}: {slope + 0.0:.3f} expected".replace("-", "−"),
                    measure="depth_slope",
                    parameters={"layers": BLOCKS, "step": 0},
                    treated=order,
                    expects="equal",
                    threshold=float(slope),
                    margin=self.same_slope,
                    unit="decades per block",
                )
                for order, slope in SLOPES.items()
            ),
            threshold=f"supported when the measured slope is within {self.same_slope:g} decades per block of −½ log₁₀ χ: χ is 2 "
            "without normalisation, 2 / (2 − 1/π) behind the addition, 1 without addition",
            outcomes={
                "": "As expected: {supported}. Not: {refuted}. Inconclusive: {inconclusive}. The theory is for "
                "infinite width; without normalisation the approach to it is slow."
            },
        )
