"""The layers of a model as they are recorded: of functional, nested, shared and subclassed models."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from diagnostics.runs.facts import Component, Layer
from diagnostics.training.facts.layers import activation_of, architecture
from probes.capture.layers import LayerNames
from probes.seams import connections
from probes.seams.connections import functional_graph
from probes.seams.layer_calls import listening
from probes.seams.seen import SeenGraph

X = np.zeros((2, 3), np.float32)


def described(model: keras.Model, graph=None) -> dict[str, Layer]:
    found = architecture(LayerNames(model).entries(), model, graph or functional_graph(model))
    return {layer.path: layer for layer in found}


def seen(model: keras.Model, compiled: bool, x=X):
    graph = SeenGraph(model)
    step = tf.function(model) if compiled else model
    with listening(graph):
        step(x)
    assert graph.is_complete
    return graph.graph


def shared_and_nested() -> keras.Model:
    stack = keras.Sequential(
        [keras.Input((5,)), layers.Dense(4, "relu", name="one"), layers.Dense(4, name="two")], name="stack"
    )
    x = keras.Input((3,))
    a, b = layers.Dense(5, name="a")(x), layers.Dense(5, name="b")(x)
    joined = layers.Dropout(0.25, name="drop")(stack(a) + stack(b))
    return keras.Model(x, keras.ops.softmax(layers.Dense(2, name="out")(joined)), name="net")


def test_connections_pass_through_operations_and_into_nested_models():
    found = described(shared_and_nested())
    assert {path: set(layer.inbound) for path, layer in found.items()} == {
        "a": set(),
        "b": set(),
        "stack": {"a", "b"},
        "stack/one": {"a", "b"},
        "stack/two": {"stack/one"},
        "drop": {"stack"},
        "out": {"drop"},
    }
    assert [path for path, layer in found.items() if layer.is_output] == ["out"]
    assert found["out"].then == ("softmax",)
    assert (found["stack/one"].model, found["out"].model) == ("stack", "net")


def test_a_layer_has_its_settings_and_shapes():
    x = keras.Input((8, 8, 3))
    options = {"kernel_initializer": keras.initializers.HeNormal(seed=1), "kernel_regularizer": "l2", "strides": 2}
    y = layers.Conv2D(4, 3, activation="elu", name="conv", **options)(x)
    y = layers.BatchNormalization(name="norm")(y)
    found = described(keras.Model(x, layers.Flatten(name="flat")(y)))
    conv, norm = found["conv"], found["norm"]
    assert (conv.class_name, conv.activation, conv.units) == ("Conv2D", "elu", 4)
    assert (conv.input_shape, conv.output_shape) == ((None, 8, 8, 3), (None, 3, 3, 4))
    assert (conv.parameters, conv.trainable_parameters) == (112, 112)
    assert conv.initializers["kernel"].class_name == "HeNormal"
    assert conv.initializers["kernel"].settings["seed"] == 1
    assert conv.initializers["bias"] == Component("Zeros")
    assert conv.regularizers == {"kernel": Component("L2", {"l2": 0.01})}
    assert conv.settings["strides"] == [2, 2] and not any("initializer" in key for key in conv.settings)
    assert (norm.parameters, norm.trainable_parameters, norm.settings["momentum"]) == (16, 8, 0.99)
    assert found["flat"].is_output


def test_a_frozen_layer_has_no_trainable_parameters():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="kept"), layers.Dense(2, name="trained")])
    model.get_layer("kept").trainable = False
    found = described(model)
    assert [(each.trainable, each.parameters, each.trainable_parameters) for each in found.values()] == [
        (False, 8, 0),
        (True, 6, 6),
    ]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Dense(2), "linear"),
        (layers.Dense(2, activation="gelu"), "gelu"),
        (layers.Dense(2, activation=layers.LeakyReLU()), "leaky_relu"),
        (layers.Dense(2, activation=lambda x: x), "<lambda>"),
        (layers.Activation("tanh"), "tanh"),
        (layers.ReLU(), "relu"),
        (layers.LeakyReLU(), "leaky_relu"),
        (layers.Softmax(), "softmax"),
        (layers.LSTM(2), "tanh"),
        (layers.Flatten(), None),
    ],
)
def test_an_activation_has_a_name(layer, expected):
    assert activation_of(layer) == expected


class Block(layers.Layer):
    def __init__(self, units: int) -> None:
        super().__init__(name="block")
        self.inner = layers.Dense(units, activation="relu", name="inner")

    def call(self, x):
        return x + tf.reshape(self.inner(x), [-1, 4])


class Own(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="own")
        self.first, self.block, self.last = layers.Dense(4, name="first"), Block(4), layers.Dense(2, name="last")

    def call(self, x):
        return tf.nn.softmax(self.last(self.block(self.first(x))))


def test_connections_of_a_subclassed_model_are_seen_while_it_is_traced():
    model = Own()
    found = described(model, seen(model, compiled=True))
    assert {path: layer.inbound for path, layer in found.items()} == {
        "first": (),
        "block": ("first",),
        "block/inner": ("first",),
        "last": ("block",),
    }
    assert found["last"].is_output and found["last"].then == ("softmax",)
    assert (found["block"].input_shape, found["block"].output_shape) == ((2, 4), (2, 4))


def test_eager_connections_are_those_without_operations_between():
    model = Own()
    found = described(model, seen(model, compiled=False))
    assert found["block/inner"].inbound == ("first",) and found["last"].inbound == ("block",)
    assert not found["last"].is_output, "a softmax outside of layers lies between"


def test_a_model_that_calls_another_keeps_their_layers_apart():
    keras.utils.set_random_seed(0)
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(5, name="g")], name="generator")
    critic = keras.Sequential([keras.Input((5,)), layers.Dense(1, name="c")], name="critic")

    class Adversarial(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="gan")
            self.generator, self.critic = generator, critic

        def call(self, x):
            return self.critic(self.generator(x))

    model = Adversarial()
    found = described(model, seen(model, compiled=True))
    assert {path: layer.model for path, layer in found.items()} == {
        "generator": "gan",
        "generator/g": "generator",
        "critic": "gan",
        "critic/c": "critic",
    }
    assert found["critic"].inbound == ("generator",) and found["critic/c"].is_output


class Odd(layers.Layer):
    """Holds settings that nothing can encode, and says nothing about them."""

    def __init__(self, function) -> None:
        super().__init__(name="odd")
        self.function, self.kernel_initializer = function, function

    def get_config(self):
        return {"function": self.function, "me": self, "cyclic": [self.function]}

    def call(self, x):
        return self.function(x)


def test_settings_that_cannot_be_encoded_are_text():
    model = keras.Sequential([keras.Input((3,)), Odd(lambda x: 2 * x)])
    found = described(model)["odd"]
    assert found.settings["function"] == "<lambda>" and found.initializers["kernel"] == Component("<lambda>")


def test_without_keras_history_connections_are_unknown(monkeypatch):
    monkeypatch.setattr(connections, "HISTORY", "_gone")
    assert all(not layer.inbound for layer in described(shared_and_nested()).values())


def test_an_unbuilt_model_has_layers_without_shapes():
    found = described(keras.Sequential([layers.Dense(3, name="d"), layers.Dense(2, name="e")]))
    assert [(each.units, each.input_shape, each.parameters) for each in found.values()] == [(3, None, 0), (2, None, 0)]
