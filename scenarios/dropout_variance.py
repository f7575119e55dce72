"""Which properties of the distribution of activations do dropout and alpha dropout keep?

Standard dropout sets a share p of the activations to 0 and divides the rest by q = 1 − p: the mean stays the same, and the
variance becomes σ²/q + (p/q) μ². Alpha dropout sets them to α′ = −λα, the value at which SELU saturates, and then maps all
activations by a x + b. The constants a and b are chosen to keep two moments, mean 0 and variance 1, of an input that already
has them. Nothing in this choice keeps the third or fourth moment or the shape: with probability p the output is one value,
which no smooth distribution allows.

References: Srivastava et al. 2014, Dropout, JMLR 15:1929; Klambauer et al. 2017, arXiv 1706.02515 (SELU, alpha dropout).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import keras
import numpy as np

import probes.dropout_variance as probe
import scenarios.shared.dropout_claims as claim
from probes.dropout_variance import ALPHA_DROPPED
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Scenario
from scenarios.shared.dropout_claims import DROPOUTS, STACKS, arm_of
from scenarios.shared.dropout_shape import beyond_standard, dropped_value, histogram, shape_change
from scenarios.shared.kept_answers import ANSWERS
from scenarios.shared.layers import classifier, dense, dropout

KINDS = {"standard": keras.layers.Dropout, "alpha": keras.layers.AlphaDropout}


@dataclass(frozen=True, kw_only=True)
class DropoutVariance(Scenario):
    """Stacks of dense layers, each followed by dropout: two activations, two kinds of dropout, several rates.

    Args:
        depth: hidden layers, each followed by dropout.
        width: units in each.
        rates: shares of activations that are dropped.
        examples: training examples on which the shape is measured at the end of training.
        same_mean: means closer than this many standard deviations count as equal; chance in one layer explains as much.
        same_variance: variances with a smaller relative difference count as equal.
        same_theory: largest relative difference from theory that counts as agreement.
        same_shape: distributions with a smaller Kolmogorov-Smirnov distance count as equal; for two samples of this size from
            one distribution it is smaller in 95 of 100 cases.
        same_moment: standardised third and fourth moments closer than this count as equal.
    """

    epochs: int = 2
    batch_size: int = 128
    depth: int = 6
    width: int = 100
    rates: tuple[float, ...] = (0.05, 0.2, 0.5)
    examples: int = 256
    same_mean: float = 0.05
    same_variance: float = 0.05
    same_theory: float = 0.02
    same_shape: float = 0.012
    same_moment: float = 0.1

    question: ClassVar = "Does alpha dropout leave the distribution of activations unchanged?"
    scope: ClassVar = (
        "Each replicate drew weights, masks, the order of examples and the split anew. Varied: activation with its initialisation, "
        "kind of dropout, rate, depth within the stack. The moments follow from closed forms and hold for any data with the same "
        "mean and variance; the change of shape holds for activations of SELU and ReLU."
    )
    objection: ClassVar = (
        "The tests cover six layers, at the first step and after two epochs of digits. Training moves activations away from mean 0 "
        "and variance 1, for which alpha dropout is designed. The shape is judged by two distances and two moments; other "
        "measures may rank the two kinds of dropout otherwise."
    )

    def arms(self) -> tuple[Arm, ...]:
        """Every activation with every kind of dropout at every rate."""
        return tuple(arm_of(stack, kind, rate) for rate in self.rates for stack in STACKS for kind in KINDS)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense layers ``hidden_1`` …, each followed by ``dropout_1`` …, and ``logits``."""
        initializer, rate = arm.settings["initializer"], arm.settings["rate"]
        layers: list[keras.layers.Layer] = []
        for number in range(1, self.depth + 1):
            layers.append(dense(data, f"hidden_{number}", self.width, arm.settings["activation"], initializer))
            layers.append(dropout(data, f"dropout_{number}", rate, KINDS[arm.settings["kind"]]))
        return classifier(data, *layers)

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """SGD; the gradient is clipped because dropout behind ReLU can double the variance at every layer."""
        return keras.optimizers.SGD(0.01, global_clipnorm=1.0)

    def probes(self) -> tuple[Probe, ...]:
        """Moments before and after every dropout, at every step."""
        return (probe.DropoutVariance(every=1),)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Change of shape by dropout, median over the layers, and the value to which alpha dropout sets activations."""
        names = [f"dropout_{number}" for number in range(1, self.depth + 1)]
        ends = [(model.get_layer(name).input, model.get_layer(name).output) for name in names]
        passed = keras.Model(model.inputs[0], ends)(data.x_train[: self.examples], training=True)
        pairs = [(np.asarray(x, float).ravel(), np.asarray(y, float).ravel()) for x, y in passed]
        shapes = [shape_change(before, after) for before, after in pairs]
        found = {name: float(np.median([shape[name] for shape in shapes])) for name in shapes[0]}
        for moment, values in zip(("before", "after"), pairs[-1], strict=True):
            found |= {f"{moment}@{middle}": share for middle, share in histogram(values).items()}
        if arm.settings["kind"] == "alpha":
            found |= beyond_standard(pairs, arm.settings["rate"])
            values = np.array([dropped_value(before, after) for before, after in pairs])
            farthest = int(np.argmax(np.abs(values[:, 0] - ALPHA_DROPPED)))
            found |= {"alpha_prime": float(values[farthest, 0]), "output_value": float(np.median(values[:, 1]))}
        return found

    def claims(self) -> tuple[Claim, ...]:
        """What each kind of dropout changes, what theory predicts, and what α′ is."""
        shape = "shape of the distribution (Kolmogorov-Smirnov distance)"
        sample = "; two samples of this size from one distribution differ by less in 95 of 100 cases"
        normal = sample.replace("one", "a normal")
        return (
            claim.standard_keeps_the_mean(self),
            claim.standard_changes_the_variance(self),
            claim.alpha_keeps_two_moments(self),
            claim.alpha_keeps_one_behind_relu(self),
            claim.alpha_keeps(self, "ks_distance", shape, self.same_shape, sample),
            claim.alpha_keeps(self, "skewness", "standardised third moment", self.same_moment, normal),
            claim.alpha_keeps(self, "kurtosis", "standardised fourth moment", self.same_moment, normal),
            claim.alpha_moves_less(self),
            claim.alpha_gathers_more(self),
            claim.alpha_prime_is_constant(self),
            claim.output_value_varies(self),
            claim.theory_holds(self),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Variance and mean through the depth, shape against rate."""
        distance = {"x": "dropout rate", "guide": [self.same_shape, "two samples of one distribution"]}
        shape = {"setting": "rate", "series": "series", "options": {"x": "dropout rate"}}
        return (
            Figure(
                "before_after",
                "Variance before and after each dropout layer, at the first step. Where the line after dropout lies above the one "
                "before it, dropout adds variance: standard dropout does in every layer, alpha dropout behind SELU does not. The "
                "dashed line is theory, computed from the mean and variance before dropout; nothing is fitted.",
                {"column": "dropout_output_variance", "title": "Variance", "layers": DROPOUTS},
            ),
            Figure(
                "before_after",
                "The same for the mean, at the first step. The dashed line is the mean that theory expects after dropout. Standard "
                "dropout keeps the mean of its input, whatever it is; alpha dropout moves it towards 0 and keeps it only where it "
                "is already 0.",
                {
                    "column": "dropout_output_mean",
                    "title": "Mean",
                    "layers": DROPOUTS,
                    "options": {"before": "dropout_input_mean", "expected": "dropout_expected_mean"},
                },
            ),
            Figure(
                "histogram_pair",
                "Values before and after the last dropout layer, at the largest rate, after training. Standard dropout makes a "
                "spike at 0 and spreads the other values; alpha dropout makes its spike at the lower end. The bins at both ends "
                "include all values beyond them.",
                {"column": "share", "title": "Shape", "arms": f"*-{self.rates[-1]:g}"},
            ),
            Figure(
                "by_setting",
                "Largest difference between the cumulative distributions before and after dropout, measured after training. 0 "
                "means no change; the dotted line is what two samples from one distribution rarely exceed. Each kind is measured "
                "in its own network; the verdict compares the two on the same activations.",
                {"column": "ks_distance", "title": "Shape", **shape, "options": distance},
            ),
            Figure(
                "by_setting",
                "Change of the standardised third moment, measured after training; 0 means no change. A negative value means a "
                "longer tail at the lower end, a positive one at the upper end.",
                {"column": "skewness", "title": "Shape", **shape},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    def quick(self) -> Scenario:
        """The same with fewer layers and only the largest rate."""
        return replace(self, seeds=2, epochs=1, depth=3, rates=self.rates[-1:])
