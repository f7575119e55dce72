"""How well a model predicts, on a scale that no change of loss, output or units moves."""

from __future__ import annotations

from typing import Literal

import keras
import numpy as np

from diagnostics.rules.losses import family_of
from diagnostics.rules.outcome import ACCURACIES
from diagnostics.training.facts.losses import compiled_loss
from probes.seams.compiled import compiled_metrics

Task = Literal["classes", "binary", "labels", "real"]
MOST_CLASSES = 100
"""Whole numbers with more values are counts or measurements."""
WORST = -1.0
"""The skill of predictions that are not finite, and of a training that failed."""
CLASS_LOSSES = ("sparse", "categorical", "binary", "hinge")


def task_of(model: keras.Model, y: np.ndarray) -> Task:
    """What a compiled model is to predict: classes, one of two, several labels at once, or real numbers.

    Args:
        model: the model.
        y: its targets.
    """
    columns = y.reshape(len(y), -1)
    zeros_and_ones = bool(np.isin(columns, (0, 1)).all())
    if columns.shape[1] > 1:
        return ("classes" if (columns.sum(axis=1) == 1).all() else "labels") if zeros_and_ones else "real"
    family = family_of(compiled_loss(model))
    by_class = family in CLASS_LOSSES or any(name in ACCURACIES for name in compiled_metrics(model))
    values = np.unique(columns[np.isfinite(columns)])
    if not by_class or len(values) > MOST_CLASSES:
        return "real"
    return "binary" if family != "sparse" and len(values) <= 2 else "classes"


def skill_of(task: Task, truth: np.ndarray, predicted: np.ndarray) -> float:
    """1 − error / error of the best constant: of the share of wrong answers, or for real numbers of the squared error.

    Args:
        task: what is predicted.
        truth: targets, ``[n]`` or ``[n, k]``.
        predicted: what the model returned for these examples.

    Returns:
        From −1 to 1: 0 for the best constant prediction, 1 for a perfect one; 0 where all targets are the same.
    """
    if not np.isfinite(predicted).all():
        return WORST
    truth, predicted = (np.asarray(each, np.float64).reshape(len(each), -1) for each in (truth, predicted))
    if task == "real":
        error, constant = float(np.mean((predicted - truth) ** 2)), float(np.mean((truth - truth.mean(axis=0)) ** 2))
    else:
        error, constant = _wrong(task, truth, predicted)
    return max(WORST, 1 - error / constant) if constant > 0 else 0.0


def _wrong(task: Task, truth: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """The shares of wrong answers of the model and of the best constant."""
    if task == "classes":
        truth = truth.argmax(axis=1) if truth.shape[1] > 1 else truth[:, 0]
        answers = predicted.argmax(axis=1) if predicted.shape[1] > 1 else np.rint(predicted[:, 0])
        return float(np.mean(answers != truth)), 1 - float(np.unique(truth, return_counts=True)[1].max()) / len(truth)
    truth = truth > truth.min()
    if task == "binary" and predicted.shape[1] == 2:  # two classes by softmax
        answers = predicted.argmax(axis=1)[:, None] > 0
    else:
        answers = predicted > (0.5 if predicted.min() >= 0 and predicted.max() <= 1 else 0.0)
    share = truth.mean(axis=0)
    return float(np.mean(answers != truth)), float(np.minimum(share, 1 - share).mean())
