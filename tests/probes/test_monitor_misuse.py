"""Each wrong use of a monitor raises an error in four parts at once."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from tests.kit.steps import make_step, mean_square, rows

X = tf.constant(np.random.default_rng(0).normal(size=(6, 5)), tf.float32)


def dense() -> keras.Sequential:
    return keras.Sequential([keras.Input((5,)), layers.Dense(4, name="hidden"), layers.Dense(3, name="logits")])


def assert_four_parts(error: probes.UsageError, *words: str) -> None:
    assert all((error.what, error.where, error.got, error.do))
    assert "Monitor" in error.where or "layer" in error.where
    for word in words:
        assert word in str(error)


NO_PROBES = {
    "a class": ([probes.GradientNorm], "add ()"),
    "a name": (["GradientNorm"], "probes.GradientNorm("),
    "nothing": ([None], "None"),
    "a probe that is not in a list": (probes.GradientNorm(), "write [GradientNorm("),
    "a number": (3, "give a list"),
    "the same twice": ([probes.GradientNorm(), probes.GradientNorm(every=2)], "gradient_norm"),
}


@pytest.mark.parametrize("case", NO_PROBES)
def test_objects_that_are_not_probes_are_refused(case):
    given, word = NO_PROBES[case]
    with pytest.raises(probes.UsageError) as caught:
        probes.Monitor(dense(), given)
    assert_four_parts(caught.value, word)


class Weightless(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize("model", [None, [], tf.zeros([]), keras.layers.Dense, "model"], ids=repr)
def test_objects_that_are_not_models_are_refused(model):
    with pytest.raises(probes.UsageError) as caught:
        probes.Monitor(model)
    assert_four_parts(caught.value, "no layers")


def test_a_model_without_layers():
    model = Weightless()
    model(X)
    with pytest.raises(probes.UsageError, match="no layers"):
        probes.Monitor(model)


@pytest.mark.parametrize("pattern", ["hiden", "Hidden", "hidden/*", ("logits", "hiden"), ""])
def test_a_pattern_that_matches_no_layer_lists_the_layers(pattern):
    with pytest.raises(probes.UsageError) as caught:
        probes.Monitor(dense(), [probes.GradientNorm(layers=pattern)])
    assert_four_parts(caught.value, "hidden, logits", "GradientNorm")
    if "hiden" in pattern:
        assert "use 'hidden'" in caught.value.do


def test_a_misspelt_pattern_is_reported_at_the_first_step_of_an_unbuilt_model():
    model = keras.Sequential([layers.Dense(4, name="hidden"), layers.Dense(3, name="logits")])
    monitor = probes.Monitor(model, [probes.GradientNorm(layers="hiden")])
    with pytest.raises(probes.UsageError, match="hidden, logits"):
        make_step(model, [monitor])(X, 0.0)


def captured(model=None):
    """A monitor that has seen one eager forward pass, and the gradients that belong to it."""
    model = model or dense()
    monitor = probes.Monitor(model, probes.default(every=1))
    with tf.GradientTape() as tape, monitor.capture():
        loss = mean_square(0.0, model(X))
    return monitor, tape.gradient(loss, model.trainable_variables)


WRONG = {
    "too few": (lambda gradients: gradients[:-1], "3 gradients for 4"),
    "too many": (lambda gradients: [*gradients, gradients[0]], "5 gradients for 4"),
    "another order": (lambda gradients: gradients[::-1], "kernel of shape (5, 4)"),
    "pairs with the variables": (lambda gradients: [(gradient, 0) for gradient in gradients], "a tuple in place"),
    "one tensor": (lambda gradients: gradients[0], "in place of a list"),
    "none": (lambda gradients: None, "in place of a list"),
}


@pytest.mark.parametrize("case", WRONG)
def test_gradients_that_do_not_fit(case):
    change, word = WRONG[case]
    monitor, gradients = captured()
    with pytest.raises(probes.UsageError) as caught:
        monitor.update(change(gradients))
    assert_four_parts(caught.value, word, "tape.gradient")


def test_none_gradients_mean_not_connected_and_raise_no_error():
    monitor, gradients = captured()
    monitor.update([None, None, *gradients[2:]])
    hidden, logits = rows(monitor.read())["gradient_norm"].to_numpy()
    assert np.isnan(hidden)
    assert logits > 0


@pytest.mark.parametrize("compiled", [True, False])
def test_update_without_capture(compiled):
    model = dense()
    monitor = probes.Monitor(model)

    def step():
        with tf.GradientTape() as tape:
            loss = mean_square(0.0, model(X))
        monitor.update(tape.gradient(loss, model.trainable_variables))

    with pytest.raises(probes.UsageError) as caught:
        (tf.function(step) if compiled else step)()
    assert_four_parts(caught.value, "update without capture", "monitor.capture():")


def test_a_second_update_after_one_capture():
    monitor, gradients = captured()
    monitor.update(gradients)
    with pytest.raises(probes.UsageError, match="update without capture"):
        monitor.update(gradients)


def test_update_in_another_function_than_capture():
    model = dense()
    monitor = probes.Monitor(model)

    @tf.function
    def forward():
        with tf.GradientTape() as tape, monitor.capture():
            loss = mean_square(0.0, model(X))
        return tape.gradient(loss, model.trainable_variables)

    gradients = forward()
    with pytest.raises(probes.UsageError, match="in another tf"):
        monitor.update(gradients)


def test_a_monitor_keeps_working_after_a_usage_error():
    monitor, gradients = captured()
    with pytest.raises(probes.UsageError):
        monitor.update(gradients[:1])
    make_step(monitor.model, [monitor])(X, 0.0)
    assert list(rows(monitor.read()).index) == ["hidden", "logits"]
