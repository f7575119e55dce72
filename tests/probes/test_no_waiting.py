"""No step makes host and device wait for each other: what would be slow on a GPU, shown on a CPU."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes

HOST_ONLY = {
    "PyFunc",
    "PyFuncStateless",
    "EagerPyFunc",
    "Print",
    "PrintV2",
    "StringFormat",
    "AsString",
    "Unique",
    "Where",
}
"""Operations that run in Python, handle strings, or whose result's size the host must know before it can go on."""


def watched(layers: int):
    """A step under ``monitor.function``, taken twice, and its monitor."""
    keras.utils.set_random_seed(1)
    hidden = [keras.layers.Dense(8, "relu") for _ in range(layers)]
    model = keras.Sequential([keras.Input((5,)), *hidden, keras.layers.Dropout(0.2), keras.layers.Dense(3)])
    optimizer, loss_of = keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer.build(model.trainable_variables)
    monitor = probes.Monitor(model, probes.default(every=3), optimizer=optimizer)

    @monitor.function
    def step(x, y):
        with tf.GradientTape() as tape, monitor.capture():
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        monitor.update(gradients)
        return loss

    x, y = tf.random.stateless_normal((16, 5), (1, 2)), tf.constant(np.arange(16) % 3)
    for _ in range(2):  # the second one asks once how many steps the first one took
        step(x, y)
    return monitor, lambda: step(x, y)


@pytest.fixture
def reads(monkeypatch):
    """Counts each time that the host takes a tensor's value: ``numpy()``, ``int()``, ``if``, ``np.asarray``."""
    base = type(tf.constant(0)).__mro__[1]
    taken, original = [], base._numpy

    def counted(self):
        taken.append(self.shape)
        return original(self)

    monkeypatch.setattr(base, "_numpy", counted)
    assert int(tf.constant(3)) == 3 and taken.pop() == ()
    return taken


def test_the_host_takes_no_value_in_a_step_and_few_at_a_read(reads):
    counts = []
    for layers in (2, 6):
        monitor, step = watched(layers)
        del reads[:]
        for _ in range(12):
            step()
        assert not reads, "a step waits for the device"
        assert monitor.read().layers["step"].nunique() == 5
        counts.append(len(reads))
    assert counts[0] == counts[1] <= 12, "one buffer for each kind of number, however many layers there are"


def test_no_operation_of_the_probes_is_bound_to_the_host():
    monitor, _ = watched(2)
    graph = monitor.traced.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    assert len(nodes) > 200, "the step that measures"
    assert not {node.op for node in nodes} & HOST_ONLY
    assert not [node.name for node in nodes if "CPU" in node.device.upper()]
