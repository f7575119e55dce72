"""Does it matter whether the scaler is fitted before or after the data are split?

A scaler that has seen the test part carries something of it into training: its mean and its deviation, two numbers a
feature, and no label. How much that is follows from sampling: with n training examples of the same distribution the mean of
a feature is off by about σ/√n, whoever computes it. It is more when the parts differ in distribution, and when a feature
varies in one part only: a scaler fitted on the training part cannot know its spread. Each split is trained with both scalers.

References: Kaufman, Rosset and Perlich 2012, Leakage in data mining (ACM TKDD 6); Hastie, Tibshirani and Friedman 2009, The
elements of statistical learning, section 7.10.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import keras
import numpy as np

from probes.probe import Probe
from probes.update_ratio import UpdateRatio
from scenarios.data import Data, load_raw
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.relu_classifier import relu_classifier

SPLITS = {"even": "drawn at random", "few": "few training examples", "shifted": "split by ink"}
FITTED = {"train": "fitted on train", "all": "fitted on all"}
ACCURACY = {"column": "accuracy", "split": "validation"}


@dataclass(frozen=True, kw_only=True)
class SplitBeforeScaling(Scenario):
    """A ReLU classifier on inputs scaled feature by feature, the scaler fitted on the training part or on everything.

    Args:
        depth: hidden layers.
        width: units in each.
        learning_rate: of SGD.
        few: training examples of the small split.
        test_share: share of the examples with the most ink that the shifted split keeps for testing.
        same_accuracy: accuracies closer than this do not differ: one point in a hundred.
        same_mean: a mean is the same when it moves by less than this, in deviations: twice what sampling the training part
            costs by itself, 2/√n.
    """

    seeds: int = 10
    epochs: int = 12
    depth: int = 2
    width: int = 64
    learning_rate: float = 0.05
    few: int = 150
    test_share: float = 0.2
    same_accuracy: float = 0.01
    same_mean: float = 0.05

    question: ClassVar = "Must data be split before the scaler is fitted?"
    objection: ClassVar = (
        "A scaler leaks means and deviations, never labels. Selecting features or balancing classes before the "
        "split can leak far more, and is not tested. Each of the three splits is drawn once; a point of accuracy "
        "is four images."
    )

    def arms(self) -> tuple[Arm, ...]:
        """Every split with both scalers."""
        return tuple(
            Arm(f"{split}-{fitted}", f"{split_label}, {label}", {"split": split, "fitted": fitted})
            for split, split_label in SPLITS.items()
            for fitted, label in FITTED.items()
        )

    def prepare(self, arm: Arm, data: Data) -> Data:
        """The arm's split, scaled by the arm's scaler."""
        raw = self._split(arm, load_raw(data.name))
        seen = raw.x_train if arm.settings["fitted"] == "train" else np.concatenate([raw.x_train, raw.x_test])
        mean, deviation = _statistics(seen)
        x_train, x_test = (((x - mean) / deviation).astype(np.float32) for x in (raw.x_train, raw.x_test))
        return replace(raw, x_train=x_train, x_test=x_test)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense ReLU layers."""
        return relu_classifier(data, self.depth, self.width)

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        return keras.optimizers.SGD(self.learning_rate)

    def probes(self) -> tuple[Probe, ...]:
        """How far the weights move; what this scenario is about stands in the scalars."""
        return (UpdateRatio(every=20),)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """How far the scaler's statistics are from those of the training part, and what became of the test inputs."""
        raw = self._split(arm, load_raw(data.name))
        varies = np.ptp(raw.x_train, axis=0) > 0
        (mean, deviation), (whole_mean, whole_deviation) = (
            _statistics(x[:, varies]) for x in (raw.x_train, np.concatenate([raw.x_train, raw.x_test]))
        )
        return {
            "mean_moved": float(np.sqrt(np.mean(((whole_mean - mean) / deviation) ** 2))),
            "deviation_moved": float(np.sqrt(np.mean(np.log10(whole_deviation / deviation) ** 2))),
            "largest_test_input": float(np.abs(data.x_test).max()),
            "constant_in_training": float((~varies).sum()),
        }

    def claims(self) -> tuple[Claim, ...]:
        """Does it change the statistics; does it change the result; does it flatter."""
        return self._statistics_differ(), self._acceptable(), self._flatters()

    def figures(self) -> tuple[Figure, ...]:
        """Accuracy and statistics by arm; accuracy by epoch."""
        accuracy = {
            "measure": "final_scalar",
            "of": ACCURACY,
            "options": {"label": "test accuracy at the end"},
            "unit": "share",
        }
        moved = {"measure": "recorded", "of": {"name": "mean_moved"}, "unit": "deviations"}
        return (
            Figure(
                "by_arm",
                "Accuracy on each split's own test part, mean and interval over the seeds. Compare the two rows of a split; "
                "between splits the test parts differ.",
                {"column": "accuracy"} | accuracy,
            ),
            Figure(
                "by_arm",
                "How far the mean of all data is from that of the training part, root mean square over the features that vary "
                "there. It belongs to the split, not to the seed, so it has no interval.",
                {"column": "mean_moved", "options": {"label": "mean of all data − mean of the training part"}} | moved,
            ),
            Figure("curves", "Accuracy by epoch, running over training and on the test part.", {"column": "accuracy"}),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "Not for the sake of the figure: on these images a scaler fitted on everything leaves the test accuracy within a "
                "point, even where the training part is small or differs from the rest.",
                {"acceptable": "supported"},
            ),
            Answer("It depends on the split whether the test accuracy moves.", {"acceptable": "mixed"}),
            Answer(
                "That it leaves the test accuracy within a point is not settled for every split.",
                {"acceptable": "inconclusive"},
            ),
            Answer("Yes: a scaler fitted on everything changes the test accuracy.", {"acceptable": "refuted"}),
            Answer("It flatters nowhere.", {"flatters": "refuted"}),
            Answer("It flatters the figure.", {"flatters": "supported"}),
        )

    def _split(self, arm: Arm, raw: Data) -> Data:
        """The usual split, the same with few training examples, or by how much ink an image has."""
        if arm.settings["split"] == "even":
            return raw
        if arm.settings["split"] == "few":
            return replace(raw, x_train=raw.x_train[: self.few], y_train=raw.y_train[: self.few])
        x, y = np.concatenate([raw.x_train, raw.x_test]), np.concatenate([raw.y_train, raw.y_test])
        order = np.argsort(x.sum(axis=1), kind="stable")
        train, test = np.split(order, [round(len(order) * (1 - self.test_share))])
        return replace(raw, x_train=x[train], y_train=y[train], x_test=x[test], y_test=y[test])

    def _difference(self, split: str, expects: Literal["equal", "greater"], **judged: Any) -> Part:
        return Part(
            SPLITS[split],
            "final_scalar",
            ACCURACY,
            f"{split}-all",
            f"{split}-train",
            expects=expects,
            unit="accuracy",
            **judged,
        )

    def _statistics_differ(self) -> Claim:
        return Claim(
            name="statistics_differ",
            statement="A scaler that is fitted on everything has other statistics than one fitted on the training part.",
            parts=tuple(
                Part(
                    label,
                    "recorded",
                    {"name": "mean_moved"},
                    treated=f"{split}-train",
                    threshold=self.same_mean,
                    unit="deviations",
                    exact=True,
                )
                for split, label in SPLITS.items()
            ),
            threshold=f"supported when the means of the features move by more than {self.same_mean} deviations, root mean square; "
            "exact, for nothing is random here but the split, which is fixed",
            outcomes={
                "": "They differ when {supported}, and hardly when {refuted}: the means move by {low} to {high} deviations."
            },
        )

    def _acceptable(self) -> Claim:
        return Claim(
            name="acceptable",
            statement="Fitting the scaler on everything is acceptable: it does not change the test accuracy.",
            parts=tuple(self._difference(split, "equal", margin=self.same_accuracy) for split in SPLITS),
            threshold=f"supported when the test accuracies differ by less than {self.same_accuracy}, fitted on all against fitted "
            "on train",
            outcomes={
                "supported": "The test accuracy stays, whatever the split: it changes by {low} to {high}.",
                "": "Unchanged: {supported}. Changed: {refuted}. Inconclusive: {inconclusive}. Test accuracy moves by {low} to "
                "{high}.",
            },
        )

    def _flatters(self) -> Claim:
        return Claim(
            name="flatters",
            statement="Fitting the scaler on everything makes the test accuracy look better than it is.",
            parts=tuple(self._difference(split, "greater", threshold=self.same_accuracy) for split in SPLITS),
            threshold=f"supported when the test accuracy rises by more than {self.same_accuracy}",
            outcomes={
                "refuted": "By nothing that matters: it rises by less than a point in every split ({low} to {high}). The rule "
                "costs nothing and guards against cases that are not these.",
                "": "Flattered: {supported}. Not: {refuted}. Inconclusive: {inconclusive}. Test accuracy moves by {low} to {high}.",
            },
        )


def _statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of every feature, ``[features]``; 1 for one that does not vary, as ``StandardScaler`` has it."""
    deviation = x.std(axis=0, dtype=np.float64)
    return x.mean(axis=0, dtype=np.float64), np.where(deviation > 0, deviation, 1.0)
