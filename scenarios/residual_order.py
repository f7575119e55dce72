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

from probes.activation_gradient import ActivationGradient
from probes.activation_moments import ActivationMoments
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.layers import convolution, dense, picture
from scenarios.shared.parts import loss_curve, swept
from scenarios.shared.residual_answers import ANSWERS
from scenarios.shared.residual_answers import CONVOLUTIONAL as CONVOLUTIONAL_ANSWERS
from scenarios.shared.residual_claims import (
    CONVOLUTIONAL,
    ORDERS,
    accuracy,
    as_theory_expects,
    better_first,
    better_inside,
    diverges_without,
    no_worse_first,
    normalisation_helps,
    same_in_convolutional,
)

BLOCKS = "block_*"


@dataclass(frozen=True, kw_only=True)
class ResidualOrder(Scenario):
    """Classifiers of 20 one-layer blocks that differ in where they normalise and whether they have skip connections.

    Args:
        depth: blocks.
        width: units in each.
        rates: learning rates of plain SGD; each network is judged at the one that does best on the validation part.
        lower: further ones of the network without normalisation, which diverges at larger ones.
        higher: further ones of the network with normalisation after the addition, which bears them.
        momentum: of the moving statistics; with 0.9 they have caught up with the weights after a few dozen steps, while Keras'
            default of 0.99 would leave a third of the initial statistics in inference here.
        as_predicted: a slope agrees with theory within this share of the prediction; where that is 0, of the largest prediction.
        better: accuracies that differ by less than this are similar: two points, seven of the 360 test images.
        soon: a network that diverges within this many steps, an epoch, has not begun to learn.
        convolutional: also compare placements in a small convolutional network, as a thorough run does.
        few_blocks: blocks of that network.
        channels: of each of its convolutions.
        few_rates: its learning rates with normalisation first in the block or without.
        few_higher: its learning rates with normalisation inside the branch or after the addition.
    """

    epochs: int = 3
    depth: int = 20
    width: int = 100
    rates: tuple[float, ...] = (1e-3, 1e-2, 3e-2, 1e-1)
    lower: tuple[float, ...] = (1e-6, 1e-5, 1e-4)
    higher: tuple[float, ...] = (0.3,)
    momentum: float = 0.9
    as_predicted: float = 0.1
    better: float = 0.02
    soon: int = 34
    convolutional: bool = False
    few_blocks: int = 4
    channels: int = 8
    few_rates: tuple[float, ...] = (0.01, 0.03, 0.1)
    few_higher: tuple[float, ...] = (0.03, 0.1, 0.2)

    question: ClassVar = "Where does batch normalisation belong in a residual network?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: where the block normalises, whether it has "
        "a skip connection, the learning rate and, where they were trained, four convolutional blocks in place of 20 dense ones. "
        "Not varied: ReLU, He weights that are not scaled down, plain SGD, three epochs of digits. The depth profiles follow from "
        "the weights at the start; the ranking holds for short training."
    )
    objection: ClassVar = (
        "Three epochs: longer training and larger networks may differ. The best rate is known only to within the grid, whose rates "
        "are a factor of 3 to 10 apart. Without normalisation the weights of the branch were not scaled down, as one would in "
        "practice; He in both paths then doubles the variance at every block."
    )
    more: ClassVar = {"convolutional": True}
    less: ClassVar = {"depth": 10, "rates": (1e-3, 1e-2), "lower": (1e-5,), "higher": ()}

    def arms(self) -> tuple[Arm, ...]:
        """Normalisation inside the branch, first in the block, after the addition and nowhere; the stack without additions."""
        dense = tuple(
            Arm(swept(order, rate), f"{label}, rate {rate:g}", _settings(order, rate))
            for order, label in ORDERS.items()
            for rate in self._rates(order)
        )
        convolutional = tuple(
            Arm(
                swept(f"conv-{order}", rate),
                f"convolutional, {ORDERS[order]}, rate {rate:g}",
                _settings(order, rate, True),
            )
            for order in CONVOLUTIONAL
            for rate in (self.few_higher if order in ("inside", "after") else self.few_rates)
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
        """The positive control, divergence, accuracy, gradient, and theory."""
        return (
            normalisation_helps(self.better),
            diverges_without((self.lower[-1], *self.rates), self.soon),
            better_first(self.epochs),
            no_worse_first(self.epochs, self.better),
            better_inside(self.epochs, self.better),
            *([same_in_convolutional(self.epochs, self.better)] if self.convolutional else []),
            self._most_even_inside(),
            self._even_is_not_enough(),
            as_theory_expects(self.rates[0], self.as_predicted),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Gradient and deviation by block, loss; the profiles at one rate."""
        small = [arm.label for arm in self.arms() if arm.settings["learning_rate"] == self.rates[0]]
        return (
            Figure(
                "depth_profile",
                "Gradient at the output of each block. A line that rises towards the left means that the gradient grows on its way "
                "back: steeply without normalisation, gently with it. The level line belongs to the network without additions.",
                {"column": "activation_gradient_rms", "layers": BLOCKS, "options": {"arms": small}},
            ),
            Figure(
                "depth_profile",
                "Standard deviation of each block's output. Without normalisation it grows by the same factor at every block, with "
                "normalisation inside the branch or first in the block slowly, and with normalisation after the addition not at "
                "all.",
                {"column": "activation_std", "layers": BLOCKS, "options": {"arms": small}},
            ),
            loss_curve(
                "A line that ends early belongs to a loss that became infinite: so do those of the dense network without "
                "normalisation, within its first steps, at rates from 0.0001 on."
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (*ANSWERS, *(CONVOLUTIONAL_ANSWERS if self.convolutional else ()))

    def _rates(self, order: str) -> tuple[float, ...]:
        """The learning rates of the dense network with this placement."""
        return {"none": (*self.lower, *self.rates), "after": (*self.rates, *self.higher)}.get(order, self.rates)

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

    def _most_even_inside(self) -> Claim:
        return Claim(
            name="most_even_inside",
            statement="Inside the branch, the gradient is more even across the depth than after the addition or without normalisation.",
            parts=tuple(self._evenness("inside", other, f"against {ORDERS[other]}") for other in ("after", "none")),
            threshold="supported when the absolute depth slope of the gradient before the first update is smaller",
            outcomes={
                "": "More even: {supported}. Less even: {refuted}. Absolute slope: {low} to {high} decades per block (negative: "
                "more even; a decade is a factor of 10)."
            },
        )

    def _even_is_not_enough(self) -> Claim:
        return Claim(
            name="even_is_not_enough",
            statement="Without addition and normalisation the gradient is more even than with both, and the network less accurate.",
            parts=(
                self._evenness("plain", "inside", "gradient"),
                accuracy("plain", "inside", expects="less", threshold=-self.better, label="accuracy"),
            ),
            threshold="supported when the absolute depth slope before the first update is smaller than with normalisation inside "
            f"the branch, and test accuracy is lower by more than {self.better:g}",
            outcomes={"": "As stated: {supported}. Not as stated: {refuted}."},
        )

    def _evenness(self, treated: str, control: str, label: str) -> Part:
        """Absolute depth slope of the gradient before the first update, which the learning rate cannot change."""
        of, arms = {"layers": BLOCKS, "step": 0}, (swept(treated, self.rates[0]), swept(control, self.rates[0]))
        return Part(label, "uneven_depth", of, *arms, expects="less", unit="decades per block")


def _settings(order: str, rate: float, convolutional: bool = False) -> dict[str, Any]:
    return {"order": order, "learning_rate": rate, "convolutional": convolutional}
