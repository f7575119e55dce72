"""Where does batch normalisation belong in a residual network?

A residual block adds the output of its branch to its input: x + F(x). Without normalisation, with ReLU and He, the mean square
of x doubles at every block, and so does the squared gradient during backpropagation: χ = 2. Batch normalisation inside the
branch makes every block add the same amount, so that size grows linearly and not exponentially. Batch normalisation after the
addition normalises the sum, which also shrinks the identity path by the same factor at every block: χ = 2 / (2 − 1/π) ≈ 1.19.
Both values of χ are limits for infinite width. Without normalisation the limit is approached slowly: 20 blocks with random
Gaussian weights give a slope of −0.19 decades per block at width 100, −0.17 at 400 and −0.16 at 1,600; the limit is −0.15.

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
"""Depth slope of the gradient before the first update that mean-field theory predicts, in decades per block."""


@dataclass(frozen=True, kw_only=True)
class ResidualOrder(Scenario):
    """Classifiers of 20 one-layer blocks that differ in where they normalise and whether they have skip connections.

    Args:
        depth: blocks.
        width: units in each.
        rate: the learning rate; plain SGD.
        same_slope: slopes closer than this count as equal, in decades per block.
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
        "The tests cover three epochs, one learning rate and dense blocks: longer training and convolutional networks "
        "may differ. Only three placements of normalisation are compared; the one of later residual networks, first "
        "in the block, is not among them."
    )
    less: ClassVar = {"depth": 10}

    def arms(self) -> tuple[Arm, ...]:
        """Normalisation inside the branch, after the addition and nowhere, and the stack without additions."""
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
        """Gradients and moments of every block's output."""
        return (ActivationGradient(every=15, layers=BLOCKS), ActivationMoments(every=15, layers=BLOCKS))

    def claims(self) -> tuple[Claim, ...]:
        """Accuracy, gradient, and theory."""
        return (self._learns_best_inside(), self._most_even_inside(), self._as_theory_expects())

    def figures(self) -> tuple[Figure, ...]:
        """Gradient and deviation by block, loss."""
        return (
            Figure(
                "depth_profile",
                "Gradient at the output of each block. A line that rises towards the left means that the gradient grows on its way "
                "back.",
                {"column": "activation_gradient_rms", "layers": BLOCKS},
            ),
            Figure(
                "depth_profile",
                "Standard deviation of each block's output. Theory predicts that its square doubles at every block without "
                "normalisation, grows slowly with normalisation inside the block, and stays at 1 with normalisation after the "
                "addition.",
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
                "Inside the block, because this keeps the gradient more even across the depth.",
                {"most_even_inside": "supported"},
            ),
            Answer(
                "The gradient gives no reason to put it inside the block: elsewhere it is no less even.",
                {"most_even_inside": "refuted"},
            ),
            Answer("The network learns best with it inside the block.", {"learns_best_inside": "supported"}),
            Answer(
                "In these few steps the network does not learn better this way than with every alternative.",
                {"learns_best_inside": "mixed|refuted"},
            ),
            Answer(
                "These few steps do not show whether the network also learns best this way.",
                {"learns_best_inside": "open"},
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
            statement="A network learns better with batch normalisation inside the block than with any alternative.",
            parts=tuple(
                Part(
                    label=f"against {ORDERS[other]}",
                    measure="final_scalar",
                    parameters={"column": "accuracy", "split": "test"},
                    treated="inside",
                    control=other,
                    threshold=self.better,
                    unit="share of test images",
                )
                for other in ("after", "none", "plain")
            ),
            threshold=f"supported when accuracy on the test images after {self.epochs} epochs is higher by more than {self.better:g}",
            outcomes={
                "": "Better: {supported}. Not better: {refuted}. Open: {open}. Differences range from {low} to {high}."
            },
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
                    treated="inside",
                    control=other,
                    expects="less",
                    unit="decades per block",
                )
                for other in ("after", "none")
            ),
            threshold="supported when the absolute depth slope of the gradient before the first update is smaller",
            outcomes={
                "": "More even: {supported}. Less even: {refuted}. Open: {open}. Differences range from {low} to "
                "{high}."
            },
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
                    treated=order,
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
                "": "As predicted: {supported}. Not: {refuted}. Open: {open}. The theory holds for infinite width; "
                "without normalisation, networks approach it slowly as they get wider."
            },
        )
