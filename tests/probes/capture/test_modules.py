"""Not a Keras model: a tf.Module and a bare list of variables show gradients, weights and updates."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from probes.capture.modules import NO_LAYER
from tests.kit.steps import rows, statuses
from tests.kit.training import graph_optimizer

X = tf.constant(np.random.default_rng(0).normal(size=(6, 4)), tf.float32)


class Affine(tf.Module):
    def __init__(self, units: int, seed: int) -> None:
        super().__init__()
        self.w = tf.Variable(tf.random.stateless_normal([4, units], [seed, 1]))
        self.extra = [tf.Variable(tf.ones([units])), tf.Variable(0.0, trainable=False)]

    def __call__(self, x):
        return tf.nn.relu(x @ self.w + self.extra[0])


class Net(tf.Module):
    """Modules in a list and in a dictionary, one of them also under another name, one idle; a variable of its own."""

    def __init__(self) -> None:
        super().__init__(name="net")
        self.blocks = [Affine(4, 1), Affine(4, 2)]
        self.heads = {"one": Affine(2, 3), "idle": Affine(3, 4)}
        self.second = self.blocks[1]
        self.scale = tf.Variable([1.0, 2.0, 3.0, 4.0])

    def __call__(self, x):
        for block in self.blocks:
            x = block(x) * self.scale
        return self.heads["one"](x)


def train(net: Net, variables, monitors=(), **options):
    """Three steps; the last step's gradients."""
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(variables)

    @tf.function(**options)
    def step():
        with tf.GradientTape() as tape, monitors[0].capture() if monitors else tf.name_scope("bare"):
            loss = tf.reduce_mean(tf.square(net(X)))
        gradients = tape.gradient(loss, variables)
        optimizer.apply(gradients, variables)
        for monitor in monitors:
            monitor.update(gradients)
        return [tf.zeros([]) if gradient is None else gradient for gradient in gradients]

    first, *_ = [step() for _ in range(3)]
    return first, [variable.numpy().tobytes() for variable in variables]


ROWS = ["blocks/0", "blocks/1", "heads/one", "heads/idle", "net"]


@pytest.mark.parametrize("options", [{}, {"jit_compile": True}], ids=str)
def test_a_module_shows_gradient_statistics_of_every_module_in_it(options):
    net = Net()
    monitor = probes.Monitor(net, probes.default(every=1))
    gradients, _ = train(net, net.trainable_variables, [monitor], **options)
    seen = rows(monitor.read())
    assert set(seen.index) == set(ROWS)
    by_variable = {id(v): g for v, g in zip(net.trainable_variables, gradients, strict=True)}
    for path, module in {"blocks/0": net.blocks[0], "blocks/1": net.second, "heads/one": net.heads["one"]}.items():
        own = np.concatenate([np.ravel(by_variable[id(v)]) for v in (module.w, module.extra[0])])
        assert seen.loc[path, "gradient_norm"] == pytest.approx(np.linalg.norm(own), rel=1e-5)
    assert np.isnan(seen.loc["heads/idle", "gradient_norm"]), "not connected"
    assert seen.loc["net", "update_ratio"] > 0
    assert {status for path, status in statuses(monitor).items() if path != "net"} == {NO_LAYER}


def test_a_bare_list_of_variables_shows_a_row_for_each():
    net = Net()
    mixed = [net.blocks[0].w, net.scale, keras.Variable(1.0, name="unused")]
    monitor = probes.Monitor(mixed, [probes.GradientNorm(every=1), probes.ActivationMoments(every=1)])
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        gradients, _ = train(net, mixed, [monitor])
    seen = rows(monitor.read())
    assert list(seen.index) == ["Variable", "Variable#2"], "the third is not connected"
    assert list(seen["gradient_norm"]) == pytest.approx([np.linalg.norm(g) for g in gradients[:2]], rel=1e-5)
    assert seen.loc["Variable#2", "weight_norm"] == pytest.approx(30**0.5)
    assert seen["activation_mean"].isna().all()
    assert statuses(monitor) == dict.fromkeys(["Variable", "Variable#2", "unused"], NO_LAYER)


def test_training_a_module_is_the_same_bit_by_bit():
    with graph_optimizer(on=False):
        bare, watched = Net(), Net()
        monitor = probes.Monitor(watched, probes.default(every=2))
        assert train(bare, bare.trainable_variables)[1] == train(watched, watched.trainable_variables, [monitor])[1]


def test_patterns_choose_modules_and_gradients_have_to_fit():
    net = Net()
    monitor = probes.Monitor(net, [probes.GradientNorm(every=1, layers="blocks/*")])
    train(net, net.trainable_variables, [monitor])
    assert set(rows(monitor.read()).index) == {"blocks/0", "blocks/1"}
    with pytest.raises(probes.UsageError, match="blocks/0"):
        probes.Monitor(net, [probes.GradientNorm(layers="block/0")])
    with monitor.capture():
        net(X)
    with pytest.raises(probes.UsageError, match="1 gradients"):
        monitor.update([tf.zeros([4, 4])])
    with monitor.capture():
        net(X)
    with pytest.raises(probes.UsageError, match="shape"):
        monitor.update([tf.zeros([9, 9])] * len(net.trainable_variables))


@pytest.mark.parametrize("nothing", [tf.Module(), [], [tf.zeros([])]], ids=["module", "empty", "tensor"])
def test_what_holds_no_variables_is_refused(nothing):
    with pytest.raises(probes.UsageError, match="no layers"):
        probes.Monitor(nothing)
