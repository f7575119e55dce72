"""Gradient accumulation by hand: what a record says when several forward passes make one update."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from tests.kit.steps import make_step, mean_square, rows

PARTS = 4
X = tf.constant(np.random.default_rng(0).normal(size=(12, 5)), tf.float32)
KEYS = ["step", "layer", "depth", "kind"]


def model() -> keras.Sequential:
    keras.utils.set_random_seed(3)
    return keras.Sequential([keras.Input((5,)), layers.Dense(6, "relu", name="a"), layers.Dense(3, name="b")])


def every_statistic() -> list[probes.Probe]:
    return [*probes.default(every=1), probes.DeadUnits(window=1), probes.DropoutVariance(every=1)]


def in_one_step(net: keras.Model, monitor: probes.Monitor):
    """All parts inside one ``capture``: each with its own tape and mean loss, their gradients averaged, one update."""
    optimizer = keras.optimizers.SGD(0.1)

    def step():
        parts = []
        with monitor.capture():
            for x in tf.split(X, PARTS):
                with tf.GradientTape() as tape:
                    loss = mean_square(0.0, net(x, training=True))
                parts.append(tape.gradient(loss, net.trainable_variables))
        gradients = [tf.add_n(list(each)) / PARTS for each in zip(*parts, strict=True)]
        optimizer.apply(gradients, net.trainable_variables)
        monitor.update(gradients)

    return step


@pytest.mark.parametrize("compiled", [True, False])
def test_parts_inside_one_capture_read_as_the_whole_batch(compiled):
    accumulated, whole = (probes.Monitor(model(), every_statistic()) for _ in range(2))
    step = in_one_step(accumulated.model, accumulated)
    step = tf.function(step) if compiled else step
    whole_step = make_step(whole.model, [whole], compiled=compiled)
    for _ in range(2):
        step()
        whole_step(X, 0.0)
    one, other = accumulated.read(), whole.read()
    assert one.layers[KEYS].equals(other.layers[KEYS]) and one.units.equals(other.units)
    np.testing.assert_allclose(one.layers.drop(columns=KEYS), other.layers.drop(columns=KEYS), rtol=1e-4, atol=1e-6)
    assert rows(one)["dead_unit_examples"].max() == len(X)


def test_a_record_for_each_part_has_its_gradient_and_an_update_only_where_there_was_one():
    net = model()
    monitor = probes.Monitor(net, [probes.GradientNorm(every=1), probes.UpdateRatio(every=1)])
    optimizer = keras.optimizers.SGD(0.1)
    sums = [tf.Variable(tf.zeros(variable.shape)) for variable in net.trainable_variables]

    @tf.function
    def step(x, last):
        with tf.GradientTape() as tape, monitor.capture():
            loss = mean_square(0.0, net(x, training=True))
        gradients = tape.gradient(loss, net.trainable_variables)
        for total, gradient in zip(sums, gradients, strict=True):
            total.assign_add(gradient / PARTS)
        if last:
            optimizer.apply([total.read_value() for total in sums], net.trainable_variables)
        monitor.update(gradients)
        return gradients

    optimizer.build(net.trainable_variables)
    parts = [step(x, tf.constant(number == PARTS - 1)) for number, x in enumerate(tf.split(X, PARTS))]
    reading = monitor.read()
    for number, gradients in enumerate(parts):
        seen = rows(reading, number).loc["b"]
        expected = np.sqrt(sum(float(tf.reduce_sum(tf.square(gradient))) for gradient in gradients[2:]))
        assert seen.gradient_norm == pytest.approx(expected, rel=1e-5)
        assert (seen.update_ratio > 0) == (number == PARTS - 1)
