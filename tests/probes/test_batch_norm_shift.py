"""BatchNormShift on whole models: it uses the moving statistics before the step updates them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from tests.kit.steps import make_step, rows, watch

X = np.random.default_rng(0).normal(3, 2, size=(16, 4, 5)).astype(np.float32)


def expected(x, mean, variance, axes=(0, 1)) -> list[float]:
    m, v = x.astype(np.float64).mean(axes), x.astype(np.float64).var(axes)
    return [m.mean(), v.mean(), np.mean(abs(m - mean) / np.sqrt(variance)), np.mean(v / variance)]


@pytest.mark.parametrize("how", [{}, {"compiled": False}, {"jit_compile": True}], ids=str)
@pytest.mark.parametrize("built", [True, False])
def test_each_step_is_compared_with_what_the_step_before_left(how, built):
    norm = keras.layers.BatchNormalization(momentum=0.5, name="norm")
    model = keras.Sequential([*([keras.Input((4, 5))] if built else []), norm])
    monitor = probes.Monitor(model, [probes.BatchNormShift(every=1)])
    step = make_step(model, [monitor], **how)
    mean, variance, wanted = np.zeros(5), np.ones(5), []
    for number in range(3):
        x = X + number
        step(tf.constant(x), 0.0)
        wanted.append(expected(x, mean, variance))
        mean, variance = (mean + x.mean((0, 1))) / 2, (variance + x.var((0, 1))) / 2
    seen = monitor.read().layers
    np.testing.assert_allclose(seen[list(probes.BatchNormShift.columns)], wanted, rtol=1e-4)


def test_channels_are_the_axis_that_the_layer_normalises():
    norm = keras.layers.BatchNormalization(axis=1, name="norm")
    model = keras.Sequential([keras.Input((4, 5)), norm])
    seen = rows(watch(model, tf.constant(X), watched=[probes.BatchNormShift(every=1)]).read()).loc["norm"]
    wanted = expected(X, np.zeros(4), np.ones(4), axes=(0, 2))
    np.testing.assert_allclose([seen[name] for name in probes.BatchNormShift.columns], wanted, rtol=1e-4)


@pytest.mark.parametrize("how", [{}, {"jit_compile": True}], ids=str)
def test_masked_entries_do_not_count(how):
    x = X.copy()
    x[8:, 2:] = 0
    model = keras.Sequential(
        [keras.Input((4, 5)), keras.layers.Masking(), keras.layers.BatchNormalization(name="norm")]
    )
    seen = rows(watch(model, tf.constant(x), watched=[probes.BatchNormShift(every=1)], **how).read())
    kept = x.reshape(-1, 5)[np.any(x.reshape(-1, 5) != 0, axis=1)]
    assert seen.loc["norm", "bn_batch_mean"] == pytest.approx(kept.mean(), rel=1e-5)
    assert seen.loc["norm", "bn_batch_variance"] == pytest.approx(kept.astype(float).var(0).mean(), rel=1e-4)
    assert "masking" not in seen.index or np.isnan(seen.loc["masking", "bn_batch_mean"])


def test_a_channel_without_moving_variance_is_left_out():
    norm = keras.layers.BatchNormalization(name="norm")
    model = keras.Sequential([keras.Input((4, 5)), norm])
    norm.set_weights([np.ones(5), np.zeros(5), np.zeros(5), np.array([1, 1, 0, 1, 1])])
    seen = rows(watch(model, tf.constant(X), watched=[probes.BatchNormShift(every=1)]).read()).loc["norm"]
    others = np.delete(X, 2, axis=-1)
    assert seen["bn_variance_ratio"] == pytest.approx(expected(others, np.zeros(4), np.ones(4))[3], rel=1e-4)


@pytest.mark.parametrize("trainable", [True, False])
def test_a_frozen_layer_is_compared_too_and_keeps_its_statistics(trainable):
    norm = keras.layers.BatchNormalization(name="norm")
    norm.trainable = trainable
    model = keras.Sequential([keras.Input((4, 5)), norm, keras.layers.Dense(1)])
    seen = rows(watch(model, tf.constant(X), watched=[probes.BatchNormShift(every=1)]).read()).loc["norm"]
    assert seen["bn_mean_gap"] == pytest.approx(expected(X, np.zeros(5), np.ones(5))[2], rel=1e-4)
    moving_mean = dict(zip((v.name for v in norm.variables), norm.get_weights(), strict=True))["moving_mean"]
    assert np.all(moving_mean == 0) == (not trainable)
