"""``monitor.function``: the same record and the same training as ``tf.function``, and steps without anything of the probes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from tests.kit.steps import mean_square

X = tf.constant(np.random.default_rng(0).normal(size=(6, 5)), tf.float32)
STEPS = 23


class Loop:
    """A model with its optimizer, and a step that counts how often it is traced with and without probes."""

    def __init__(self, watched: list[probes.Probe] | None, *, noise: bool = False, policy: str = "float32") -> None:
        keras.utils.set_random_seed(3)
        stack = [
            layers.Dense(4, activation="relu", name="a"),
            layers.Dropout(0.3, name="drop"),
            layers.Dense(3, name="b"),
        ]
        self.model = keras.Sequential([keras.Input((5,)), *stack])
        for layer in self.model.layers:
            layer.dtype_policy = keras.DTypePolicy(policy)
        inner = keras.optimizers.Adam(0.01)
        self.optimizer = keras.optimizers.LossScaleOptimizer(inner) if policy != "float32" else inner
        self.optimizer.build(self.model.trainable_variables)
        self.monitor = None if watched is None else probes.Monitor(self.model, watched, optimizer=self.optimizer)
        self.noise, self.traces = noise, 0

    def step(self, x: tf.Tensor) -> tf.Tensor:
        self.traces += 1
        capture = self.monitor.capture() if self.monitor else tf.name_scope("bare")
        with tf.GradientTape() as tape, capture:
            x = x + tf.random.normal(x.shape) if self.noise else x
            loss = mean_square(0.0, self.model(x, training=True))
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.model.trainable_variables)
        self.optimizer.apply(gradients, self.model.trainable_variables)
        if self.monitor:
            self.monitor.update(gradients)
        return loss

    def train(self, function: Any, steps: int = STEPS) -> dict[str, np.ndarray]:
        losses = [function(X + number) for number in range(steps)]
        kept = [*self.model.variables, *self.optimizer.variables]
        return {"losses": np.array(losses)} | {f"{n} of {len(kept)}": v.numpy() for n, v in enumerate(kept)}


def assert_identical(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert [name for name in one if one[name].tobytes() != other[name].tobytes()] == []


@pytest.fixture
def graph_optimizer_off():
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


WATCHED = {
    "default": probes.default,
    "several cadences": lambda: [
        probes.GradientNorm(every=3),
        probes.ActivationMoments(every=4),
        probes.UpdateRatio(every=6, early=True),
        probes.ActivationSparsity(every=5, window=10, sparseness=False),
    ],
    "every step": lambda: [probes.GradientNorm(every=1)],
}


@pytest.mark.parametrize("options", [{}, {"jit_compile": True}], ids=["compiled", "XLA"])
@pytest.mark.parametrize("watched", WATCHED)
def test_record_and_training_are_those_of_a_branch(watched, options, graph_optimizer_off):
    split, branch = (Loop(WATCHED[watched]()) for _ in range(2))
    one = split.train(split.monitor.function(split.step, **options))
    other = branch.train(tf.function(branch.step, **options))
    assert split.monitor.steps == STEPS
    ours, theirs = split.monitor.read(), branch.monitor.read()
    if options:
        for name in one:
            np.testing.assert_allclose(one[name], other[name], rtol=1e-4, atol=1e-5)
        assert ours.layers["step"].equals(theirs.layers["step"])
    else:
        assert_identical(one, other)
        assert ours.layers.equals(theirs.layers) and ours.units.equals(theirs.units)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_training_is_that_without_probes_bit_by_bit(policy, graph_optimizer_off):
    bare, watched = Loop(None, policy=policy), Loop(probes.default(), policy=policy)
    assert_identical(bare.train(tf.function(bare.step)), watched.train(watched.monitor.function(watched.step)))


def test_a_step_that_is_not_due_runs_the_graph_of_the_user():
    watched, bare = Loop([probes.GradientNorm(every=4)]), Loop(None)
    function = watched.monitor.function(watched.step)
    watched.train(function, 9)
    assert watched.traces == 2
    with watched.monitor.inert():
        ours = tf.function(watched.step).get_concrete_function(X).graph.as_graph_def()
    theirs = tf.function(bare.step).get_concrete_function(X).graph.as_graph_def()
    assert [node.op for node in ours.node] == [node.op for node in theirs.node]


def test_slowing_down_and_reset_trace_nothing():
    loop = Loop([probes.GradientNorm(every=2)])
    function = loop.monitor.function(loop.step)
    loop.train(function, 5)
    loop.monitor.slow_down(3)
    loop.train(function, 8)
    loop.monitor.reset()
    loop.train(function, 7)
    assert sorted(set(loop.monitor.read().layers["step"])) == [0, 6]
    assert loop.traces == 2


def test_random_operations_with_a_state_of_their_own_run_in_one_function():
    keras.utils.set_random_seed(0)
    loop = Loop([probes.GradientNorm(every=4)], noise=True)
    function = loop.monitor.function(loop.step)
    loop.train(function, 9)
    assert loop.traces == 1
    assert sorted(set(loop.monitor.read().layers["step"])) == [0, 4, 8]


def test_several_steps_in_one_call_run_in_one_function():
    loop = Loop([probes.GradientNorm(every=4)])

    @loop.monitor.function
    def steps(count):
        for _ in tf.range(count):
            loop.step(X)

    for count in (1, 3, 5):
        steps(tf.constant(count))
    assert loop.monitor.steps == 9
    assert sorted(set(loop.monitor.read().layers["step"])) == [0, 4, 8]


def test_a_decorator_with_options_and_another_shape():
    loop = Loop([probes.GradientNorm(every=2)])

    @loop.monitor.function(reduce_retracing=True)
    def step(x):
        """Takes a step."""
        return loop.step(x)

    for number in range(6):
        step(X[: 6 - number])
    assert step.__name__ == "step" and step.__doc__ == "Takes a step."
    assert sorted(set(loop.monitor.read().layers["step"])) == [0, 2, 4]


def test_an_error_in_a_step_that_is_not_due_leaves_the_count_right():
    loop = Loop([probes.GradientNorm(every=2)])

    def checked(x):
        tf.debugging.assert_greater(tf.shape(x)[0], 2)
        return loop.step(x)

    function = loop.monitor.function(checked, reduce_retracing=True)
    for number in range(5):
        function(X)
        if number % 2 == 0:  # the next step is not due
            with pytest.raises(tf.errors.InvalidArgumentError):
                function(X[:1])
    assert sorted(set(loop.monitor.read().layers["step"])) == [0, 2, 4]


def test_functions_that_run_eagerly():
    loop, branch = (Loop([probes.GradientNorm(every=4)]) for _ in range(2))
    tf.config.run_functions_eagerly(True)
    try:
        loop.train(loop.monitor.function(loop.step), 9)
    finally:
        tf.config.run_functions_eagerly(False)
    branch.train(branch.step, 9)
    assert loop.monitor.read().layers.equals(branch.monitor.read().layers)
