"""The loss of the best constant prediction, against Keras' own losses with that prediction and around it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from scipy.optimize import minimize

from diagnostics.statistics.best_constant import CLOSED, ELEMENTWISE, Targets, best_constant
from diagnostics.training.facts.losses import loss_facts

DRAW = np.random.default_rng(3)
N = 40
REAL = DRAW.gamma(2.0, 1.5, (N, 3)) + 0.1
BINARY = (DRAW.random((N, 3)) < [0.2, 0.5, 0.9]).astype(float)
ONE_HOT = np.eye(4)[DRAW.choice(4, N, p=[0.1, 0.2, 0.3, 0.4])]
SOFT = DRAW.dirichlet([1.0, 2.0, 3.0], N)
WEIGHT = DRAW.random(N) + 0.1

LOSSES = [
    (keras.losses.MeanSquaredError(), REAL),
    (keras.losses.MeanAbsoluteError(), REAL),
    (keras.losses.MeanAbsolutePercentageError(), REAL),
    (keras.losses.MeanSquaredLogarithmicError(), REAL),
    (keras.losses.Huber(), REAL),
    (keras.losses.Huber(delta=0.3), REAL),
    (keras.losses.LogCosh(), REAL),
    (keras.losses.Poisson(), REAL),
    (keras.losses.CosineSimilarity(), REAL),
    (keras.losses.Hinge(), BINARY),
    (keras.losses.SquaredHinge(), 2 * BINARY - 1),
    (keras.losses.BinaryCrossentropy(), BINARY),
    (keras.losses.BinaryCrossentropy(label_smoothing=0.2), BINARY),
    (keras.losses.BinaryCrossentropy(from_logits=True), BINARY),
    (keras.losses.BinaryFocalCrossentropy(gamma=1.5), BINARY),
    (keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True), BINARY),
    (keras.losses.CategoricalCrossentropy(), ONE_HOT),
    (keras.losses.CategoricalCrossentropy(label_smoothing=0.1), ONE_HOT),
    (keras.losses.CategoricalCrossentropy(), SOFT),
    (keras.losses.KLDivergence(), SOFT),
    (keras.losses.SparseCategoricalCrossentropy(from_logits=True), ONE_HOT.argmax(axis=1)),
]


def targets_of(y: np.ndarray, weight: np.ndarray | None = None) -> Targets:
    weight = np.ones(len(y)) if weight is None else weight
    columns = y.reshape(len(y), -1).astype(float)
    mean = np.average(columns, axis=0, weights=weight)
    counts = np.bincount(y, weight) if y.ndim == 1 else np.zeros(0)
    return Targets(mean, np.average((columns - mean) ** 2, axis=0, weights=weight), counts, columns, weight)


def lowest(loss: keras.losses.Loss, y: np.ndarray, weight: np.ndarray | None) -> float:
    """What a search over constants finds with Keras' own loss; probabilities come from a softmax or sigmoid."""
    probability = {"categorical": keras.ops.softmax, "kl_": keras.ops.softmax, "binary": keras.ops.sigmoid}
    kind = next((each for name, each in probability.items() if name in loss.name), None)
    kind = None if getattr(loss, "_fn_kwargs", {}).get("from_logits") else kind

    def value(constant: np.ndarray) -> float:
        prediction = np.broadcast_to(constant, (len(y), len(constant))).astype(np.float64)
        prediction = prediction if kind is None else np.asarray(kind(prediction))
        return float(loss(y, prediction, weight))

    size = int(y.max()) + 1 if y.ndim == 1 else y.shape[1]
    starts = [np.full(size, 0.2), np.sign(y.mean(axis=0) - 0.5) if y.ndim > 1 else np.zeros(size)]
    options = {"maxiter": 500, "xatol": 1e-4, "fatol": 1e-6}
    found = [minimize(value, start, method="Nelder-Mead", options=options) for start in starts]
    return min(each.fun for each in found)


@pytest.mark.parametrize(
    ("number", "weighted"),
    [*((number, False) for number in range(len(LOSSES))), *((number, True) for number in (0, 1, 4, 8, 11, 16, 19, 20))],
)
def test_no_constant_is_better_and_one_is_as_good(number, weighted):
    loss, y = LOSSES[number]
    weight = WEIGHT if weighted else None
    facts = loss_facts(loss)
    found = best_constant(facts.class_name, facts.settings, targets_of(y, weight))
    assert found is not None
    scale = 1.0 if weight is None else weight.mean()  # Keras divides by the number of examples, not by the weight
    assert found[0] * scale == pytest.approx(lowest(loss, y, weight), rel=2e-3, abs=2e-4)


def test_every_known_loss_is_tested():
    assert {loss_facts(loss).class_name for loss, _ in LOSSES} == {*CLOSED, *ELEMENTWISE}


def test_an_ignored_class_does_not_count():
    y = np.array([0, 0, 1, 1, 2, 2, 2, 2])
    found = best_constant("SparseCategoricalCrossentropy", {"ignore_class": 2}, targets_of(y))
    assert found == (pytest.approx(np.log(2)), "entropy")


@pytest.mark.parametrize("loss", ["my_loss", "CTC", "Dice", ""])
def test_of_other_losses_nothing_is_known(loss):
    assert best_constant(loss, {}, targets_of(REAL)) is None


@pytest.mark.parametrize("y", [np.full((4, 2), 3.0), np.zeros((4, 1))])
def test_constant_targets_leave_no_loss(y):
    for loss in ("MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh"):
        found = best_constant(loss, {}, targets_of(y))
        assert found is not None and found[0] == pytest.approx(0, abs=1e-9)


def test_what_is_not_finite_is_unknown():
    assert best_constant("MeanSquaredError", {}, targets_of(np.array([[1.0], [np.nan]]))) is None
