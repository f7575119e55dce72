"""Sharpness: exact on a quadratic loss, and equal to that of the full Hessian on a network."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from probes.sharpness import largest_eigenvalue

RNG = np.random.default_rng(0)
X = tf.constant(RNG.normal(size=(12, 4)), tf.float32)
Y = tf.constant(RNG.normal(size=(12, 2)), tf.float32)


class Quadratic(tf.Module):
    """L = ½ wᵀ A w, whose Hessian is A at every w."""

    def __init__(self, matrix: np.ndarray) -> None:
        super().__init__()
        self.matrix = tf.constant(matrix, tf.float32)
        self.w = tf.Variable(tf.random.stateless_normal([len(matrix), 1], [1, 2]))

    def __call__(self, _):
        return tf.reduce_sum(self.w * (self.matrix @ self.w)) / 2


def quadratic(*eigenvalues: float) -> Quadratic:
    basis = np.linalg.qr(RNG.normal(size=(len(eigenvalues), len(eigenvalues))))[0]
    return Quadratic(basis @ np.diag(eigenvalues) @ basis.T)


def squares(target, output):
    return tf.reduce_mean(tf.square(output - target), axis=-1)


def sharpness(model, **options) -> float:
    return probes.Sharpness(**{"loss": lambda _, output: output, "x": X, "y": Y} | options).of(model)


@pytest.mark.parametrize(
    "eigenvalues",
    [(3.0, 1.0, 0.5, -2.0), (-1.0, -4.0, -9.0), (1e4, 1.0, 1.0, 1e-3), (0.0, 0.0, 0.0), (7.0,), (2.0, 5.0)],
)
def test_the_largest_eigenvalue_of_a_quadratic_is_found_to_the_tolerance(eigenvalues):
    found = sharpness(quadratic(*eigenvalues), tolerance=1e-6)
    assert found == pytest.approx(max(eigenvalues), rel=1e-4, abs=1e-5 * max(np.abs(eigenvalues)))


def full_hessian(model) -> np.ndarray:
    """Every second derivative, one row after the other."""
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            loss = tf.reduce_mean(squares(Y, model(X, training=True)))
        gradients = inner.gradient(loss, model.trainable_variables)
        flat = tf.concat([tf.reshape(gradient, [-1]) for gradient in gradients], axis=0)
        entries = tf.unstack(flat)
    rows = [outer.gradient(entry, model.trainable_variables, unconnected_gradients="zero") for entry in entries]
    return np.array([np.concatenate([np.ravel(part) for part in row]) for row in rows])


@pytest.mark.parametrize("between", [None, layers.BatchNormalization, lambda: layers.Dropout(0.5, seed=3)])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_network_has_the_sharpness_of_the_full_hessian_of_its_training_loss(activation, between):
    keras.utils.set_random_seed(2)
    hidden = [layers.Dense(3, activation=activation), *([between()] if between else [])]
    model = keras.Sequential([keras.Input((4,)), *hidden, layers.Dense(2)])
    found = sharpness(model, loss=squares)
    hessian = full_hessian(model)  # the first pass in training mode, as the measurement had it: the same masks
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-5)
    assert found == pytest.approx(np.linalg.eigvalsh(hessian).max(), rel=2e-3)


def test_gradient_descent_diverges_on_the_other_side_of_two_over_the_sharpness():
    start = quadratic(8.0, 1.0, 0.1)
    edge = 2 / sharpness(start)
    sizes = {}
    for rate in (0.97 * edge, 1.03 * edge):
        w = start.w.numpy()
        for _ in range(200):
            w = w - rate * (start.matrix.numpy() @ w)
        sizes[rate < edge] = np.linalg.norm(w)
    assert sizes[True] < 1 < sizes[False]


def test_measuring_leaves_weights_statistics_and_random_numbers_alone():
    stack = [layers.Dense(3), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(2)]
    model = keras.Sequential([keras.Input((4,)), *stack])

    def state():
        return [variable.numpy().tobytes() for variable in model.variables], np.random.get_state()[1].tobytes()  # type: ignore

    before = state()
    keras.utils.set_random_seed(5)
    expected = np.random.normal(), tf.random.normal([]).numpy()
    keras.utils.set_random_seed(5)
    first, second = sharpness(model, loss=squares), sharpness(model, loss=squares)
    assert (np.random.normal(), tf.random.normal([]).numpy()) == expected
    assert first == second
    assert state()[0] == before[0]


def test_embeddings_half_precision_loops_and_weights_without_gradient_are_part_of_it():
    embedded = keras.Sequential([keras.Input((2,), dtype="int32"), layers.Embedding(3, 2), layers.Flatten(),
                                 layers.Dense(2, dtype="mixed_float16")])  # fmt: skip
    tokens = tf.constant(RNG.integers(0, 3, (12, 2)))
    assert sharpness(embedded, loss=lambda y, o: squares(y, tf.cast(o, tf.float32)), x=tokens) > 0
    recurrent = keras.Sequential([keras.Input((4, 1)), layers.LSTM(2), layers.Dense(2)])
    assert sharpness(recurrent, loss=squares, x=X[..., None]) > 0
    part = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    assert sharpness(part, loss=lambda _, output: output[:, 0] ** 2) > 0


def test_a_hessian_that_is_not_finite_or_that_lanczos_cannot_solve_has_no_number():
    assert np.isnan(sharpness(quadratic(1.0, 2.0), loss=lambda _, output: output * np.inf))
    eigenvalues = np.linspace(1, 1.001, 400)
    with pytest.warns(UserWarning, match="no convergence"):
        assert np.isnan(largest_eigenvalue(lambda v: eigenvalues * v, 400, 1e-14, 1))


@pytest.mark.parametrize("case", ["nothing trainable", "a loss of something else"])
def test_bad_input_raises_an_error_in_four_parts(case):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    model.trainable = case != "nothing trainable"
    with pytest.raises(probes.UsageError) as caught:
        sharpness(model, loss=lambda y, _: y)
    assert all([caught.value.what, caught.value.where, caught.value.got, caught.value.do])
