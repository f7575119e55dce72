"""Real data: what ships with scikit-learn, and the larger sets from the Keras cache."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from probes.errors import UsageError, unknown_name


@dataclass(frozen=True)
class Data:
    """A data set, split and standardised.

    Attributes:
        name: its name.
        x_train: float32 ``[examples, features]``, each set by the training part's mean and standard deviation.
        y_train: classes, int64 ``[examples]``.
        x_test: like ``x_train``.
        y_test: like ``y_train``.
        classes: number of classes.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: int

    @property
    def second_moment(self) -> float:
        """Mean of x² over the training part: where signal propagation starts."""
        return float(np.mean(np.square(self.x_train, dtype=np.float64)))


def load(name: str) -> Data:
    """A data set by name, always split in the same way.

    Args:
        name: ``digits`` (1,797 images of 8 × 8, scikit-learn), ``mnist`` or ``fashion_mnist`` (70,000 of 28 × 28, Keras).

    Returns:
        The data; inputs have mean 0 and variance 1 over the training part as a whole.

    Raises:
        UsageError: no such data set, or one that is neither in the Keras cache nor can be downloaded.
    """
    if name not in LOADERS:
        raise unknown_name("data set", name, LOADERS)
    (x_train, y_train), (x_test, y_test) = LOADERS[name]()
    mean, deviation = x_train.mean(dtype=np.float64), x_train.std(dtype=np.float64)

    def scaled(x: np.ndarray) -> np.ndarray:
        return ((x.reshape(len(x), -1) - mean) / deviation).astype(np.float32)

    classes = int(y_train.max()) + 1
    return Data(name, scaled(x_train), y_train.astype(np.int64), scaled(x_test), y_test.astype(np.int64), classes)


def _digits() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - a second to import
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    x, y = load_digits(return_X_y=True)
    parts = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
    x_train, x_test, y_train, y_test = (np.asarray(part) for part in parts)
    return (x_train, y_train), (x_test, y_test)


def _from_keras(name: str) -> Callable[[], tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]]:
    def fetch() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        try:
            return getattr(keras.datasets, name).load_data()
        except Exception as error:
            raise UsageError(
                what=f"the data set {name} is not there and could not be downloaded",
                where=f"--data {name}",
                got=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}",
                do=f"run once with network, or put what keras.datasets.{name} downloads into {_cache(name)}; "
                "or use --data digits, which ships with scikit-learn",
            ) from error

    return fetch


def _cache(name: str) -> Path:
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "datasets"
    return home / ("mnist.npz" if name == "mnist" else "fashion-mnist")


LOADERS: dict[str, Callable[[], tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]]] = {
    "digits": _digits,
    "fashion_mnist": _from_keras("fashion_mnist"),
    "mnist": _from_keras("mnist"),
}
