"""Saturation against the definition: the derivative with respect to the pre-activation, which the probe never sees."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from tests.kit.steps import rows, watch

BOUNDED = ["sigmoid", "tanh", "softsign", "hard_sigmoid", "hard_tanh"]
Z = np.random.default_rng(0).normal(scale=6, size=(64, 50)).astype(np.float32)


def saturated(layer: keras.Layer, x=Z, **options) -> float:
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    seen = rows(watch(model, tf.constant(x), watched=[probes.Saturation(every=1)], **options).read())
    return float(seen["saturated_fraction"].to_dict().get(layer.name, np.nan))


def by_derivative(function, z: np.ndarray) -> float:
    """Share of entries with a derivative below 1 % of the largest, which all five have around 0."""
    both = tf.concat([tf.constant(z).numpy().ravel(), [0.001]], axis=0)
    with tf.GradientTape() as tape:
        tape.watch(both)
        outputs = function(both)
    slopes = np.asarray(tape.gradient(outputs, both))
    return float(np.mean(slopes[:-1] < 0.01 * slopes[-1]))


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("name", BOUNDED)
def test_the_share_is_that_of_the_derivative(name, compiled):
    share = by_derivative(keras.activations.get(name), Z)
    assert 0.05 < share < 0.95
    assert saturated(keras.layers.Activation(name), compiled=compiled) == pytest.approx(share, abs=1e-3)


def test_an_activation_given_as_argument_is_seen_however_it_is_given():
    for activation in ("tanh", tf.nn.tanh, keras.ops.tanh):
        layer = keras.layers.Dense(50, activation=activation, kernel_initializer="identity")
        assert saturated(layer) == pytest.approx(by_derivative(tf.tanh, Z), abs=1e-3)


class Doubled(keras.layers.Dense):
    """A layer whose output is not the output of its activation."""

    def call(self, inputs, training=None):
        outputs: Any = super().call(inputs)
        return 2 * outputs


@pytest.mark.parametrize(
    "layer",
    [keras.layers.Dense(3, activation="relu"), keras.layers.Dense(3), Doubled(3, activation="tanh"),
     keras.layers.Dense(3, activation=lambda z: tf.tanh(z) / 2), keras.layers.LayerNormalization()],
    ids=["relu", "linear", "own call", "own function", "no activation"],
)  # fmt: skip
def test_what_is_not_known_to_be_bounded_is_missing(layer):
    assert np.isnan(saturated(layer))


def test_the_gated_output_of_an_lstm_is_missing():
    assert np.isnan(saturated(keras.layers.LSTM(3), x=Z[:8].reshape(8, 10, 5)))


@pytest.mark.parametrize("threshold", [0, 1.5, "low"])
def test_a_threshold_outside_of_0_to_1_is_refused(threshold):
    with pytest.raises(probes.UsageError, match="threshold"):
        probes.Saturation(threshold=threshold)
