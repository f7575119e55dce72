"""Is a dropout rate of 0.5 best because the number of sub-networks is largest there?

Dropping k of n units leaves one of C(n, k) sub-networks. Their number is largest at k = n/2, where the entropy of a mask is
n bits. But training draws only one mask per example and step, a few thousand in all. Even at a rate of 0.1 a hundred units
have 2⁴⁴ masks, so their number is not a limit at any rate used in practice. The rate sets the strength of a regulariser (Wager
et al. derive an adaptive penalty that grows with p/q), and its best value depends on the data and the network.

References: Srivastava et al. 2014, Dropout, JMLR 15:1929; Wager et al. 2013, arXiv 1307.1493 (dropout as a penalty).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
from scipy import special

from probes.gradient_norm import GradientNorm
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario


@dataclass(frozen=True, kw_only=True)
class DropoutRate(Scenario):
    """A classifier with one wide layer at several dropout rates, on few examples so that a regulariser can help.

    Args:
        width: number of hidden units, n.
        examples: number of training examples used.
        usual: the rate that the statement is about.
        others: the rates that it is compared with; 0 means no dropout.
        same_accuracy: accuracies closer than this count as equal: one percentage point, less than four of 360 test images.
    """

    seeds: int = 10
    epochs: int = 15
    width: int = 100
    examples: int = 300
    usual: float = 0.5
    others: tuple[float, ...] = (0.0, 0.1, 0.3, 0.7)
    same_accuracy: float = 0.01

    question: ClassVar = "Is a dropout rate of 0.5 best because it has the most sub-networks?"
    objection: ClassVar = (
        "This is one hidden layer of 100 units on 300 images, with rates 0.1 to 0.2 apart: a larger network may "
        "have a different best rate. That the number of masks is no limit does not rule out other reasons for a "
        "rate of 0.5."
    )
    less: ClassVar = {"epochs": 6, "others": (0.0, 0.1)}

    def arms(self) -> tuple[Arm, ...]:
        """One arm per rate, from no dropout to the largest rate."""
        return tuple(
            Arm(
                self._name(rate),
                f"rate {rate:g}" if rate else "no dropout",
                {"rate": rate, "series": f"{self.width} units"},
            )
            for rate in sorted({self.usual, *self.others})
        )

    def prepare(self, arm: Arm, data: Data) -> Data:
        """The first examples only."""
        return data.first(self.examples)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense ``hidden``, ``dropout`` and ``logits``."""
        layers = [
            keras.Input(data.x_train.shape[1:], name="inputs"),
            keras.layers.Dense(self.width, activation="relu", kernel_initializer="he_normal", name="hidden"),
            keras.layers.Dropout(arm.settings["rate"], name="dropout"),
            keras.layers.Dense(data.outputs, name="logits"),
        ]
        return keras.Sequential(layers, name="classifier")

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Adam."""
        return keras.optimizers.Adam(0.003)

    def probes(self) -> tuple[Probe, ...]:
        """Gradients, every 20 steps."""
        return (GradientNorm(every=20),)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Number of masks, entropy of a mask, and number of masks drawn, all in bits."""
        dropped = arm.settings["rate"] * self.width
        return {
            "log2_masks": log2_count(self.width, dropped),
            "entropy": self.width * binary_entropy(arm.settings["rate"]),
            "log2_drawn": float(np.log2(self.epochs * len(data.x_train))),
            "spare": log2_count(self.width, dropped) - float(np.log2(self.epochs * len(data.x_train))),
        }

    def claims(self) -> tuple[Claim, ...]:
        """The number of sub-networks, whether it is a limit, and accuracy."""
        return (
            self._most_subnetworks(),
            self._count_is_a_limit(),
            self._best_accuracy(),
            self._same_accuracy(),
            self._better_than_none(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Masks and accuracy against the rate, loss over the steps."""
        rates = np.linspace(0, max(self.usual, *self.others), 29)
        entropy = [[float(rate), self.width * binary_entropy(float(rate))] for rate in rates]
        place = {"setting": "rate", "series": "series"}
        return (
            Figure(
                "by_setting",
                "Number of masks that drop exactly this share of the units, as a power of 2; the dashed line is the entropy of a "
                "mask. Both are largest at 0.5. At every rate above 0 both are far above the dotted line, the number of masks that "
                "training draws.",
                {
                    "column": "log2_masks",
                    "title": "Sub-networks",
                    **place,
                    "options": {
                        "x": "dropout rate",
                        "label": "masks (bits)",
                        "theory": {f"{self.width} units": entropy},
                        "guide": [float(np.log2(self.epochs * self.examples)), "masks drawn in training"],
                    },
                },
            ),
            Figure(
                "by_setting",
                "Test accuracy at the end of training. If the number of sub-networks determined accuracy, it would be highest at the "
                "same rate.",
                {
                    "column": "test_accuracy",
                    "title": "Accuracy",
                    "measure": "final_scalar",
                    "of": ACCURACY,
                    **place,
                    "options": {"x": "dropout rate", "label": "accuracy on the test images (share)"},
                },
            ),
            Figure(
                "curves",
                "Loss on the training batches (dropout on) and on the test images (dropout off). A regulariser can narrow the gap "
                "between them.",
                {"column": "loss"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "It has the most sub-networks, but that is no reason to prefer it: at every rate tried there are far more "
                "sub-networks than training can use.",
                {"most_subnetworks": "supported", "count_is_a_limit": "refuted"},
            ),
            Answer("It is also the most accurate of the rates tried.", {"best_accuracy": "supported"}),
            Answer("Accuracy is lower at 0.5 than at the other rates.", {"best_accuracy": "refuted"}),
            Answer("These runs do not show that accuracy is highest at 0.5.", {"best_accuracy": "mixed|open"}),
        )

    @staticmethod
    def _name(rate: float) -> str:
        return f"rate-{rate:g}"

    def _most_subnetworks(self) -> Claim:
        return Claim(
            name="most_subnetworks",
            statement=f"The number of sub-networks C(n, k) is largest at a rate of {self.usual:g}.",
            parts=tuple(
                self._against(rate, "recorded", {"name": "log2_masks"}, unit="bits", method="check")
                for rate in self._compared
            ),
            threshold="exact: the number must be larger than at every other rate",
            outcomes={
                "supported": "It is: the number is larger by a factor of 2 to the power of {low} to {high}.",
                "": "Larger than at: {supported}. Not larger than at: {refuted}.",
            },
        )

    def _count_is_a_limit(self) -> Claim:
        return Claim(
            name="count_is_a_limit",
            statement="At other rates training runs out of sub-networks.",
            parts=tuple(
                Part(
                    f"rate {rate:g}",
                    "recorded",
                    {"name": "spare"},
                    treated=self._name(rate),
                    expects="less",
                    unit="bits",
                    method="check",
                )
                for rate in self._compared
            ),
            threshold="exact: fewer sub-networks than training draws masks, one for each example in each step",
            outcomes={
                "refuted": "It does not: at every rate there are 2 to the power of {low} to {high} times as many sub-networks as "
                "training draws masks.",
                "": "Fewer than masks drawn: {supported}. More: {refuted}.",
            },
        )

    def _best_accuracy(self) -> Claim:
        return Claim(
            name="best_accuracy",
            statement=f"Test accuracy is higher at a rate of {self.usual:g} than at other rates.",
            parts=tuple(self._against(rate, "final_scalar", ACCURACY, unit="share") for rate in self._compared),
            threshold="supported when it is higher than at every other rate above 0",
            outcomes={
                "": "Higher than at: {supported}. Lower than at: {refuted}. Differences range from {low} to {high}."
            },
        )

    def _same_accuracy(self) -> Claim:
        return Claim(
            name="same_accuracy",
            statement=f"Other rates reach the same test accuracy as {self.usual:g}.",
            parts=tuple(
                self._against(rate, "final_scalar", ACCURACY, unit="share", expects="equal", margin=self.same_accuracy)
                for rate in self._compared
            ),
            threshold=f"supported when test accuracies differ by less than {self.same_accuracy:g}",
            outcomes={"": "Same: {supported}. Different: {refuted}. Differences range from {low} to {high}."},
        )

    def _better_than_none(self) -> Claim:
        return Claim(
            name="better_than_none",
            statement=f"Test accuracy is higher at a rate of {self.usual:g} than without dropout.",
            parts=(self._against(0.0, "final_scalar", ACCURACY, unit="share"),),
            threshold="supported when it is higher",
            outcomes={"": "The difference is {low} of the test images."},
        )

    @property
    def _compared(self) -> list[float]:
        return [rate for rate in self.others if rate]

    def _against(self, rate: float, measure: str, parameters: Mapping, **held) -> Part:
        treated, control = self._name(self.usual), self._name(rate)
        return Part(f"rate {rate:g}" if rate else "none", measure, parameters, treated=treated, control=control, **held)


ACCURACY = {"column": "accuracy", "split": "test"}


def log2_count(units: int, dropped: float) -> float:
    """Log₂ C(n, k) for any k in [0, n]: the number of masks that drop k of n units, in bits."""
    return float(-(np.log(units + 1) + special.betaln(units - dropped + 1, dropped + 1)) / np.log(2))


def binary_entropy(rate: float) -> float:
    """−p log₂ p − q log₂ q: the entropy of one element of a mask, in bits."""
    return float((special.entr(rate) + special.entr(1 - rate)) / np.log(2))
