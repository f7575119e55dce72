"""Readings do not depend on how the step runs: eager, compiled, in a loop, by XLA, in half precision, with sparse gradients."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from tests.kit.steps import make_step, mean_square, rows, watch

X = tf.constant(np.random.default_rng(0).normal(size=(6, 5)), tf.float32)


def dense(**options) -> keras.Sequential:
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [keras.Input((5,)), layers.Dense(4, activation="relu", name="a", **options), layers.Dense(3, name="b")]
    )


def run(monitor: probes.Monitor, steps: int, **options) -> None:
    step = make_step(monitor.model, [monitor], **options)
    for number in range(steps):
        step(X + number, 0.0)


def in_one_call(monitor: probes.Monitor, steps: int, **options):
    """A function that runs this many steps in a TensorFlow loop."""
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(monitor.model.trainable_variables)

    @tf.function(**options)
    def train():
        for number in tf.range(steps):
            with tf.GradientTape() as tape, monitor.capture():
                loss = mean_square(0.0, monitor.model(X + tf.cast(number, tf.float32), training=True))
            gradients = tape.gradient(loss, monitor.model.trainable_variables)
            optimizer.apply(gradients, monitor.model.trainable_variables)
            monitor.update(gradients)

    return train


def watched_variously() -> list[probes.Probe]:
    return [probes.GradientNorm(every=1), probes.ActivationMoments(window=2), probes.UpdateRatio(every=3),
            probes.ActivationGradient(every=2)]  # fmt: skip


def assert_same_numbers(one: probes.Reading, other: probes.Reading) -> None:
    keys = ["step", "layer", "depth", "kind"]
    assert one.layers[keys].equals(other.layers[keys])
    np.testing.assert_allclose(one.layers.drop(columns=keys), other.layers.drop(columns=keys), rtol=2e-4, atol=1e-6)


def test_steps_inside_a_loop_of_one_function_read_as_steps_called_one_by_one():
    looped, single = (probes.Monitor(dense(), watched_variously()) for _ in range(2))
    in_one_call(looped, 7)()
    run(single, 7)
    assert_same_numbers(looped.read(), single.read())


@pytest.mark.parametrize("how", ["jit_compile", "jit_compile, in a loop", "eager"])
def test_every_way_to_run_a_step_reads_the_same(how):
    one, compiled = (probes.Monitor(dense(), watched_variously()) for _ in range(2))
    if how.endswith("loop"):
        in_one_call(one, 7, jit_compile=True)()
    else:
        run(one, 7, **({"compiled": False} if how == "eager" else {"jit_compile": True}))
    run(compiled, 7)
    assert_same_numbers(one.read(), compiled.read())


def test_another_batch_size_is_another_trace_and_the_same_record():
    model = dense()
    monitor = probes.Monitor(model, [probes.ActivationMoments(every=1), probes.ActivationSparsity(every=1)])
    step = make_step(model, [monitor], optimizer=keras.optimizers.SGD(0.0))
    for batch in (X, X[:2], X):
        step(batch, 0.0)
    reading = monitor.read()
    for number, batch in enumerate((X, X[:2], X)):
        assert rows(reading, number).loc["b", "activation_mean"] == pytest.approx(np.mean(model(batch)), rel=1e-5)


def test_update_ratio_is_what_the_optimizer_did():
    model = dense()
    before = [np.concatenate([w.numpy().ravel() for w in layer.trainable_variables]) for layer in model.layers]
    optimizer = keras.optimizers.Adam(0.01, weight_decay=0.1, clipnorm=0.1)
    seen = rows(watch(model, X, 0.0, watched=[probes.UpdateRatio(every=1)], optimizer=optimizer).read())
    for layer, old in zip(model.layers, before, strict=True):
        new = np.concatenate([w.numpy().ravel() for w in layer.trainable_variables])
        expected = np.linalg.norm(new - old) / np.linalg.norm(old)
        assert seen.loc[layer.name, "update_ratio"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("built", [True, False])
def test_gradients_of_mixed_precision_are_shown_without_the_loss_scale(compiled, built):
    def read(policy, optimizer):
        model = dense(dtype=policy)
        if built:
            optimizer.build(model.trainable_variables)
        watched = [probes.GradientNorm(every=1), probes.ActivationGradient(every=1), probes.UpdateRatio(every=1)]
        monitor = probes.Monitor(model, watched, optimizer=optimizer)
        run(monitor, 3, optimizer=optimizer, compiled=compiled)
        return monitor.read().layers

    plain = read("float32", keras.optimizers.SGD(0.01))
    scaled = read("mixed_float16", keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=256.0))
    columns = ["gradient_norm", "activation_gradient_rms", "update_ratio"]
    np.testing.assert_allclose(scaled[columns], plain[columns], rtol=0.02)
    factor = read("float32", keras.optimizers.SGD(0.01, loss_scale_factor=1024.0))
    np.testing.assert_allclose(factor[columns], plain[columns], rtol=1e-3)


def test_an_overflow_of_half_precision_is_shown_and_moves_nothing():
    model = dense(dtype="mixed_float16")
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0**40)
    monitor = probes.Monitor(model, [probes.GradientNorm(every=1), probes.UpdateRatio(every=1)], optimizer=optimizer)
    run(monitor, 1, optimizer=optimizer)
    seen = rows(monitor.read()).loc["a"]
    assert not np.isfinite(seen.gradient_norm)
    assert seen.update_ratio == 0


@pytest.mark.parametrize("how", [{}, {"compiled": False}, {"jit_compile": True}])
def test_sparse_gradients_are_summed_by_row(how):
    tokens = tf.constant([[1, 1, 2, 1], [2, 0, 1, 1]])
    table = layers.Embedding(5, 3, name="table")
    model = keras.Sequential([keras.Input((4,), dtype="int32"), table, layers.Flatten(), layers.Dense(2)])
    with tf.GradientTape() as tape:
        loss = mean_square(0.0, model(tokens))
    gradient = tape.gradient(loss, table.trainable_variables)[0]
    assert isinstance(gradient, tf.IndexedSlices)
    norm = np.linalg.norm(tf.convert_to_tensor(gradient).numpy())
    watched = [probes.GradientNorm(every=1)]
    seen = rows(watch(model, tokens, 0.0, watched=watched, **how).read()).loc["table"]
    assert seen.gradient_norm == pytest.approx(norm, rel=1e-5)
    assert seen.gradient_rms == pytest.approx(norm / np.sqrt(15), rel=1e-5)
