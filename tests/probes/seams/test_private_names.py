"""Each private name of TensorFlow and Keras is taken away in turn: it still works, or says clearly what does not."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as keras_layers

import diagnostics
import probes
from probes.capture.layers import LayerNames
from probes.errors import UsageError
from probes.seams import fit, graph, layers, modules, operations, tap, updates

ROOT = Path(__file__).parents[3]
X = tf.constant(np.random.default_rng(0).normal(size=(6, 4)), tf.float32)


class Block(keras.layers.Layer):
    """Layers in an attribute, a list and a dictionary, and a function in ``call``."""

    def __init__(self) -> None:
        super().__init__(name="block")
        self.first = keras_layers.Dense(5, name="first")
        self.others = [keras_layers.Dense(3, name="other")]
        self.heads = {"head": keras_layers.Dense(2, activation="relu", name="head")}

    def call(self, x):
        hidden = tf.nn.relu(self.first(x))
        return self.heads["head"](tf.tanh(self.others[0](hidden)))


def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    inner = keras.Sequential([keras.Input((4,)), keras_layers.Dense(4, name="inner")], name="stack")
    model = keras.Sequential([keras.Input((4,)), inner, Block(), keras_layers.Softmax(name="softmax")])
    model(X)
    return model


def trained(compiled: bool = True, **options) -> tuple[probes.Reading, list[np.ndarray]]:
    """What a monitor reads in three steps, and the weights after them."""
    model, optimizer = network(), keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    monitor = probes.Monitor(model, probes.default(every=1), **options)
    loss_fn = keras.losses.CategoricalCrossentropy()

    def step():
        with tf.GradientTape() as tape, monitor.capture():
            loss = loss_fn(tf.one_hot([0, 1, 0, 1, 0, 1], 2), model(X, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        monitor.update(gradients)

    step = tf.function(step) if compiled else step
    for _ in range(3):
        step()
    return monitor.read(), model.get_weights()


def assert_same(one, other) -> None:
    assert one[0].layers.equals(other[0].layers)
    assert all(np.array_equal(a, b) for a, b in zip(one[1], other[1], strict=True))


@pytest.fixture
def without(monkeypatch):
    """Reload a seam as if TensorFlow had no such module."""
    reloaded = []

    def take_away(seam, module: str) -> None:
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            importlib.reload(seam)
        reloaded.append(seam)

    yield take_away
    for seam in reloaded:
        importlib.reload(seam)


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "eager"])
def test_without_tensorflows_record_gradients_are_seen_through_a_public_identity(without, compiled):
    before = trained(compiled)
    without(tap, "tensorflow.python.eager.record")
    assert tap._record is None
    assert_same(trained(compiled), before)
    assert before[0].layers["activation_gradient_rms"].notna().any()


@pytest.mark.parametrize("module", ["tensorflow.python.framework.op_callbacks", "tensorflow.python.eager.context"])
def test_without_op_callbacks_functions_inside_a_call_are_missing_and_a_warning_says_so(without, module):
    before, weights = trained()
    without(operations, module)
    with pytest.warns(UserWarning, match="functions inside a layer's call .* are not seen"):
        after, same = trained()
    inside = before.layers["layer"] == "block/relu"
    assert inside.any()
    assert set(after.layers["layer"]) == set(before.layers["layer"]) - {"block/relu"}
    columns = ["layer", "gradient_norm", "weight_norm"]
    assert after.layers[columns].equals(before.layers[~inside][columns].reset_index(drop=True))
    assert all(np.array_equal(a, b) for a, b in zip(weights, same, strict=True))


def test_without_the_prefix_of_keras_attributes_values_and_gradients_stay(monkeypatch):
    monkeypatch.setattr(tap, "KERAS_ATTRIBUTES", "_gone")
    monkeypatch.setattr(tap, "LOGITS", "_gone_logits")
    seen = []
    with tf.GradientTape() as tape:
        tape.watch(X)
        activation = tf.nn.softmax(X)
        activation._keras_logits = X
        layer, viewer = keras.layers.Identity(), tf.Module()  # held here: a tap keeps neither
        tapped = tap.tap(activation, layer, viewer, seen.append)
        total = tf.reduce_sum(tapped * tapped)
    tape.gradient(total, X)
    assert np.array_equal(tapped, tf.nn.softmax(X))
    assert np.allclose(seen[0], 2 * tapped)


def test_without_keras_own_list_the_layers_are_found_in_public_attributes(monkeypatch):
    model = network()
    paths = [entry.path for entry in LayerNames(model).entries()]
    assert {"stack/inner", "block/first", "block/other", "block/head"} <= set(paths)
    block = model.layers[1]
    monkeypatch.setattr(layers, "FLATTEN_LAYERS", "_gone")
    assert [entry.path for entry in LayerNames(model).entries()] == paths
    assert [layer.name for layer in layers.children(block)] == ["first", "other", "head"]
    with layers.losses_kept(model):
        pass


class Penalised(keras.layers.Layer):
    def call(self, x):
        self.add_loss(tf.reduce_sum(x))
        return x


def penalised() -> keras.Model:
    model = keras.Sequential([keras.Input((4,)), Penalised(), keras_layers.Dense(2)])
    model(X)
    return model


@pytest.mark.parametrize("flatten", ["_flatten_layers", "_gone"])
def test_losses_come_back_after_a_call(monkeypatch, flatten):
    model = penalised()
    before = [float(loss) for loss in model.losses]
    monkeypatch.setattr(layers, "FLATTEN_LAYERS", flatten)
    with layers.losses_kept(model):
        model(2 * X)
    assert [float(loss) for loss in model.losses] == before != []


def test_without_the_losses_of_a_layer_a_reference_set_is_refused(monkeypatch):
    monkeypatch.setattr(layers, "LOSSES", "_gone")
    with pytest.raises(UsageError, match="changing the losses") as refused, layers.losses_kept(penalised()):
        pass
    assert "leave out reference" in refused.value.do


class Affine(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = tf.Variable(tf.ones([4, 2]))
        self.extra = [tf.Variable(tf.ones([2])), {"scale": tf.Variable(1.0)}]


class Nested(tf.Module):
    def __init__(self) -> None:
        super().__init__(name="nested")
        self.blocks = [Affine(), Affine()]
        self.again = self.blocks[0]
        self.blocks[0].owner = self  # a circle
        self.own = tf.Variable([1.0])


@pytest.mark.parametrize("recursive", [True, False])
@pytest.mark.parametrize("kind", [tf.Module, tf.Variable])
def test_without_tensorflows_own_walk_the_same_members_are_found(monkeypatch, kind, recursive):
    def found():
        held = modules.members(module, lambda value: isinstance(value, kind), recursive)
        return [(path, id(value)) for path, value in held]

    module = Nested()
    before = found()
    assert before
    monkeypatch.setattr(modules, "FLATTEN", "_gone")
    assert found() == before


class Heard:
    def __init__(self) -> None:
        self.updates = []

    def before_update(self, optimizer) -> None:
        pass

    def after_update(self, optimizer, gradients, variables) -> None:
        self.updates.append([variable.name for variable in variables])


def test_without_the_optimizers_list_an_update_without_variables_is_reported_as_not_measured(monkeypatch):
    variable = keras.Variable([1.0], name="v")
    optimizer, heard = keras.optimizers.SGD(0.5), Heard()
    optimizer.build([variable])
    with updates.hearing_updates(heard):
        optimizer.apply([tf.ones([1])])
    assert heard.updates == [["v"]]
    monkeypatch.setattr(updates, "BUILT_FOR", "_gone")
    with updates.hearing_updates(heard):
        with pytest.warns(UserWarning, match="called without variables"):
            optimizer.apply([tf.ones([1])])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            optimizer.apply([tf.ones([1])], [variable])
    assert heard.updates == [["v"]] * 2
    assert float(variable[0]) == 1 - 3 * 0.5


def test_where_the_graph_does_not_show_who_uses_a_variable_the_update_is_after_minus_before(monkeypatch):
    before = trained()
    monkeypatch.setattr("probes.step.watched_variable.users_of", lambda _: {})
    after = trained()
    assert np.allclose(after[0].layers["update_ratio"], before[0].layers["update_ratio"], rtol=1e-5, equal_nan=True)
    assert all(np.array_equal(a, b) for a, b in zip(before[1], after[1], strict=True))


def test_a_graph_without_capture_shows_no_users(monkeypatch):
    variable, seen = tf.Variable(1.0), []
    monkeypatch.setattr(graph, "current_graph", object)

    tf.function(lambda: seen.append(graph.users_of(variable)))()
    assert seen == [{}]


def test_without_the_callers_frames_a_fit_is_watched_and_ends(monkeypatch, tmp_path):
    monkeypatch.setattr(fit, "inspect", SimpleNamespace(currentframe=lambda: None))
    assert fit.running_callback_list() is None
    model = network()
    model.compile("sgd", "mse")
    model.fit(X, tf.zeros([6, 2]), verbose=0, callbacks=[diagnostics.ProbeCallback(tmp_path / "run")])
    assert diagnostics.load_run(tmp_path / "run").status == "finished"


PLACES = """
import tensorflow as tf
from probes.seams import replica
from tests.kit.replicated import two_devices

strategy, places = two_devices(), []
with strategy.scope():
    for name in ("_replica_id", "_gone"):
        replica.LOCAL_ID = name
        tf.function(lambda: strategy.run(lambda: places.append(replica.place_in_process())))()
        strategy.run(lambda: places.append(replica.place_in_process()))
assert sorted(places) == [0] * 4 + [1] * 4, places
"""


def test_without_the_replicas_private_number_its_place_follows_from_the_public_one():
    done = subprocess.run([sys.executable, "-c", PLACES], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_replica_whose_number_is_not_known_is_refused(monkeypatch):
    class Context:
        strategy = tf.distribute.get_strategy()

        @property
        def replica_id_in_sync_group(self):
            return tf.keras.Input(())

    monkeypatch.setattr(tf.distribute, "get_replica_context", Context)
    monkeypatch.setattr(tf, "get_static_value", lambda _: None)
    from probes.seams.replica import place_in_process  # noqa: PLC0415

    with pytest.raises(UsageError, match="replica that runs this step is not known"):
        place_in_process()
