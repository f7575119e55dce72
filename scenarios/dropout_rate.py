"""Is a dropout rate of 0.5 best because the number of sub-networks is largest there?

Dropping k of n units leaves one of C(n, k) sub-networks. Their number is largest at k = n/2, where the entropy of a mask is
n bits. But training draws only one mask per example and step, a few thousand in all. Even at a rate of 0.1 a hundred units
have 2⁴⁴ masks, so their number is not a limit at any rate used in practice. The rate sets the strength of a regulariser (Wager
et al. derive an adaptive penalty that grows with p/q), and its best value depends on the data and the network.

References: Srivastava et al. 2014, Dropout, JMLR 15:1929; Wager et al. 2013, arXiv 1307.1493 (dropout as a penalty).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import keras
import numpy as np
from scipy import special

from probes.gradient_norm import GradientNorm
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.layers import classifier, dense, dropout
from scenarios.shared.parts import ACCURACY, final, recorded, sweep, swept
from scenarios.shared.rate_answers import ANSWERS
from scenarios.shared.small_training import only_first


@dataclass(frozen=True, kw_only=True)
class DropoutRate(Scenario):
    """A classifier with one wide layer at several dropout rates, on few examples with wrong labels, so that a regulariser helps.

    Args:
        width: number of hidden units, n.
        examples: number of training examples used; the others become test examples.
        wrong: share of them whose label is replaced by one drawn at random. Without this there is hardly any over-fitting to
            prevent on these images, no rate is better than none, and a comparison of rates would mean nothing.
        usual: the rate that the statement is about.
        others: the rates that it is compared with; 0 means no dropout.
        learning_rates: of Adam; each dropout rate has the one most accurate on the validation part; 0.0001 was found too small.
        same_accuracy: accuracies closer than this count as equal: two percentage points, within which networks are called similar.
    """

    epochs: int = 40
    width: int = 100
    examples: int = 300
    wrong: float = 0.3
    usual: float = 0.5
    others: tuple[float, ...] = (0.0, 0.1, 0.3, 0.7, 0.8)
    learning_rates: tuple[float, ...] = (0.0003, 0.001, 0.003, 0.01)
    same_accuracy: float = 0.02

    question: ClassVar = "Is a dropout rate of 0.5 best because it has the most sub-networks?"
    scope: ClassVar = (
        "Each replicate drew weights, masks, the order of examples and the split anew. Varied: dropout rate and learning rate. Not "
        "varied: one hidden layer of 100 units, 300 training images of which three in ten have a wrong label, 40 epochs. The "
        "counts are exact for any network of this width; which rate is most accurate holds for this one."
    )
    objection: ClassVar = (
        "This is one hidden layer of 100 units on 300 images: a larger network may have a different best rate. The wrong labels "
        "were added so that there is over-fitting to prevent, and no training was stopped early, which might prevent it as well. "
        "All rates were trained for 40 epochs; high ones learn more slowly and may need more. That the number of masks is no "
        "limit does not rule out other reasons for a rate of 0.5."
    )
    more: ClassVar = {"others": (0.0, 0.1, 0.3, 0.7, 0.8, 0.9)}
    less: ClassVar = {"epochs": 6, "others": (0.0, 0.1), "learning_rates": (0.003,)}

    def arms(self) -> tuple[Arm, ...]:
        """Every dropout rate, from none to the largest, at every learning rate."""
        return tuple(
            Arm(
                swept(self._name(rate), learning_rate),
                f"{f'dropout {rate:g}' if rate else 'no dropout'}, Adam {learning_rate:g}",
                {"rate": rate, "learning_rate": learning_rate, "series": f"Adam {learning_rate:g}"},
            )
            for rate in sorted({self.usual, *self.others})
            for learning_rate in self.learning_rates
        )

    def prepare(self, arm: Arm, data: Data) -> Data:
        """The first examples only, some of them with a label drawn at random, the same for all arms of a replicate."""
        few = only_first(data, self.examples)
        random = np.random.default_rng(data.replicate)
        wrong = random.random(self.examples) < self.wrong
        return replace(few, y_train=np.where(wrong, random.integers(0, data.classes, self.examples), few.y_train))

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense ``hidden``, ``dropout`` and ``logits``."""
        hidden = dense(data, "hidden", self.width, "relu", "he_normal")
        return classifier(data, hidden, dropout(data, "dropout", arm.settings["rate"]))

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Adam."""
        return keras.optimizers.Adam(arm.settings["learning_rate"])

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
            self._some_rate_helps(),
            self._best_accuracy(),
            self._another_is_as_good(),
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
                "mask. Both are largest at 0.5. At every rate above 0 both are far above the dotted line, the number of masks "
                "that training draws.",
                {
                    "column": "log2_masks",
                    "title": "Sub-networks",
                    **place,
                    "options": {
                        "x": "dropout rate",
                        "label": "masks (bits)",
                        "theory": {f"Adam {rate:g}": entropy for rate in self.learning_rates},
                        "guide": [float(np.log2(self.epochs * self.examples)), "masks drawn in training"],
                    },
                },
            ),
            Figure(
                "by_setting",
                "Accuracy on the test images at the end of training. Without dropout, at the left, the network can learn wrong "
                "labels by heart. If the number of sub-networks decided, accuracy would peak at 0.5 and be the same at 0.3 and "
                "0.7. The verdicts compare each dropout rate at its best learning rate.",
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
                "Loss on the training batches (dropout on, labels partly wrong) and on the validation images (dropout off, labels "
                "right). Where the validation loss turns up while the training loss still falls, wrong labels are being learned.",
                {"column": "loss"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    @staticmethod
    def _name(rate: float) -> str:
        return f"rate-{rate:g}"

    def _most_subnetworks(self) -> Claim:
        return Claim(
            name="most_subnetworks",
            statement=f"The number of sub-networks C(n, k) is largest at a rate of {self.usual:g}.",
            parts=tuple(
                recorded(
                    f"rate {rate:g}",
                    "log2_masks",
                    *(swept(self._name(each), self.learning_rates[0]) for each in (self.usual, rate)),
                    unit="bits",
                    method="check",
                )
                for rate in self._compared
            ),
            threshold="holds by construction, a check of the instrument: the number must be larger than at every other rate",
            outcomes={
                "supported": "It is: by {low} to {high} bits, each of which doubles the number.",
                "": "Larger than at: {supported}. Not larger than at: {refuted}.",
            },
        )

    def _count_is_a_limit(self) -> Claim:
        return Claim(
            name="count_is_a_limit",
            statement="If the number of sub-networks is what matters, training runs out of them at other rates.",
            parts=tuple(
                Part(
                    f"rate {rate:g}",
                    "recorded",
                    {"name": "spare"},
                    treated=swept(self._name(rate), self.learning_rates[0]),
                    expects="less",
                    unit="bits",
                    method="check",
                )
                for rate in self._compared
            ),
            threshold="holds by construction, a check of the instrument: fewer sub-networks than training draws masks, one for "
            "each example in each step",
            outcomes={
                "refuted": "It does not: sub-networks outnumber the masks that training draws by {low} to {high} bits, each of "
                "which doubles the number.",
                "": "Fewer than masks drawn: {supported}. More: {refuted}.",
            },
        )

    def _best_accuracy(self) -> Claim:
        return Claim(
            name="best_accuracy",
            statement=f"Test accuracy is higher by two points at a rate of {self.usual:g} than at other rates.",
            parts=tuple(
                self._against(rate, "final_scalar", ACCURACY, threshold=self.same_accuracy, unit="share of test images")
                for rate in self._compared
            ),
            threshold=f"supported when it is higher by more than {self.same_accuracy:g} than at every other rate above 0, each at "
            "its best learning rate: two points, within which networks are called similar",
            outcomes={
                "": "Higher than at: {supported}. Not higher by that much than at: {refuted}. It differs by {low} to {high}."
            },
            requires="some_rate_helps",
        )

    def _another_is_as_good(self) -> Claim:
        return Claim(
            name="another_is_as_good",
            statement=f"Some other rate reaches the same test accuracy as {self.usual:g}, to within two points.",
            parts=tuple(
                self._against(
                    rate,
                    "final_scalar",
                    ACCURACY,
                    expects="equal",
                    margin=self.same_accuracy,
                    unit="share of test images",
                )
                for rate in self._compared
            ),
            threshold=f"one rate whose test accuracy differs by less than {self.same_accuracy:g} is enough, each at its best "
            "learning rate",
            outcomes={"": "Same: {supported}. Different: {refuted}. A rate of 0.5 differs by {low} to {high}."},
            quantifier="any",
        )

    def _some_rate_helps(self) -> Claim:
        accuracy = {"threshold": 0.0, "unit": "share of test images", "chosen_by": "accuracy"}
        return Claim(
            name="some_rate_helps",
            statement="At some rate dropout raises the test accuracy, with three in ten training labels wrong (positive control).",
            parts=tuple(
                final(f"rate {rate:g}", "accuracy", sweep(self._name(rate)), sweep(self._name(0.0)), **accuracy)
                for rate in sorted((*self._compared, self.usual))
            ),
            threshold="one rate at which it is higher than without dropout is enough, each at its best learning rate; the sign "
            "decides; without one, rates are not ranked",
            outcomes={"": "Raised at: {supported}. Lowered at: {refuted}. It changes by {low} to {high}."},
            quantifier="any",
        )

    @property
    def _compared(self) -> list[float]:
        return [rate for rate in self.others if rate]

    def _against(self, rate: float, measure: str, parameters: Mapping, **held) -> Part:
        treated, control = sweep(self._name(self.usual)), sweep(self._name(rate))
        return Part(f"rate {rate:g}", measure, parameters, treated, control, chosen_by="accuracy", **held)


def log2_count(units: int, dropped: float) -> float:
    """Log₂ C(n, k) for any k in [0, n]: the number of masks that drop k of n units, in bits."""
    return float(-(np.log(units + 1) + special.betaln(units - dropped + 1, dropped + 1)) / np.log(2))


def binary_entropy(rate: float) -> float:
    """−p log₂ p − q log₂ q: the entropy of one element of a mask, in bits."""
    return float((special.entr(rate) + special.entr(1 - rate)) / np.log(2))
