"""Measuring is traced once for layers and models that are measured alike, and keeps none of them alive."""

import gc
import weakref
from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf

from probes import ActivationMoments, GradientNorm, Monitor, UpdateRatio, default
from probes.measuring.traces import Traces
from probes.probe import Probe
from probes.step import weight_squares


class Counting(GradientNorm):
    """Counts how often it is traced."""

    traced = 0

    def measure(self, snapshot):
        """Count, and measure."""
        Counting.traced += 1
        return super().measure(snapshot)


@dataclass(frozen=True, kw_only=True)
class Counter(Probe):
    """Reads and changes its own variable, which is not part of the model."""

    needs: ClassVar = frozenset({"gradient"})
    merges: ClassVar = {"seen": "same"}
    columns: ClassVar = ("seen",)
    count: tf.Variable

    def measure(self, snapshot):
        """One more."""
        return {"seen": self.count.assign_add(1.0)}

    def summarize(self, statistics):
        """As it is."""
        return {"seen": statistics["seen"]}


def model(width: int = 5) -> keras.Model:
    """Three layers of one shape, and one of another."""
    return keras.Sequential(
        [keras.Input([width])] + [keras.layers.Dense(width) for _ in range(3)] + [keras.layers.Dense(2)]
    )


def stepper(model: keras.Model, probes: tuple[Probe, ...]):
    """A compiled training step with probes, and their monitor."""
    optimizer = keras.optimizers.SGD(0.1)
    monitor = Monitor(model, probes, optimizer=optimizer)

    @tf.function
    def step(x):
        with tf.GradientTape() as tape, monitor.capture():
            loss = tf.reduce_mean(model(x, training=True) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        monitor.update(gradients)

    return step, monitor


def test_two_models_under_the_same_probes_are_traced_once_and_measured_each():
    Counting.traced, probes = 0, (Counting(every=2),)
    read = []
    for seed in (0, 1):
        keras.utils.set_random_seed(seed)
        step, monitor = stepper(model(), probes)
        for _ in range(3):
            step(tf.ones([4, 5]))
        read.append(monitor.read().layers)
    assert Counting.traced == 2  # one for each shape
    assert [*read[0]["step"].unique()] == [0, 2] and read[0]["layer"].nunique() == 4
    assert not np.array_equal(read[0]["gradient_norm"], read[1]["gradient_norm"])


def test_the_weights_of_a_second_model_are_measured_by_the_same_function_and_with_its_own_values():
    norms, probes = [], (GradientNorm(every=2),)
    for seed in (0, 1):
        keras.utils.set_random_seed(seed)
        watched = model()
        step, monitor = stepper(watched, probes)
        before, missed = watched.get_weights(), weight_squares._branch.cache_info().misses
        step(tf.ones([4, 5]))
        norms.append(monitor.read().layers["weight_norm"].to_numpy())
        expected = [np.sqrt(sum((w**2).sum() for w in before[n : n + 2])) for n in range(0, 8, 2)]
        np.testing.assert_allclose(norms[-1], expected, rtol=1e-5)
    assert weight_squares._branch.cache_info().misses == missed
    assert not np.array_equal(*norms)


def test_equal_but_distinct_probes_share_no_trace():
    one, other = (GradientNorm(),), (GradientNorm(),)
    assert one == other
    assert Traces.of(one) is Traces.of(one)
    assert Traces.of(one) is not Traces.of(other)


def test_default_returns_the_same_probes_in_a_new_list():
    assert default() == default() and default() is not default()
    assert Traces.of(default()) is Traces.of(default())
    assert Traces.of(default(every=3)) is not Traces.of(default())


def test_a_tensor_that_two_layers_share_is_handed_over_once():
    inputs = keras.Input([5])
    outputs = keras.layers.Dense(2)(keras.layers.Dense(5)(inputs))
    step, monitor = stepper(keras.Model(inputs, outputs), (ActivationMoments(every=2),))
    step(tf.ones([4, 5]))
    assert len(monitor.read().layers) == 2


@pytest.mark.parametrize("every", [1, 3])
def test_cached_traces_keep_no_model_alive(every):
    probes = (GradientNorm(every=every), UpdateRatio(every=every))
    watched = model()
    step, monitor = stepper(watched, probes)
    step(tf.ones([4, 5]))
    gone = weakref.ref(watched)
    del watched, step, monitor
    keras.backend.clear_session()
    gc.collect()
    assert gone() is None
    assert Traces.of(probes) is not None


@pytest.mark.parametrize("every", [1, 2])
def test_a_probe_may_keep_a_variable_of_its_own(every):
    count = tf.Variable(0.0)
    probes, told = (Counter(every=every, count=count),), []
    for _ in range(2):
        step, monitor = stepper(model(), probes)
        for _ in range(4):
            step(tf.ones([4, 5]))
        told += sorted(monitor.read().layers["seen"])
    assert told == list(range(1, 2 * 4 * 4 // every + 1))
    assert float(count) == len(told)
