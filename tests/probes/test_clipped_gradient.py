"""ClippedGradient against what the optimizer itself does: with plain SGD at rate 1 the update is the clipped gradient."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from tests.kit.steps import make_step, mean_square

X = tf.constant(np.random.default_rng(0).normal(size=(8, 5)), tf.float32)


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(6, "tanh", name="a"), keras.layers.Dense(2, name="b")]
    )


def read(optimizer, *, known: bool = True, x=X, **options):
    """Norm of each layer's update, and the columns, of one step."""
    model = network()
    watched = [probes.ClippedGradient(every=1), probes.GradientNorm(every=1)]
    monitor = probes.Monitor(model, watched, optimizer=optimizer if known else None)
    before = {layer.name: layer.get_weights() for layer in model.layers}
    make_step(model, [monitor], loss=lambda y, out: 50 * mean_square(y, out), optimizer=optimizer, **options)(x, 1.0)
    moved = {
        layer.name: np.sqrt(
            sum(np.sum((new - old) ** 2) for new, old in zip(layer.get_weights(), before[layer.name], strict=True))
        )
        for layer in model.layers
    }
    return moved, monitor.read().layers.set_index("layer")


@pytest.mark.parametrize("how", [{}, {"compiled": False}, {"jit_compile": True}], ids=str)
@pytest.mark.parametrize("setting", ["clipnorm", "clipvalue", "global_clipnorm"])
@pytest.mark.parametrize("size", [0.05, 1e6])
def test_the_norm_is_that_of_the_update_of_plain_sgd(setting, size, how):
    moved, seen = read(keras.optimizers.SGD(1.0, **{setting: size}), **how)
    for name, norm in moved.items():
        assert seen.loc[name, "gradient_norm_clipped"] == pytest.approx(norm, rel=1e-3)
    untouched = np.allclose(seen["gradient_norm_clipped"], seen["gradient_norm"], rtol=1e-5)
    assert untouched == (size > 1)


@pytest.mark.parametrize("setting", ["clipnorm", "global_clipnorm"])
def test_the_loss_scale_is_gone_before_clipping(setting):
    clipping: dict[str, Any] = {setting: 0.05}
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0, **clipping), initial_scale=1024.0)
    moved, seen = read(optimizer)
    for name, norm in moved.items():
        assert seen.loc[name, "gradient_norm_clipped"] == pytest.approx(norm, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "known"),
    [({}, True), ({"clipnorm": 0.05}, False), ({"clipnorm": 0.05, "gradient_accumulation_steps": 2}, True)],
    ids=["does not clip", "unknown optimizer", "accumulates"],
)
def test_what_is_not_clipped_or_not_known_is_missing(options, known):
    _, seen = read(keras.optimizers.SGD(1.0, **options), known=known)
    assert np.isnan(seen["gradient_norm_clipped"].to_numpy()).all()
    assert np.isfinite(seen["gradient_norm"].to_numpy()).all()


def test_a_global_norm_that_is_not_finite_spoils_every_layer_as_in_keras():
    bad = tf.concat([X[:7], tf.fill([1, 5], np.inf)], axis=0)
    _, seen = read(keras.optimizers.SGD(1.0, global_clipnorm=1.0), x=bad)
    assert not np.isfinite(seen["gradient_norm_clipped"]).any()
