"""Real data: what ships with scikit-learn, and the larger sets from the Keras cache."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import keras
import numpy as np

from probes.errors import UsageError, unknown_name

Parts = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""``(x_train, y_train), (x_test, y_test)``, in the order of Keras."""


@dataclass(frozen=True)
class Data:
    """A data set, split and standardised.

    Attributes:
        name: its name.
        x_train: float32 ``[examples, features]``; like ``x_test``, standardised with mean and deviation of the training part.
        y_train: classes, int64 ``[examples]``; for regression, standardised values, float32 ``[examples, 1]``.
        x_test: like ``x_train``.
        y_test: like ``y_train``.
        classes: number of classes; 0 for regression.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int

    @property
    def outputs(self) -> int:
        """Units of the last layer: one for each class, or one for a value."""
        return self.classes or 1

    @property
    def second_moment(self) -> float:
        """Mean of x² over the training part, from which signal propagation starts."""
        return float(np.mean(np.square(self.x_train, dtype=np.float64)))


def load(name: str) -> Data:
    """Load a data set by name, always with the same split, standardised with statistics of the training part.

    Args:
        name: for classification ``digits`` (1,797 images of 8 × 8, scikit-learn), ``mnist`` or ``fashion_mnist`` (70,000 of
            28 × 28, Keras); for regression ``diabetes`` (442 patients, 10 features, scikit-learn) or ``california_housing``
            (20,640 districts, 8 features, Keras).

    Returns:
        The data. Images have mean 0 and variance 1 over all pixels of the training part. Tables have them feature by feature,
        and so does the value that regression predicts.

    Raises:
        UsageError: the data set is unknown, or it is not in the Keras cache and cannot be downloaded.
    """
    data = load_raw(name)
    x_train, x_test = standardised(data.x_train, data.x_test, axis=None if data.classes else 0)
    data = replace(data, x_train=x_train, x_test=x_test)
    if data.classes:
        return data
    y_train, y_test = standardised(data.y_train, data.y_test, axis=0)
    return replace(data, y_train=y_train, y_test=y_test)


@cache
def load_raw(name: str) -> Data:
    """Load the same data set unscaled: pixels, years or blood pressure in their original units.

    Args:
        name: as for ``load``.

    Returns:
        The data with the same split; do not write into the arrays, which are cached.

    Raises:
        UsageError: as for ``load``.
    """
    if name not in LOADERS:
        raise unknown_name("data set", name, LOADERS)
    (x_train, y_train), (x_test, y_test) = LOADERS[name]()
    classes = 0 if name in REGRESSION else int(y_train.max()) + 1

    def flat(x: np.ndarray) -> np.ndarray:
        return x.reshape(len(x), -1).astype(np.float32)

    target = partial(np.asarray, dtype=np.int64) if classes else flat
    return Data(name, flat(x_train), target(y_train), flat(x_test), target(y_test), classes)


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


def _from_sklearn(name: str, *, stratified: bool, **options: bool) -> Parts:
    from sklearn import datasets  # noqa: PLC0415 - takes a second to import
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    x, y = getattr(datasets, f"load_{name}")(return_X_y=True, **options)
    parts = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y if stratified else None)
    x_train, x_test, y_train, y_test = (np.asarray(part) for part in parts)
    return (x_train, y_train), (x_test, y_test)


def _from_keras(name: str) -> Parts:
    try:
        return getattr(keras.datasets, name).load_data()
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

LOADERS: dict[str, Callable[[], Parts]] = {
    "california_housing": partial(_from_keras, "california_housing"),
    "diabetes": partial(_from_sklearn, "diabetes", stratified=False, scaled=False),
    "digits": partial(_from_sklearn, "digits", stratified=True),
    "fashion_mnist": partial(_from_keras, "fashion_mnist"),
    "mnist": partial(_from_keras, "mnist"),
}
