"""What Keras attaches to tensors or runs internally: logits before a softmax, masks, loops, threads, exceptions."""

from __future__ import annotations

import threading
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from probes.capture.capture import INNER_LOOP
from tests.kit.steps import make_step, rows, statuses, watch

RNG = np.random.default_rng(0)
X = tf.constant(RNG.normal(size=(6, 5)), tf.float32)
SEQUENCE = tf.constant(RNG.normal(size=(6, 4, 5)), tf.float32)
TOKENS = tf.constant([[1, 2, 0, 0], [3, 1, 2, 0], [1, 1, 1, 1]])
LABELS = tf.constant([0, 1, 2, 0, 1, 2])
CALL = keras.Operation.__call__


@pytest.fixture(autouse=True)
def keras_is_put_back():
    yield
    assert keras.Operation.__call__ is CALL


def monitors_of(model, count: int) -> list[probes.Monitor]:
    return [probes.Monitor(model, probes.default(every=1)) for _ in range(count)]


def first_step(model, count: int, x, y, loss, **options):
    """Loss and gradients of one step that leaves the weights as they are."""
    step = make_step(model, monitors_of(model, count), loss=loss, optimizer=keras.optimizers.SGD(0.0), **options)
    value, gradients = step(x, y)
    return float(value), [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]


OUTPUTS = {
    "softmax": ("softmax", keras.losses.SparseCategoricalCrossentropy),
    "tf.nn.softmax": (tf.nn.softmax, keras.losses.SparseCategoricalCrossentropy),
    "sigmoid": ("sigmoid", keras.losses.BinaryCrossentropy),
    "tf.nn.sigmoid": (tf.nn.sigmoid, keras.losses.BinaryCrossentropy),
}


@pytest.mark.parametrize("behind", ["nothing", "identity layer", "nested model"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_the_loss_finds_the_logits_behind_an_output_with_one_monitor_and_with_two(output, behind):
    activation, loss = OUTPUTS[output]
    # Logits so large that probabilities are 0 or 1: a loss that lost sight of them is clipped and has no gradient.
    wide: Any = keras.initializers.RandomNormal(0, 500, seed=1)
    stack = [keras.Input((5,)), layers.Dense(3, activation=activation, kernel_initializer=wide)]
    stack += [layers.Activation("linear")] if behind == "identity layer" else []
    model = keras.Sequential(stack)
    model = keras.Sequential([keras.Input((5,)), model]) if behind == "nested model" else model
    target = LABELS if loss is keras.losses.SparseCategoricalCrossentropy else tf.one_hot(LABELS, 3)
    bare, gradients = first_step(model, 0, X, target, loss())
    assert bare > -np.log(1e-7), "not clipped"
    for count in (1, 2):
        watched, watched_gradients = first_step(model, count, X, target, loss())
        assert watched == pytest.approx(bare, rel=1e-6)
        for one, other in zip(gradients, watched_gradients, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("activation", [tf.nn.sigmoid, "sigmoid"])
def test_a_hidden_sigmoid_shows_its_gradient(activation):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(4, activation=activation, name="a"), layers.Dense(3)])
    assert rows(watch(model, X).read()).loc["a", "activation_gradient_rms"] > 0


def test_an_output_that_the_loss_looks_behind_is_not_connected():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(3, activation="softmax", name="out")])
    seen = rows(watch(model, X, LABELS, loss=keras.losses.SparseCategoricalCrossentropy()).read())
    assert np.isnan(seen.loc["out", "activation_gradient_rms"])
    assert seen.loc["out", "activation_mean"] == pytest.approx(1 / 3)


def masked(mask_zero: bool) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [keras.Input((4,), dtype="int32"), layers.Embedding(5, 3, mask_zero=mask_zero, name="table"), layers.Dense(3),
         layers.LSTM(2, name="lstm")]
    )  # fmt: skip


def test_masks_reach_the_layers_behind():
    def loss(_, output):
        return tf.reduce_sum(tf.square(output))

    bare = first_step(masked(True), 0, TOKENS, 0.0, loss)[0]
    assert bare != pytest.approx(first_step(masked(False), 0, TOKENS, 0.0, loss)[0]), "here a mask makes a difference"
    assert first_step(masked(True), 1, TOKENS, 0.0, loss)[0] == pytest.approx(bare, rel=1e-6)
    assert first_step(masked(True), 2, TOKENS, 0.0, loss, compiled=False)[0] == pytest.approx(bare, rel=1e-6)


CELLS = {
    "lstm": (lambda: layers.LSTM(3, name="rnn"), ["rnn/lstm_cell"]),
    "unrolled": (lambda: layers.GRU(3, unroll=True, name="rnn"), ["rnn/gru_cell"]),
    "stacked": (
        lambda: layers.RNN(layers.StackedRNNCells([layers.GRUCell(3, name="g"), layers.LSTMCell(3, name="h")],
                                                  name="cells"), name="rnn"),
        ["rnn/cells", "rnn/cells/g", "rnn/cells/h"],
    ),
    "bidirectional": (
        lambda: layers.Bidirectional(layers.LSTM(3, name="one"), name="rnn"),
        ["rnn/forward_one/lstm_cell", "rnn/backward_one/lstm_cell"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("name", CELLS)
def test_the_cells_of_recurrent_layers_are_named_with_the_reason_why_they_are_not_seen(name, compiled):
    make, cells = CELLS[name]
    monitor = watch(keras.Sequential([keras.Input((4, 5)), make()]), SEQUENCE, compiled=compiled)
    seen, status = rows(monitor.read()), statuses(monitor)
    assert {cell: status[cell] for cell in cells} == dict.fromkeys(cells, INNER_LOOP)
    assert status["rnn"] == "measured"
    assert np.isfinite(seen.loc["rnn", ["activation_mean", "activation_gradient_rms"]].astype(float)).all()
    with_weights = [cell for cell in cells if cell != "rnn/cells"]
    assert np.isnan(seen.loc[with_weights, "activation_mean"]).all()
    assert (seen.loc[with_weights, "gradient_norm"] > 0).all()


def test_the_layer_that_time_distributed_repeats_shows_its_weights_and_says_why_no_more():
    model = keras.Sequential([keras.Input((4, 5)), layers.TimeDistributed(layers.Dense(3, name="d"), name="each")])
    monitor = watch(model, SEQUENCE)
    seen = rows(monitor.read())
    assert seen.loc["each", "activation_mean"] == pytest.approx(np.mean(model(SEQUENCE)), abs=0.5)
    assert seen.loc["each/d", "gradient_norm"] > 0
    assert "not through its __call__" in statuses(monitor)["each/d"]


@pytest.mark.parametrize("scores", [False, True])
def test_attention_shows_its_projections_at_every_length(scores):
    attention = layers.MultiHeadAttention(2, 3, dropout=0.1, name="mha")

    class Block(keras.Model):
        def __init__(self):
            super().__init__()
            self.attention = attention

        def call(self, x, training=False):
            if scores:
                return self.attention(x, x, training=training, return_attention_scores=True)[0]
            return self.attention(x, x, training=training)

    watched = [probes.ActivationSparsity(every=1), probes.GradientNorm(every=1), probes.ActivationGradient(every=1)]
    monitor = probes.Monitor(Block(), watched)
    step = make_step(monitor.model, [monitor])
    step(SEQUENCE, 0.0)
    step(SEQUENCE[:, :3], 0.0)  # another length: attention scores of another size
    reading = monitor.read()
    for number in (0, 1):
        seen = rows(reading, number)
        assert {"mha/query", "mha/key", "mha/value", "mha/attention_output"} <= set(seen.index)
        projections = seen.loc[["mha/query", "mha/attention_output"]]
        assert np.isfinite(projections.select_dtypes("float32")).all().all()
    if scores:
        softmax = seen[seen.index.str.startswith("mha/softmax")]
        assert np.isfinite(softmax["zero_fraction"]).all() and len(softmax) == 1


@pytest.mark.parametrize("compiled", [True, False])
def test_two_monitors_on_one_model_read_the_same(compiled):
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(4, activation="relu", name="a")], name="inner")
    model = keras.Sequential([keras.Input((5,)), inner, layers.Dropout(0.5), layers.Dense(3, name="b")])
    first, second = monitors_of(model, 2)
    step = make_step(model, [first, second], compiled=compiled)
    step(X, 0.0)
    one, two = first.read().layers, second.read().layers
    assert len(one) == 3
    assert one.equals(two)
    assert statuses(first) == statuses(second)


def test_a_layer_that_hands_its_input_on_has_a_gradient_of_its_own():
    """The sum of an idle dropout and its input: the dropout's output gets half of what its input gets."""
    idle, start = layers.Dropout(0.0, name="idle"), keras.Input((5,))
    hidden = layers.Dense(4, name="a")(start)
    model = keras.Model(start, layers.Add(name="sum")([hidden, idle(hidden)]))
    first, second = monitors_of(model, 2)
    make_step(model, [first, second])(X, 0.0)
    for monitor in (first, second):
        seen = rows(monitor.read()).loc[["a", "idle", "sum"], "activation_gradient_rms"]
        np.testing.assert_allclose(seen, seen.iloc[2] * np.array([2, 1, 1]), rtol=1e-5)


def test_monitors_in_threads_see_their_own_models_only():
    failures: list[BaseException] = []
    tables: dict[str, set[str]] = {}
    together = threading.Barrier(3)

    def train(name: str, watched: bool) -> None:
        try:
            model = keras.Sequential([keras.Input((5,)), layers.Dense(4, name=f"{name}_a"), layers.Dense(3)])
            monitors = monitors_of(model, int(watched))
            step = make_step(model, monitors, compiled=False)
            for _ in range(5):
                together.wait(60)
                step(X, 0.0)
            tables[name] = {layer.partition("_")[0] for monitor in monitors for layer in monitor.read().layers["layer"]}
        except BaseException as failure:
            failures.append(failure)
            together.abort()

    threads = [threading.Thread(target=train, args=entry) for entry in (("x", True), ("y", True), ("z", False))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures, failures
    assert tables == {"x": {"x", "dense"}, "y": {"y", "dense"}, "z": set()}


@pytest.mark.parametrize("where", ["block", "layer"])
def test_after_an_exception_keras_is_as_before_and_the_next_step_is_measured(where):
    class Failing(layers.Layer):
        fails = True

        def call(self, x):
            if self.fails and where == "layer":
                raise KeyError("in the layer")
            return x * 1.0

    failing = Failing(name="failing")
    model = keras.Sequential([layers.Dense(3, name="a"), failing])
    monitor = probes.Monitor(model, probes.default(every=1))
    with pytest.raises(KeyError), monitor.capture():
        model(X)
        raise KeyError("in the block")
    assert keras.Operation.__call__ is CALL
    with pytest.raises(probes.UsageError, match="capture"):
        monitor.update([])
    failing.fails = False
    step = make_step(model, [monitor])
    step(X, 0.0)
    assert list(rows(monitor.read()).index) == ["a", "failing"]


def test_nothing_is_left_on_the_layers():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(3, activation="relu"), layers.Dropout(0.5)])
    make_step(model)(X, 0.0)
    before = [dict(vars(layer)) for layer in [model, *model.layers]]
    watch(model, X)
    for layer, attributes in zip([model, *model.layers], before, strict=True):
        assert {name: vars(layer)[name] is value for name, value in attributes.items()} == dict.fromkeys(
            attributes, True
        )
        assert set(vars(layer)) == set(attributes)
