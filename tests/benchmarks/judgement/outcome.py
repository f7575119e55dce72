"""How well a model has learned: 0 for the best constant prediction, 1 for a perfect one, whatever the task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Task = Literal["classes", "binary", "labels", "real"]
WORST = -1.0


@dataclass(frozen=True)
class Outcome:
    """The result of a training.

    Args:
        skill: on data that the model was not trained on, from −1 to 1; 0 is the best constant prediction.
        measured: what the skill was computed from, in words.
    """

    skill: float
    measured: str


def outcome_of(task: Task, truth: np.ndarray, predicted: np.ndarray, threshold: float = 0.5) -> Outcome:
    """Skill of predictions.

    Formula: 1 − error / error of the best constant, at least −1; the error is the share of wrong answers, or for real
    targets the squared error. Predictions with NaN or Inf have skill −1.

    Args:
        task: what is predicted.
        truth: ``[n]`` integers for classes and binary, ``[n, labels]`` of 0 and 1, ``[n]`` or ``[n, k]`` real numbers.
        predicted: what the model returned for these examples.
        threshold: from where on a binary prediction means 1; 0 for logits.
    """
    if not np.isfinite(predicted).all():
        return Outcome(WORST, "predictions that are not finite")
    if task == "real":
        return _outcome(*_squares(truth, predicted), "squared error on held-out examples")
    given = _chosen(task, predicted, threshold)
    truth = truth.reshape(given.shape) if task != "labels" else truth
    wrong = float(np.mean(given != truth))
    return _outcome(wrong, _wrong_constant(task, truth), "share of wrong answers on held-out examples")


def _outcome(error: float, constant: float, measured: str) -> Outcome:
    return Outcome(max(WORST, 1.0 - error / constant), f"{measured}: {error:.4g}, best constant {constant:.4g}")


def _squares(truth: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    truth = truth.reshape(len(truth), -1).astype(np.float64)
    predicted = predicted.reshape(len(predicted), -1).astype(np.float64)
    return float(np.mean((predicted - truth) ** 2)), float(np.mean((truth - truth.mean(axis=0)) ** 2))


def _chosen(task: Task, predicted: np.ndarray, threshold: float) -> np.ndarray:
    if task == "labels":
        return (predicted > threshold).astype(int)
    flat = predicted.reshape(len(predicted), -1)
    if flat.shape[1] > 1:
        return flat.argmax(axis=1)
    return (flat[:, 0] > threshold).astype(int) if task == "binary" else np.rint(flat[:, 0]).astype(int)


def _wrong_constant(task: Task, truth: np.ndarray) -> float:
    if task == "labels":
        share = truth.mean(axis=0)
        return float(np.minimum(share, 1 - share).mean())
    return 1.0 - float(np.bincount(truth.astype(int)).max()) / len(truth)
