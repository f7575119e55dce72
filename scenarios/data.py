"""Real data: what ships with scikit-learn, and the larger sets from the Keras cache."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import resources
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from probes.errors import UsageError, unknown_name

Examples = tuple[np.ndarray, np.ndarray]
"""``x, y``: all examples of a data set, in its own order."""

TRAIN, VALIDATION, TEST = 0.6, 0.2, 0.2
"""Shares of the examples: to learn from, to choose a learning rate or an epoch with, and to judge by."""

SIDE, PATCHES = 8, 900
"""Pixels along the edge of a patch, as in the digits, and patches of each photograph."""

BINS = 10
"""A number to predict is split evenly over this many bins of equal count, as a class is over its classes."""


@dataclass(frozen=True)
class Data:
    """A data set, split and standardised.

    Attributes:
        name: its name.
        x_train: float32 ``[examples, features]``; like the other parts, standardised with mean and deviation of this part.
        y_train: classes, int64 ``[examples]``; for regression, standardised values, float32 ``[examples, 1]``.
        x_validation, y_validation: the part that chooses between learning rates or epochs.
        x_test, y_test: the part that nothing is chosen by.
        classes: number of classes; 0 for regression.
        replicate: the number that the split was drawn with.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int
    replicate: int = 0

    @property
    def outputs(self) -> int:
        """Units of the last layer: one for each class, or one for a value."""
        return self.classes or 1

    @property
    def second_moment(self) -> float:
        """Mean of x² over the training part, from which signal propagation starts."""
        return float(np.mean(np.square(self.x_train, dtype=np.float64)))

    def redrawn(self, replicate: int) -> Data:
        """The same data set with the split of another replicate."""
        return load(self.name, replicate)

    def first(self, count: int) -> Data:
        """The same with the first examples of the training part only; the split has shuffled them."""
        return replace(self, x_train=self.x_train[:count], y_train=self.y_train[:count])

    def scaled(self, scale: Callable[[np.ndarray], np.ndarray]) -> Data:
        """The same with every part's inputs mapped, such as by a scaler that was fitted before."""
        parts = {name: scale(getattr(self, name)) for name in ("x_train", "x_validation", "x_test")}
        return replace(self, **parts)


def load(name: str, replicate: int = 0) -> Data:
    """Load a data set by name, with a split drawn for one replicate, standardised with statistics of the training part.

    Args:
        name: for classification ``digits`` (1,797 images of 8 × 8, scikit-learn), ``mnist`` or ``fashion_mnist`` (70,000 of
            28 × 28, Keras), or ``photographs`` (1,800 patches of 8 × 8 grey pixels from two photographs, scikit-learn; the class
            is the photograph); for regression ``diabetes`` (442 patients, 10 features, scikit-learn) or ``california_housing``
            (20,640 districts, 8 features, Keras).
        replicate: seed of the split.

    Returns:
        The data. Images have mean 0 and variance 1 over all pixels of the training part. Tables have them feature by feature,
        and so does the value that regression predicts.

    Raises:
        UsageError: the data set is unknown, or it is not in the Keras cache and cannot be downloaded.
    """
    data = load_raw(name, replicate)
    x = standardised(data.x_train, data.x_validation, data.x_test, axis=None if data.classes else 0)
    data = replace(data, x_train=x[0], x_validation=x[1], x_test=x[2])
    if data.classes:
        return data
    y = standardised(data.y_train, data.y_validation, data.y_test, axis=0)
    return replace(data, y_train=y[0], y_validation=y[1], y_test=y[2])


@cache
def load_raw(name: str, replicate: int = 0) -> Data:
    """Load the same data set unscaled: pixels, years or blood pressure in their original units.

    Args:
        name: as for ``load``.
        replicate: as for ``load``.

    Returns:
        The data with the same split; do not write into the arrays, which are cached.

    Raises:
        UsageError: as for ``load``.
    """
    x, y = load_whole(name)
    classes = 0 if name in REGRESSION else int(y.max()) + 1
    train, validation, test = _split(y, replicate, classes)
    parts = [array[of] for of in (train, validation, test) for array in (x, y)]
    return Data(name, *parts, classes=classes, replicate=replicate)


@cache
def load_whole(name: str) -> Examples:
    """All examples of a data set, before any split: inputs ``[examples, features]`` and targets, in their original units.

    Args:
        name: as for ``load``.

    Raises:
        UsageError: as for ``load``.
    """
    if name not in LOADERS:
        raise unknown_name("data set", name, LOADERS)
    x, y = LOADERS[name]()
    target = y.reshape(len(y), -1).astype(np.float32) if name in REGRESSION else y.ravel().astype(np.int64)
    return x.reshape(len(x), -1).astype(np.float32), target


def standardised(train: np.ndarray, *others: np.ndarray, axis: int | None) -> tuple[np.ndarray, ...]:
    """Standardise arrays with the mean and standard deviation of the first.

    Formula: (x − μ) / σ; where σ = 0, x − μ.

    Args:
        train: the array from which μ and σ are computed, ``[examples, features]``.
        others: arrays to scale with the same μ and σ.
        axis: 0 for one μ and σ per feature, ``None`` for one over all features.

    Returns:
        The scaled arrays in the order given, float32.
    """
    mean, deviation = train.mean(axis, dtype=np.float64), train.std(axis, dtype=np.float64)
    divisor = np.where(deviation > 0, deviation, 1.0)
    return tuple(((x - mean) / divisor).astype(np.float32) for x in (train, *others))


def _split(y: np.ndarray, replicate: int, classes: int) -> list[np.ndarray]:
    """Row numbers of the training, validation and test part; each has the same share of every class, or of every bin of values."""
    from sklearn.model_selection import train_test_split  # noqa: PLC0415 - takes a second to import

    rows = np.arange(len(y))
    strata = y if classes else np.argsort(np.argsort(y[:, 0], kind="stable")) * BINS // len(y)
    rest, test = train_test_split(rows, test_size=TEST, stratify=strata, random_state=replicate)
    train, validation = train_test_split(
        rest, test_size=VALIDATION / (1 - TEST), stratify=strata[rest], random_state=replicate
    )
    return [np.asarray(part) for part in (train, validation, test)]


def _from_sklearn(name: str, **options: bool) -> Examples:
    from sklearn import datasets  # noqa: PLC0415 - takes a second to import

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True, **options)
    return np.asarray(x), np.asarray(y)


def _photographs() -> Examples:
    """Patches that do not overlap, as many of each of the two photographs that scikit-learn ships."""
    folder = resources.files("sklearn.datasets.images")
    cut = [_patches((folder / name).read_bytes()) for name in ("china.jpg", "flower.jpg")]
    return np.concatenate(cut), np.repeat(np.arange(len(cut)), PATCHES)


def _patches(jpeg: bytes) -> np.ndarray:
    """``[PATCHES, SIDE, SIDE]``, always the same ones."""
    grey = np.asarray(tf.io.decode_jpeg(jpeg, channels=1))[..., 0]
    high, wide = (length // SIDE for length in grey.shape)
    tiles = grey[: high * SIDE, : wide * SIDE].reshape(high, SIDE, wide, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE)
    return tiles[np.random.default_rng(0).permutation(len(tiles))[:PATCHES]]


def _from_keras(name: str) -> Examples:
    try:
        parts = getattr(keras.datasets, name).load_data()
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    except Exception as error:
        raise UsageError(
            what=f"the data set {name} is not in the cache and could not be downloaded",
            where=f"--data {name}",
            got=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}",
            do=f"run once with a network connection, or save the file that keras.datasets.{name} downloads as {_cache(name)}; "
            f"or use --data {'diabetes' if name in REGRESSION else 'digits'}, which ships with scikit-learn",
        ) from error


def _cache(name: str) -> Path:
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "datasets"
    return home / {"fashion_mnist": "fashion-mnist"}.get(name, f"{name}.npz")


REGRESSION = frozenset({"california_housing", "diabetes"})
"""Data sets whose target is a number, not a class."""

LOADERS: dict[str, Callable[[], Examples]] = {
    "california_housing": partial(_from_keras, "california_housing"),
    "diabetes": partial(_from_sklearn, "diabetes", scaled=False),
    "digits": partial(_from_sklearn, "digits"),
    "fashion_mnist": partial(_from_keras, "fashion_mnist"),
    "mnist": partial(_from_keras, "mnist"),
    "photographs": _photographs,
}
