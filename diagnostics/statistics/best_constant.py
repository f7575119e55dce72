"""The loss of the best constant prediction: what a model reaches that ignores its input."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import entr

EPSILON = 1e-7
"""What Keras' losses add to or cut from numbers before taking a logarithm or quotient."""


@dataclass(frozen=True)
class Targets:
    """What is known about the targets, with weights where examples have any.

    Attributes:
        mean: ``[columns]``, the weighted mean of each column.
        variance: ``[columns]``.
        classes: ``[labels]``, the weight of each label; empty if the targets are no labels.
        sample: ``[examples, entries]``, examples one by one.
        sample_weight: ``[examples]``.
        whole: whether the sample holds all entries of an example.
    """

    mean: np.ndarray
    variance: np.ndarray
    classes: np.ndarray
    sample: np.ndarray
    sample_weight: np.ndarray
    whole: bool = True


Settings = Mapping[str, Any]


def best_constant(loss: str, settings: Settings, targets: Targets) -> tuple[float, str] | None:
    """The smallest mean loss that one prediction for all examples can have.

    Args:
        loss: the class of a Keras loss, such as ``"MeanSquaredError"``.
        settings: its settings, such as ``label_smoothing``.
        targets: the targets.

    Returns:
        The value per example, and how it follows from the targets; ``None`` for a loss whose best constant is not known.
    """
    if loss in CLOSED:
        found = CLOSED[loss](settings, targets)
    elif loss in ELEMENTWISE:
        found = _smallest(lambda y, c: ELEMENTWISE[loss](y, c, settings), targets), f"smallest {loss}"
    else:
        return None
    return found if found is not None and math.isfinite(found[0]) else None


def _sparse(settings: Settings, targets: Targets) -> tuple[float, str] | None:
    """-Σ p log p over the labels."""
    counts = np.array(targets.classes, np.float64)
    ignored = settings.get("ignore_class")
    if isinstance(ignored, int) and 0 <= ignored < len(counts):
        counts[ignored] = 0
    return (_entropy(counts), "entropy") if counts.sum() > 0 else None


def _categorical(settings: Settings, targets: Targets) -> tuple[float, str]:
    """-Σ p̄ log(p̄ / Σ p̄), with p̄ the mean of the smoothed target rows."""
    smoothing = float(settings.get("label_smoothing") or 0)
    mean = targets.mean * (1 - smoothing) + smoothing / len(targets.mean)
    return _entropy(mean) * float(mean.sum()), "entropy"


def _binary(settings: Settings, targets: Targets) -> tuple[float, str]:
    """The mean over columns of -p log p - (1 - p) log(1 - p)."""
    smoothing = float(settings.get("label_smoothing") or 0)
    mean = np.clip(targets.mean * (1 - smoothing) + smoothing / 2, 0, 1)
    return float(np.mean(entr(mean) + entr(1 - mean))), "entropy"


def _squared(settings: Settings, targets: Targets) -> tuple[float, str]:
    return float(np.mean(targets.variance)), "variance"


def _absolute(settings: Settings, targets: Targets) -> tuple[float, str]:
    """The mean absolute deviation about the weighted median of each column."""
    return _smallest(lambda y, c: np.abs(y - c), targets), "mean absolute deviation about the median"


def _poisson(settings: Settings, targets: Targets) -> tuple[float, str]:
    """The mean over columns of m - m log m, with m the mean of each."""
    return float(np.mean(targets.mean - targets.mean * np.log(targets.mean + EPSILON))), "Poisson deviance at the mean"


def _divergence(settings: Settings, targets: Targets) -> tuple[float, str] | None:
    """Entropy of the mean distribution minus the mean entropy of the distributions."""
    if not targets.whole:
        return None
    own = entr(np.clip(targets.sample, EPSILON, 1)).sum(axis=1)
    return _entropy(targets.mean) * float(targets.mean.sum()) - _mean(own, targets.sample_weight), "information gain"


def _cosine(settings: Settings, targets: Targets) -> tuple[float, str] | None:
    """Minus the length of the mean of the normalised targets."""
    if not targets.whole:
        return None
    length = np.linalg.norm(targets.sample, axis=1, keepdims=True)
    unit = targets.sample / np.maximum(length, EPSILON)
    mean = np.average(unit, axis=0, weights=targets.sample_weight)
    return -float(np.linalg.norm(mean)), "mean direction"


CLOSED: Mapping[str, Callable[[Settings, Targets], tuple[float, str] | None]] = {
    "SparseCategoricalCrossentropy": _sparse,
    "CategoricalCrossentropy": _categorical,
    "BinaryCrossentropy": _binary,
    "MeanSquaredError": _squared,
    "MeanAbsoluteError": _absolute,
    "Poisson": _poisson,
    "KLDivergence": _divergence,
    "CosineSimilarity": _cosine,
}
"""Losses whose best constant has a formula."""


def _huber(y: np.ndarray, c: float, settings: Settings) -> np.ndarray:
    delta, error = float(settings.get("delta") or 1), np.abs(y - c)
    return np.where(error <= delta, error**2 / 2, delta * error - delta**2 / 2)


def _log_cosh(y: np.ndarray, c: float, settings: Settings) -> np.ndarray:
    error = np.abs(y - c)
    return error + np.log1p(np.exp(-2 * error)) - math.log(2)


def _percentage(y: np.ndarray, c: float, settings: Settings) -> np.ndarray:
    return 100 * np.abs(y - c) / np.maximum(np.abs(y), EPSILON)


def _logarithmic(y: np.ndarray, c: float, settings: Settings) -> np.ndarray:
    return (np.log1p(np.maximum(y, EPSILON)) - math.log1p(max(c, EPSILON))) ** 2


def _signs(y: np.ndarray) -> np.ndarray:
    """Keras' hinge losses take targets of 0 and 1 as -1 and 1."""
    return 2 * y - 1 if np.isin(y, (0, 1)).all() else y


def _hinge(y: np.ndarray, c: float, settings: Settings) -> np.ndarray:
    return np.maximum(1 - _signs(y) * c, 0)


def _squared_hinge(y: np.ndarray, c: float, settings: Settings) -> np.ndarray:
    return _hinge(y, c, settings) ** 2


def _binary_focal(y: np.ndarray, c: float, settings: Settings) -> np.ndarray:
    smoothing = float(settings.get("label_smoothing") or 0)
    y, p = y * (1 - smoothing) + smoothing / 2, min(max(c, EPSILON), 1 - EPSILON)
    right = y * p + (1 - y) * (1 - p)
    value = (1 - right) ** float(settings.get("gamma", 2)) * -(y * math.log(p) + (1 - y) * math.log(1 - p))
    alpha = float(settings.get("alpha", 0.25))
    return value * (y * alpha + (1 - y) * (1 - alpha)) if settings.get("apply_class_balancing") else value


ELEMENTWISE: Mapping[str, Callable[[np.ndarray, float, Settings], np.ndarray]] = {
    "Huber": _huber,
    "LogCosh": _log_cosh,
    "MeanAbsolutePercentageError": _percentage,
    "MeanSquaredLogarithmicError": _logarithmic,
    "Hinge": _hinge,
    "SquaredHinge": _squared_hinge,
    "BinaryFocalCrossentropy": _binary_focal,
}
"""Losses that are a mean over entries, whose best constant is found by search."""


def _smallest(loss: Callable[[np.ndarray, float], np.ndarray], targets: Targets) -> float:
    """The smallest weighted mean of an elementwise loss, averaged over the entries of an example."""
    columns = targets.sample.T
    return float(np.mean([_smallest_of(loss, column, targets.sample_weight) for column in columns]))


def _smallest_of(loss: Callable[[np.ndarray, float], np.ndarray], values: np.ndarray, weight: np.ndarray) -> float:
    """The best of many candidates, refined between its neighbours: the mean of a convex loss has its minimum there."""

    def mean_loss(constant: float) -> float:
        return _mean(loss(values, float(constant)), weight)

    low, high = min(values.min(), -1.0), max(values.max(), 1.0)
    candidates = np.unique([*np.quantile(values, np.linspace(0, 1, 65)), *np.linspace(low, high, 65)])
    found = [mean_loss(each) for each in candidates]
    best = int(np.argmin(found))
    around = candidates[max(0, best - 1)], candidates[min(len(candidates) - 1, best + 1)]
    if around[0] == around[1]:
        return found[best]
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - a tenth of a second to load, for the losses without a formula

    return min(found[best], float(minimize_scalar(mean_loss, bounds=around, method="bounded").fun))


def _mean(values: np.ndarray, weight: np.ndarray) -> float:
    return float(np.average(values, weights=weight))


def _entropy(weight: np.ndarray) -> float:
    """-Σ p log p of weights, in nats."""
    return float(entr(weight / weight.sum()).sum())
