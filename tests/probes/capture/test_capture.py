"""What capture sees, in each way of writing a model."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from probes.capture.capture import MODEL_ITSELF
from tests.kit.steps import make_step, rows, statuses, watch

X = tf.constant(np.random.default_rng(0).normal(size=(6, 5)), tf.float32)
SEQUENCE = tf.constant(np.random.default_rng(1).normal(size=(6, 4, 5)), tf.float32)


def moments_of(activation) -> tuple[float, float]:
    return float(np.mean(activation)), float(np.std(activation))


def assert_moments(row, activation) -> None:
    assert (row.activation_mean, row.activation_std) == pytest.approx(moments_of(activation), rel=1e-5, abs=1e-6)


def frozen(*stack) -> keras.Sequential:
    """A model of this stack whose weights do not move, so that a later forward pass shows what the step saw."""
    return keras.Sequential([keras.Input((5,)), *stack])


def test_a_sequential_shows_every_layer_in_order_with_its_output():
    model = frozen(layers.Dense(4, activation="relu", name="a"), layers.Dense(3, name="b"))
    seen = rows(watch(model, X, optimizer=keras.optimizers.SGD(0.0)).read())
    first = np.maximum(X @ model.layers[0].kernel, 0)
    assert list(seen.index) == ["a", "b"]
    assert list(seen["depth"]) == [1, 2]
    assert list(seen["kind"]) == ["Dense", "Dense"]
    assert_moments(seen.loc["a"], first)
    assert_moments(seen.loc["b"], model(X))
    assert seen.loc["a", "zero_fraction"] == pytest.approx(np.mean(first == 0))


def test_activation_gradients_are_those_that_a_tape_computes_and_scale_with_the_batch():
    model = frozen(layers.Dense(4, activation="tanh", name="a"), layers.Dense(3, name="b"))
    seen = rows(watch(model, X, optimizer=keras.optimizers.SGD(0.0)).read())
    with tf.GradientTape() as tape:
        hidden = model.layers[0](X)
        tape.watch(hidden)
        loss = tf.reduce_mean(tf.square(model.layers[1](hidden)))
    expected = 6 * np.sqrt(np.mean(np.square(tape.gradient(loss, hidden))))
    assert seen.loc["a", "activation_gradient_rms"] == pytest.approx(expected, rel=1e-5)


def test_a_shared_layer_is_one_row_whose_calls_merge():
    shared, left, right = layers.Dense(5, name="shared"), keras.Input((5,)), keras.Input((5,))
    model = keras.Model([left, right], layers.Add(name="sum")([shared(left), shared(right)]))
    other = 3 * X + 1
    monitor = watch(model, [X, other], optimizer=keras.optimizers.SGD(0.0))
    seen = rows(monitor.read())
    assert list(seen.index) == ["shared", "sum"]
    assert_moments(seen.loc["shared"], np.concatenate([shared(X), shared(other)]))


def test_a_shared_layer_with_calls_of_two_shapes_is_two_rows_also_when_chosen_by_name():
    shared, flat, long = layers.Dense(5, name="shared"), keras.Input((5,)), keras.Input((4, 5))
    pooled = layers.GlobalAveragePooling1D(name="pooled")(shared(long))
    model = keras.Model([flat, long], layers.Add(name="sum")([shared(flat), pooled]))
    chosen = [probes.ActivationMoments(every=1, layers="shared"), probes.GradientNorm(every=1, layers="shared")]
    seen = rows(watch(model, [X, SEQUENCE], watched=chosen, optimizer=keras.optimizers.SGD(0.0)).read())
    assert list(seen.index) == ["shared", "shared@2"]
    assert_moments(seen.loc["shared"], shared(X))
    assert_moments(seen.loc["shared@2"], shared(SEQUENCE))
    assert np.isfinite(seen.loc["shared", "gradient_norm"])
    assert np.isnan(seen.loc["shared@2", "gradient_norm"]), "the layer's weights stand in one row only"


class Box:
    """The user's own object, which Keras does not inspect."""

    def __init__(self, dense):
        self.dense = dense


class Subclassed(keras.Model):
    """Layers in a list, in a dictionary, made at the first call, and hidden in a plain object."""

    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(4, name="a"), layers.Dense(4, name="b")]
        self.heads = {"only": layers.Dense(3, name="head")}
        self.late = None
        self.box = Box(layers.Dense(4, name="boxed"))

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        if self.late is None:
            self.late = layers.Dense(4, name="late")
        return self.heads["only"](self.box.dense(self.late(x)))


@pytest.mark.parametrize("compiled", [True, False])
def test_a_subclassed_model_shows_layers_wherever_it_keeps_them(compiled):
    monitor = watch(Subclassed(), X, steps=2, compiled=compiled)
    reading = monitor.read()
    for step in (0, 1):
        seen = rows(reading, step)
        assert list(seen.index) == ["a", "b", "late", "boxed", "head"]
        assert np.isfinite(seen["activation_gradient_rms"]).all()
    assert set(statuses(monitor).values()) == {"measured"}
    # Keras does not know the hidden layer's weights, so nothing trains them and the step has no gradient of them.
    assert list(seen.index[np.isnan(seen["gradient_norm"])]) == ["boxed"]


def test_nested_models_are_named_by_path_and_a_container_that_adds_nothing_has_no_row():
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(4, name="a")], name="inner")
    outer = keras.Sequential([keras.Input((5,)), inner, layers.Dense(4, name="a")], name="outer")
    monitor = watch(frozen(outer, layers.Dense(3, name="a")), X)
    assert list(rows(monitor.read()).index) == ["outer/inner/a", "outer/a", "a"]
    for container in ("outer", "outer/inner"):
        assert "returns an inner layer's output unchanged" in statuses(monitor)[container]


def test_a_container_that_computes_something_has_a_row_of_its_own():
    class Residual(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.inside = layers.Dense(5, name="inside")

        def call(self, x):
            return x + self.inside(x)

    model = frozen(Residual(name="block"))
    seen = rows(watch(model, X, optimizer=keras.optimizers.SGD(0.0)).read())
    assert set(seen.index) == {"block", "block/inside"}
    assert_moments(seen.loc["block"], model(X))
    assert_moments(seen.loc["block/inside"], model(X) - X)


def test_a_layer_named_like_the_model_keeps_its_row_beside_the_models_own_weights():
    class Named(keras.Model):
        def __init__(self):
            super().__init__(name="net")
            self.dense = layers.Dense(3, name="net")
            self.scale = self.add_weight(shape=(3,), initializer="ones", name="scale")

        def call(self, x):
            return self.dense(x) * self.scale

    monitor = watch(Named(), X)
    assert statuses(monitor) == {"net": "measured", "net#2": MODEL_ITSELF}
    seen = rows(monitor.read())
    assert list(seen["kind"]) == ["Dense", "Named"]
    assert np.isfinite(seen["gradient_norm"]).all()


@pytest.mark.parametrize("shape", ["scalar", "one number an example"])
@pytest.mark.parametrize("batch", [6, None])
def test_layers_that_return_a_scalar_or_a_vector_do_not_stop_the_step(shape, batch):
    class Mean(layers.Layer):
        def call(self, x):
            return tf.reduce_mean(x, axis=None if shape == "scalar" else -1, keepdims=False)

    class Scaled(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.mean = layers.Dense(3, name="dense"), Mean(name="mean")

        def call(self, x):
            x = self.dense(x)
            mean = self.mean(x)
            return x * (mean if shape == "scalar" else mean[:, None])

    signature = [tf.TensorSpec((batch, 5)), tf.TensorSpec(())]
    model = Scaled()
    watched = [*probes.default(every=1)[:4], probes.ActivationSparsity(every=1)]
    monitor = watch(model, X, watched=watched, input_signature=signature, optimizer=keras.optimizers.SGD(0.0))
    seen = rows(monitor.read())
    assert_moments(seen.loc["mean"], model.mean(model.dense(X)))
    assert np.isfinite(seen.loc["mean", "activation_gradient_rms"])


def test_a_layer_that_was_not_called_says_so():
    class Idle(keras.Model):
        def __init__(self):
            super().__init__()
            self.used, self.idle = layers.Dense(3, name="used"), layers.Dense(3, name="idle")

        def call(self, x):
            return self.used(x)

    model = Idle()
    model.idle.build((None, 5))
    monitor = watch(model, X)
    assert "was not called" in statuses(monitor)["idle"]
    idle = rows(monitor.read()).loc["idle"]
    assert np.isnan(idle["gradient_norm"]), "not connected is missing, not zero"
    assert idle["update_ratio"] == 0


def test_layers_of_another_model_inside_the_block_are_not_the_models():
    model, critic = frozen(layers.Dense(5, name="own")), frozen(layers.Dense(2, name="critic"))
    monitor = watch(model, X, loss=lambda _, output: tf.square(critic(output)))
    assert list(rows(monitor.read()).index) == ["own"]
    assert list(statuses(monitor)) == ["own"]


def test_a_batch_passed_by_keyword_counts_its_examples():
    model = frozen(layers.Dense(4, name="a"), layers.Dense(3, name="b"))
    monitor = probes.Monitor(model, [probes.ActivationGradient(every=1)])
    read = []
    for call in (lambda: model(X), lambda: model(inputs=X)):
        with tf.GradientTape() as tape, monitor.capture():
            loss = tf.reduce_mean(tf.square(call()))
        monitor.update(tape.gradient(loss, model.trainable_variables))
        read.append(monitor.read().layers["activation_gradient_rms"].to_numpy())
    np.testing.assert_array_equal(*read)


def test_a_step_that_is_itself_called_inside_a_tf_function_works():
    model = frozen(layers.Dense(3, name="a"))
    monitor = probes.Monitor(model, probes.default(every=1))
    inner = make_step(model, [monitor])
    tf.function(lambda: inner(X, 0.0)[0])()
    assert list(rows(monitor.read()).index) == ["a"]
