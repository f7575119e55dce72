"""Data for the cases: from scikit-learn, or drawn here. Every function returns the same arrays whenever it is called."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from tests.benchmarks.judgement.outcome import Task


@dataclass(frozen=True)
class Data:
    """A training and a test part, as a program feeds them, and the truth that the outcome is measured against."""

    task: Task
    x: Any
    y: Any
    x_test: Any
    y_test: Any
    truth: np.ndarray

    def fed(self, **changes: Any) -> Data:
        """The same task fed in another way; ``truth`` stays."""
        return dataclasses.replace(self, **changes)

    def inputs(self, change: Any) -> Data:
        """The same task with both parts' inputs changed by a function."""
        return self.fed(x=change(self.x), x_test=change(self.x_test))

    def targets(self, change: Any) -> Data:
        """The same task with both parts' targets as a function of those of before; ``truth`` stays."""
        return self.fed(y=change(self.y), y_test=change(self.y_test))


def split(task: Task, x: np.ndarray, y: np.ndarray, test: float = 0.33) -> Data:
    """Cut into a training and a test part, at random."""
    x, x_test, y, y_test = train_test_split(x, y, test_size=test, random_state=0)
    return Data(task, x, y, x_test, y_test, y_test)


def standardised(data: Data) -> Data:
    """Each feature with mean 0 and standard deviation 1 in the training part."""
    scaler = StandardScaler().fit(data.x)
    return data.inputs(lambda x: scaler.transform(x).astype(np.float32))


def _float(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float32)


@functools.cache
def digits(shape: tuple[int, ...] = (64,), high: float = 1.0) -> Data:
    """1797 images of ten digits; pixels from 0 to ``high``, each image reshaped to ``shape``."""
    x, y = datasets.load_digits(return_X_y=True)
    return split("classes", _float(x.reshape(-1, *shape) * (high / 16)), y.astype(np.int64))


@functools.cache
def breast_cancer(scaled: bool = True) -> Data:
    """569 patients, 30 features of very different scale, two classes."""
    x, y = datasets.load_breast_cancer(return_X_y=True)
    data = split("binary", _float(x), y.astype(np.int64))
    return standardised(data) if scaled else data


@functools.cache
def wine(scaled: bool = True) -> Data:
    """178 wines, 13 features of very different scale, three classes."""
    x, y = datasets.load_wine(return_X_y=True)
    data = split("classes", _float(x), y.astype(np.int64))
    return standardised(data) if scaled else data


@functools.cache
def diabetes(scaled: bool = True) -> Data:
    """442 patients, 10 features, a real target; from 25 to 346 where it is not scaled."""
    x, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    data = standardised(split("real", _float(x), _float(y)))
    return scaled_targets(data) if scaled else data


def scaled_targets(data: Data) -> Data:
    """Targets, and the truth, with mean 0 and standard deviation 1 in the training part."""
    mean, std = data.y.mean(axis=0), data.y.std(axis=0)
    scaled = data.targets(lambda y: (y - mean) / std)
    return scaled.fed(truth=(data.truth - mean) / std)


@functools.cache
def friedman(scaled: bool = True, examples: int = 1500) -> Data:
    """A real function of five of ten features, not linear, with noise; from 0 to 30 where it is not scaled."""
    x, y = datasets.make_friedman1(examples, noise=0.5, random_state=0)
    data = standardised(split("real", _float(x), _float(y)))
    return scaled_targets(data) if scaled else data


@functools.cache
def moons(noise: float = 0.15) -> Data:
    """Two interleaved half circles, two classes."""
    x, y = datasets.make_moons(1500, noise=noise, random_state=0)
    return standardised(split("binary", _float(x), y.astype(np.int64)))


@functools.cache
def circles() -> Data:
    """A disc inside a ring, two classes that no line separates."""
    x, y = datasets.make_circles(1500, noise=0.08, factor=0.5, random_state=0)
    return standardised(split("binary", _float(x), y.astype(np.int64)))


@functools.cache
def blobs(classes: int = 5, features: int = 20, informative: int = 10, flipped: float = 0.0) -> Data:
    """Clusters of several classes; ``flipped`` is the share of labels drawn at random."""
    x, y = datasets.make_classification(
        2000,
        features,
        n_informative=informative,
        n_redundant=2,
        n_classes=classes,
        n_clusters_per_class=1,
        class_sep=1.5,
        flip_y=flipped,
        random_state=0,
    )
    return standardised(split("classes", _float(x), y.astype(np.int64)))


@functools.cache
def tags(labels: int = 6) -> Data:
    """Several labels at once, each 0 or 1."""
    x, y = datasets.make_multilabel_classification(2000, 24, n_classes=labels, n_labels=2, random_state=0)
    return standardised(split("labels", _float(x), _float(y)))
