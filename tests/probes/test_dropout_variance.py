"""DropoutVariance on whole models: the measured output has the moments that theory predicts from the measured input."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from tests.kit.steps import make_step, rows, watch

# A mean that is not 0, and a shape that is not normal: theory asks for neither.
X = np.random.default_rng(0).exponential(2, size=(64, 40, 40)).astype(np.float32) - 1
DROPOUTS = [layers.Dropout(0.3), layers.GaussianDropout(0.3), layers.AlphaDropout(0.3), layers.SpatialDropout1D(0.3)]


class Kept(layers.Dropout):
    """A subclass that leaves ``call`` to Keras."""


class Own(layers.Dropout):
    """A subclass with its own ``call``, whose behaviour is unknown."""

    def call(self, inputs, training=False):
        return 3 * super().call(inputs, training=training)


def moments_of(dropout: keras.Layer, x=X, **options):
    model = keras.Sequential([keras.Input(x.shape[1:]), dropout, layers.Dense(1)])
    return rows(watch(model, tf.constant(x), watched=[probes.DropoutVariance(every=1)], **options).read())


@pytest.mark.parametrize("how", [{}, {"compiled": False}, {"jit_compile": True}], ids=str)
@pytest.mark.parametrize("dropout", [*DROPOUTS, Kept(0.5)], ids=lambda layer: type(layer).__name__)
def test_the_output_has_the_moments_that_theory_expects(dropout, how):
    keras.utils.set_random_seed(0)
    seen = moments_of(dropout, **how).loc[dropout.name]
    wide = X.astype(np.float64)
    np.testing.assert_allclose(
        [seen["dropout_input_mean"], seen["dropout_input_variance"]], [wide.mean(), wide.var()], rtol=1e-4
    )
    # 100,000 entries, of which a spatial dropout drops 2,560 channels: three standard errors of either are below this.
    assert seen["dropout_output_mean"] == pytest.approx(seen["dropout_expected_mean"], abs=0.1)
    assert seen["dropout_output_variance"] == pytest.approx(seen["dropout_expected_variance"], rel=0.06)
    assert seen["variance_ratio"] == pytest.approx(
        seen["dropout_output_variance"] / seen["dropout_input_variance"], rel=1e-5
    )


def test_alpha_dropout_keeps_mean_0_and_variance_1_in_theory():
    normal = np.random.default_rng(1).normal(size=(64, 500))
    normal = ((normal - normal.mean()) / normal.std()).astype(np.float32)
    seen = moments_of(layers.AlphaDropout(0.4, name="drop"), normal).loc["drop"]
    assert seen["dropout_expected_mean"] == pytest.approx(0, abs=1e-5)
    assert seen["dropout_expected_variance"] == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("dropout", [layers.Dropout(0.0), Own(0.3), layers.GaussianNoise(0.3)], ids=lambda d: d.name)
def test_what_does_not_drop_or_is_not_known_is_missing(dropout):
    assert dropout.name not in moments_of(dropout).index


class Calm(keras.Model):
    """Dropout in inference mode, whatever the model is in."""

    def __init__(self) -> None:
        super().__init__()
        self.drop, self.dense = layers.Dropout(0.3), layers.Dense(1)

    def call(self, x):
        return self.dense(self.drop(x, training=False))


def test_a_dropout_in_inference_mode_is_missing():
    assert watch(Calm(), tf.constant(X[0]), watched=[probes.DropoutVariance(every=1)]).read().layers.empty


def test_a_window_has_the_moments_of_all_its_examples():
    drop = layers.Dropout(0.3, name="drop")
    model = keras.Sequential([keras.Input((40, 40)), drop, layers.Dense(1)])
    monitor = probes.Monitor(model, [probes.DropoutVariance(window=2)])
    step = make_step(model, [monitor])
    parts = [X[:8], 5 * X[8:32]]
    for part in parts:
        step(tf.constant(part), 0.0)
    both = np.concatenate(parts).astype(np.float64)
    seen = rows(monitor.read()).loc["drop"]
    assert seen["dropout_input_variance"] == pytest.approx(both.var(), rel=1e-5)
    assert seen["dropout_expected_variance"] == pytest.approx(both.var() / 0.7 + 0.3 / 0.7 * both.mean() ** 2, rel=1e-5)
