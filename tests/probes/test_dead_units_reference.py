"""Dead units on a reference set: exact, before the update, without a trace in the model; and what theory says of them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits

import probes
from tests.kit.steps import make_step
from tests.probes.test_dead_units import X, assert_events, dense, events_of, silent, stack, train

WAYS = {"compiled": {}, "eager": {"compiled": False}, "XLA": {"jit_compile": True}}


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("way", WAYS)
def test_checks_are_exact_with_the_weights_before_the_update(way, every):
    model = dense()
    few = X[:5]
    monitor = probes.Monitor(model, [probes.DeadUnits(reference=few, every=every), probes.GradientNorm(every=every)])
    step = make_step(model, [monitor], optimizer=keras.optimizers.SGD(1.0), **WAYS[way])
    dead, steps = [], range(0, 10, every)
    for number in range(10):
        if number in steps:
            dead.append(silent(model, few))
        step(tf.constant(X[number : number + 2]), tf.ones([2, 3]))
    reading = monitor.read()
    own = reading.layers[reading.layers["layer"] == "hidden"]
    assert own["step"].tolist() == list(steps)
    np.testing.assert_allclose(own["dead_fraction"], [now.mean() for now in dead], rtol=1e-6)
    assert set(own["dead_unit_examples"]) == {5} and own["gradient_norm"].notna().all()
    assert_events(reading.units, events_of(dead, list(steps)))
    assert len(reading.units)


def test_other_probes_of_the_same_cadence_see_the_training_step():
    model = dense()
    monitor = probes.Monitor(model, [probes.DeadUnits(reference=X[:5], every=1), probes.ActivationMoments(every=1)])
    outputs = model.get_layer("hidden")(X[5:8])
    make_step(model, [monitor])(tf.constant(X[5:8]), tf.ones([3, 3]))
    seen = monitor.read().layers.set_index("layer").loc["hidden"]
    assert seen.activation_mean == pytest.approx(np.mean(outputs), rel=1e-5)
    assert seen.dead_unit_examples == 5


class Restless(layers.Layer):
    """Changes its own state in inference mode, too, and adds losses."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.norm, self.drop, self.metric = layers.BatchNormalization(), layers.Dropout(0.5), keras.metrics.Mean()

    def call(self, x):
        x = self.drop(self.norm(x, training=True), training=True)
        self.metric.update_state(x)
        self.add_loss(tf.reduce_sum(x))
        return x + keras.random.normal(tf.shape(x))


@pytest.mark.parametrize("way", ["compiled", "eager"])
def test_a_check_leaves_no_trace(way):
    left = []
    for watched in ([], [probes.DeadUnits(reference=X, every=1)]):
        keras.utils.set_random_seed(1)
        model = stack(Restless(), layers.Dense(5, activation="relu", activity_regularizer="l2"))
        metric, seeds = model.layers[0].metric, model.layers[0].drop.seed_generator
        monitor = probes.Monitor(model, watched)
        losses = []

        def loss(target, output, model=model, losses=losses):
            losses.append(len(model.losses))
            return tf.reduce_mean(tf.square(output - target)) + tf.add_n(model.losses)

        train(monitor, [X[:4], X[4:8], X[8:12]], loss=loss, **WAYS[way])
        values = [*model.variables, *metric.variables, seeds.state]
        left.append(([value.numpy() for value in values], set(losses), keras.random.uniform([3]).numpy()))
        assert not watched or len(monitor.read().layers)
    bare, watched = left
    assert bare[1] == watched[1] == {2}
    for one, other in zip([*bare[0], bare[2]], [*watched[0], watched[2]], strict=True):
        np.testing.assert_array_equal(one, other)


def test_losses_added_before_a_check_stay():
    model = stack(layers.Dense(5, activation="relu", activity_regularizer="l2"))
    model(X)
    before = [float(loss) for loss in model.losses]
    with probes.Monitor(model, [probes.DeadUnits(reference=X, every=1)]).capture():
        assert [float(loss) for loss in model.losses] == before != []


def test_other_monitors_do_not_see_a_check():
    model = dense()
    outer = probes.Monitor(model, [probes.DeadUnits(every=1)])
    inner = probes.Monitor(model, [probes.DeadUnits(reference=X, every=1)])
    step = make_step(model, [outer, inner])
    step(tf.constant(X[:2]), tf.zeros([2, 3]))
    assert outer.read().layers["dead_unit_examples"].tolist() == [2]
    assert inner.read().layers["dead_unit_examples"].tolist() == [24]


def test_a_model_that_is_built_by_its_first_step_is_checked_from_that_step_on():
    model = keras.Sequential([layers.Dense(9, activation="relu", name="hidden"), layers.Dense(3)])
    monitor = probes.Monitor(model, [probes.DeadUnits(reference=X, every=1)])
    train(monitor, [X[:2], X[:2]], optimizer=keras.optimizers.SGD(0.0))
    assert_events(monitor.read().units, events_of([silent(model, X)] * 2, [0, 1]))


def test_several_inputs_are_given_in_the_model_s_structure():
    one, other = keras.Input((6,), name="one"), keras.Input((2,), name="other")
    joined = layers.Dense(9, activation="relu", name="hidden")(layers.Concatenate()([one, other]))
    model = keras.Model({"one": one, "other": other}, layers.Dense(3)(joined))
    reference = {"one": X, "other": X[:, :2]}
    monitor = probes.Monitor(model, [probes.DeadUnits(reference=reference, every=1)])
    make_step(model, [monitor])({"one": tf.constant(X[:2]), "other": tf.constant(X[:2, :2])}, tf.zeros([2, 3]))
    expected = keras.Model(model.inputs, joined)([X, X[:, :2]]).numpy()
    assert float(monitor.read().layers["dead_fraction"].iloc[0]) == pytest.approx((expected == 0).all(axis=0).mean())


class OwnInputs(keras.Model):
    """A model that does not declare its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(3, activation="relu")

    def call(self, x):
        return self.dense(x)


UNFIT = {
    "width": (X[:, :5], "(24, 5)"),
    "no example": (X[:0], "(0, 6)"),
    "unequal": ([X, X[:3]], "(24, 6), (3, 6)"),
    "another input": ([X, X], "(24, 6), (24, 6)"),
    "a number": (1.0, "()"),
    "no arrays": (object(), "object"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_reference_set_that_does_not_fit_is_refused_at_the_start(name):
    reference, got = UNFIT[name]
    with pytest.raises(probes.UsageError) as caught:
        probes.Monitor(dense(), [probes.DeadUnits(reference=reference)])
    assert got in caught.value.got and caught.value.where == "reference=..." and caught.value.do


def test_a_reference_set_is_refused_at_the_first_step_if_the_models_inputs_are_unknown():
    model = OwnInputs()
    model(X)
    monitor = probes.Monitor(model, [probes.DeadUnits(reference=X[:, :5])])
    with pytest.raises(probes.UsageError, match=r"\(24, 5\).*incompatible"):
        train(monitor, [X])


def test_a_window_and_a_reference_set_exclude_one_another():
    with pytest.raises(probes.UsageError, match="window"):
        probes.DeadUnits(reference=X, window=20)
    assert probes.DeadUnits(reference=X, every=7).window == 7
    assert "(24, 6)" in repr(probes.DeadUnits(reference=X))


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    images, labels = load_digits(return_X_y=True)
    return (images / 16).astype(np.float32), labels


def test_units_of_the_first_layer_never_revive_under_plain_gradient_descent_and_deeper_ones_do(digits):
    """A dead unit gets no gradient; its inputs are the data, which do not change; those of deeper units do."""
    images, labels = digits
    keras.utils.set_random_seed(0)
    hidden = [layers.Dense(24, "relu", kernel_initializer="he_normal", name=f"hidden_{i}") for i in (1, 2, 3, 4)]
    model = keras.Sequential([keras.Input((64,)), *hidden, layers.Dense(10)])
    monitor = probes.Monitor(model, [probes.DeadUnits(reference=images, every=1)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    step = make_step(model, [monitor], loss=loss, optimizer=keras.optimizers.SGD(0.6))
    rng = np.random.default_rng(0)
    for _ in range(200):
        batch = rng.integers(0, len(images), 32)
        step(tf.constant(images[batch]), tf.constant(labels[batch]))
    reading = monitor.read()
    counts = reading.units.groupby(["layer", "event"]).size()
    assert counts["hidden_1", "death"] > 0 and ("hidden_1", "revival") not in counts.index
    assert all(counts[layer.name, "revival"] > 0 for layer in hidden[1:])
    assert set(reading.layers["dead_unit_examples"]) == {len(images)}
