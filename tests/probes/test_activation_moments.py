"""Units that say the same of every example, and how near activations come to the end of half precision."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes

MOMENTS = probes.ActivationMoments(every=1)


def columns(activation: np.ndarray, dtype=tf.float32, unit_axis: int = -1) -> dict[str, float]:
    snapshot = probes.Snapshot("Dense", tf.constant(1.0), unit_axis, activation=tf.constant(activation, dtype))
    statistics = MOMENTS.measure(snapshot)
    found = MOMENTS.summarize({name: np.asarray(tf.stack(value)) for name, value in statistics.items()})
    return {name: float(value) for name, value in found.items()}


def test_a_constant_unit_is_counted_whatever_its_value():
    activation = np.array([[0.0, 5.0, 1.0, -2.0], [0.0, 5.0, 2.0, -2.0], [0.0, 5.0, 3.0, -2.5]])
    assert columns(activation)["constant_fraction"] == 0.5


def test_a_channel_is_constant_if_it_is_at_every_position():
    images = np.zeros((2, 3, 3, 2), np.float32)
    images[:, 1, 1, 1] = 1.0  # the same in both examples, and not at all positions
    assert columns(images)["constant_fraction"] == 0.5
    assert columns(np.moveaxis(images, -1, 1), unit_axis=1)["constant_fraction"] == 0.5


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_unit_with_nan_is_not_constant_and_one_of_infinity_is(value):
    found = columns(np.full((3, 2), value))
    assert found["constant_fraction"] == (0.0 if np.isnan(value) else 1.0)
    assert np.array_equal(found["activation_largest"], value, equal_nan=True)


@pytest.mark.parametrize("shape", [(1, 4), (0, 4)])
def test_a_single_example_says_nothing(shape):
    assert np.isnan(columns(np.ones(shape))["constant_fraction"])


def test_half_precision_is_compared_exactly():
    activation = np.array([[1.0, 1.0], [1.0, 1.0009765625]])  # one unit of half precision apart
    found = columns(activation, tf.float16)
    assert (found["constant_fraction"], found["activation_largest"]) == (0.5, 1.0009765625)


@pytest.mark.parametrize(("scale", "expected"), [(0.0, 1.0), (1.0, 0.0)])
def test_black_images_make_every_layer_constant(scale, expected):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, activation="elu", name="conv"),
            keras.layers.Flatten(name="flat"),
            keras.layers.Dense(3, name="out"),
        ]
    )
    monitor = probes.Monitor(model, [MOMENTS])
    images = scale * np.random.default_rng(0).normal(size=(6, 8, 8, 3)).astype(np.float32)
    with tf.GradientTape() as tape, monitor.capture():
        loss = tf.reduce_mean(model(images, training=True) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)
    keras.optimizers.SGD(0.1).apply(gradients, model.trainable_variables)
    monitor.update(gradients)
    layers = monitor.read().layers.set_index("layer")
    assert layers.loc[["conv", "flat", "out"], "constant_fraction"].tolist() == [expected] * 3
