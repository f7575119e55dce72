"""Does it matter whether the scaler is fitted before or after the data are split?

A scaler fitted on all data leaks information about the test part into training: two numbers per feature, mean and standard
deviation, and no label. Sampling determines how much: with n training examples from the same distribution, the mean of a
feature is off by about σ/√n in any case. The leak is larger when the two parts differ in distribution, or when a feature
varies in one part only, because a scaler fitted on the training part cannot know its spread. Every split is trained with
both scalers.

References: Kaufman, Rosset and Perlich 2012, Leakage in data mining (ACM TKDD 6); Hastie, Tibshirani and Friedman 2009, The
elements of statistical learning, section 7.10.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import keras
import numpy as np

from probes.probe import Probe
from probes.update_ratio import UpdateRatio
from scenarios.data import Data, load_raw, load_whole
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.parts import ACCURACY, final
from scenarios.shared.relu_classifier import relu_classifier
from scenarios.shared.small_training import only_first
from scenarios.shared.wide_digits import by_width

SPLITS = ("even", "few", "tiny", "shifted")
TRAINED = 0.75
"""Share of the examples outside the test part that are trained on; the rest chooses between networks, as in other splits."""
FITTED = {"train": "fitted on train", "all": "fitted on all"}
HABIT = "Split first all the same: other steps than scaling can leak more, which was not tested here."


@dataclass(frozen=True, kw_only=True)
class SplitBeforeScaling(Scenario):
    """A ReLU classifier on inputs scaled feature by feature, by a scaler fitted on the training part or on all data.

    Args:
        depth: hidden layers.
        width: units in each.
        learning_rate: of SGD.
        few: number of training examples in the small split.
        tiny: number in the smallest, where a scaler has little to go by.
        test_share: share of the examples of each class, the widest digits, that the shifted split keeps for testing: half of
            them, which moves the mean of all data by about half a standard deviation from that of the training part.
        outer: share of the columns at each side whose ink makes a digit wide.
        same_accuracy: accuracies closer than this count as equal: one percentage point.
        about_the_same: the same for the smallest split, whose accuracy varies by four points from replicate to replicate: three.
        same_mean: means closer than this many standard deviations count as equal: twice the error from sampling the training
            part, 2/√n.
    """

    epochs: int = 12
    depth: int = 2
    width: int = 64
    learning_rate: float = 0.05
    few: int = 150
    tiny: int = 40
    test_share: float = 0.5
    outer: float = 0.25
    same_accuracy: float = 0.01
    about_the_same: float = 0.03
    same_mean: float = 0.05

    question: ClassVar = "Must data be split before the scaler is fitted?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew; the test part of the split by width is always the "
        "half of each class with the most ink in the outer columns. Varied: what the scaler was fitted on, the number of training "
        "examples, a shift between the parts. Not varied: digits, z-score by feature, a small network. Such a scaler leaks two "
        "numbers per feature, and no label."
    )
    objection: ClassVar = (
        "One set of images, whose pixels lie between 0 and 16: a feature with outliers or heavy tails can move a scaler farther. "
        "The test part of the split by width is always the same, so that its interval says nothing about other shifts. Selecting "
        "features or balancing classes before the split can leak far more than means and deviations; this was not tested."
    )

    def arms(self) -> tuple[Arm, ...]:
        """Every split with both scalers."""
        return tuple(
            Arm(f"{split}-{fitted}", f"{split_label}, {label}", {"split": split, "fitted": fitted})
            for split, split_label in self._labels.items()
            for fitted, label in FITTED.items()
        )

    def prepare(self, arm: Arm, data: Data) -> Data:
        """The arm's split, scaled by the arm's scaler."""
        raw = self._split(arm, load_raw(data.name, data.replicate))
        seen = raw.x_train if arm.settings["fitted"] == "train" else _whole(raw)
        mean, deviation = _statistics(seen)
        return raw.scaled(lambda x: ((x - mean) / deviation).astype(np.float32))

    def epochs_of(self, arm: Arm) -> int:
        """More epochs of few examples, so that all networks take about as many steps and have learned what they can."""
        every = len(load_raw(self.data).x_train)
        wide = round(TRAINED * (1 - self.test_share) * len(load_whole(self.data)[1]))
        count = {"few": self.few, "tiny": self.tiny, "shifted": wide}.get(arm.settings["split"], every)
        return round(self.epochs * math.ceil(every / self.batch_size) / math.ceil(count / self.batch_size))

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense ReLU layers."""
        return relu_classifier(data, self.depth, self.width)

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        return keras.optimizers.SGD(self.learning_rate)

    def probes(self) -> tuple[Probe, ...]:
        """Sizes of updates; the scenario itself needs only the accuracy."""
        return (UpdateRatio(every=20),)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """How far statistics of all data are from those of the training part, the largest test input, constant features."""
        raw = self._split(arm, load_raw(data.name, data.replicate))
        varies = np.ptp(raw.x_train, axis=0) > 0
        (mean, deviation), (whole_mean, whole_deviation) = (
            _statistics(x[:, varies]) for x in (raw.x_train, _whole(raw))
        )
        return {
            "mean_moved": float(np.sqrt(np.mean(((whole_mean - mean) / deviation) ** 2))),
            "deviation_moved": float(np.sqrt(np.mean(np.log10(whole_deviation / deviation) ** 2))),
            "largest_test_input": float(np.abs(data.x_test).max()),
            "constant_in_training": float((~varies).sum()),
        }

    def claims(self) -> tuple[Claim, ...]:
        """Whether the means differ, and whether test accuracy changes, upwards or downwards."""
        usual = [split for split in SPLITS if split != "tiny"]
        return (
            self._statistics_differ(),
            self._acceptable("acceptable", "Fitting the scaler on all data", usual, self.same_accuracy),
            self._acceptable(
                "acceptable_with_few",
                f"With only {self.tiny} training examples, too, fitting the scaler on all data",
                ["tiny"],
                self.about_the_same,
                "; with so few, accuracy varies by four points from replicate to replicate, too much to decide one",
            ),
        )

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
                "Accuracy on the test part of each split, mean and interval over the replicates. Compare the two rows of one split "
                "only: the test parts of different splits differ.",
                {"column": "accuracy"} | accuracy,
            ),
            Figure(
                "by_arm",
                "How far the mean of all data is from that of the training part, root mean square over the features that vary "
                "there. It is the same for both arms of a split.",
                {"column": "mean_moved", "options": {"label": "distance between the two means, root mean square"}}
                | moved,
            ),
            Figure(
                "curves",
                "Accuracy by epoch, as a running mean over training and on the validation part. The two scalers of one split start "
                "from the same weights; few examples are learned by heart.",
                {"column": "accuracy"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "On these images it makes no difference of a point in test accuracy whether the scaler is fitted before or after "
                f"the split, also with {self.few} training examples or a test part of wider digits than the training part (the "
                f"change is {{acceptable.points}} points); with {self.tiny} examples the difference is below three. {HABIT}",
                {"acceptable": "supported", "acceptable_with_few": "supported"},
            ),
            Answer(
                "On these images it makes no difference of a point in test accuracy whether the scaler is fitted before or after "
                f"the split (the change is {{acceptable.points}} points), unless there are as few as {self.tiny} training "
                f"examples: there it changes by {{acceptable_with_few.points}} points. {HABIT}",
                {"acceptable": "supported", "acceptable_with_few": "refuted|mixed|open"},
            ),
            Answer(
                "Yes, in some cases: fitting the scaler on all data changes test accuracy by less than a point in some splits "
                "({acceptable.supported}), but by more in others ({acceptable.refuted}). Where the parts differ, the scaler "
                "learns from the test part what a network in use would not know; only a scaler fitted on the training part shows "
                "how it does then.",
                {"acceptable": "mixed"},
            ),
            Answer(
                "Whether fitting the scaler on all data changes test accuracy by less than a point is not settled for some splits "
                f"({{acceptable.open}}; the change is {{acceptable.points}} points over all). {HABIT}",
                {"acceptable": "open"},
            ),
            Answer(
                "Yes: fitting the scaler on all data changes test accuracy by a point or more ({acceptable.refuted}).",
                {"acceptable": "refuted"},
            ),
        )

    @property
    def _labels(self) -> dict[str, str]:
        few, tiny = (f"{count} training examples" for count in (self.few, self.tiny))
        return dict(zip(SPLITS, ("drawn at random", few, tiny, "split by width"), strict=True))

    def _split(self, arm: Arm, raw: Data) -> Data:
        """The replicate's split, the same with few examples to train on and more to test, or a test part of wide digits."""
        kind = arm.settings["split"]
        if kind != "shifted":
            count = {"few": self.few, "tiny": self.tiny}.get(kind, len(raw.x_train))
            return only_first(raw, count)
        x, y = load_whole(raw.name)
        rest, test = by_width(x, y, self.test_share, self.outer)
        rest = np.random.default_rng(raw.replicate).permutation(rest)
        train, validation = np.split(rest, [round(len(rest) * TRAINED)])
        parts = {"train": train, "validation": validation, "test": test}
        split = {
            f"{letter}_{part}": values[of] for part, of in parts.items() for letter, values in (("x", x), ("y", y))
        }
        return replace(raw, **split)

    def _statistics_differ(self) -> Claim:
        return Claim(
            name="statistics_differ",
            statement="A scaler fitted on all data has other means than one fitted on the training part.",
            parts=tuple(
                Part(
                    label,
                    "recorded",
                    {"name": "mean_moved"},
                    treated=f"{split}-train",
                    threshold=self.same_mean,
                    unit="deviations",
                )
                for split, label in self._labels.items()
            ),
            threshold=f"supported when the means of the features differ by more than {self.same_mean} standard deviations, root "
            "mean square",
            outcomes={
                "": "They differ: {supported}. They hardly differ: {refuted}. The means differ by {low} to {high} standard deviations."
            },
        )

    def _acceptable(self, name: str, subject: str, splits: Sequence[str], margin: float, why: str = "") -> Claim:
        held: dict[str, Any] = {"expects": "equal", "margin": margin, "unit": "accuracy"}
        return Claim(
            name=name,
            statement=f"{subject} is acceptable: it changes test accuracy by less than {100 * margin:g} point{'s' * (margin > 0.01)}.",
            parts=tuple(
                final(self._labels[each], "accuracy", f"{each}-all", f"{each}-train", **held) for each in splits
            ),
            threshold=f"supported when the test accuracies with the two scalers differ by less than {100 * margin:g} "
            f"point{'s' * (margin > 0.01)}{why}",
            outcomes={
                "": "By less: {supported}. By more: {refuted}. Fitted on all minus fitted on train: {low} to {high}."
            },
        )


def _whole(data: Data) -> np.ndarray:
    """The inputs of all parts."""
    return np.concatenate([data.x_train, data.x_validation, data.x_test])


def _statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of every feature, ``[features]``; 1 for a constant feature, as in ``StandardScaler``."""
    deviation = x.std(axis=0, dtype=np.float64)
    return x.mean(axis=0, dtype=np.float64), np.where(deviation > 0, deviation, 1.0)
