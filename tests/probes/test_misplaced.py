"""Lines of the training step in other places than the README has them: measured as they should be, or refused at once."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from probes.errors import UsageError
from tests.kit.steps import mean_square, rows

X = tf.constant(np.random.default_rng(0).normal(size=(6, 5)), tf.float32)
COLUMNS = ["gradient_norm", "weight_norm", "update_ratio", "activation_gradient_rms", "activation_mean"]
RATE = 0.1

both_ways = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "eager"])


class Loop:
    """Model, optimizer and monitor, and what a step is made of."""

    def __init__(self) -> None:
        keras.utils.set_random_seed(3)
        self.model = keras.Sequential(
            [keras.Input((5,)), layers.Dense(4, activation="relu", name="a"), layers.Dense(3, name="b")]
        )
        self.optimizer = keras.optimizers.SGD(RATE)
        self.optimizer.build(self.model.trainable_variables)
        self.monitor = probes.Monitor(self.model, probes.default(every=1))

    def loss(self, x: tf.Tensor = X) -> tf.Tensor:
        return mean_square(0.0, self.model(x, training=True))

    def gradient(self, tape: tf.GradientTape, loss: tf.Tensor) -> list[tf.Tensor]:
        return tape.gradient(loss, self.model.trainable_variables)

    def apply(self, gradients: list[tf.Tensor]) -> None:
        self.optimizer.apply(gradients, self.model.trainable_variables)

    def by_hand(self, gradients: list[tf.Tensor]) -> None:
        for variable, gradient in zip(self.model.trainable_variables, gradients, strict=True):
            variable.value.assign_sub(RATE * gradient)


def twin() -> dict[str, np.ndarray]:
    """The columns of one step by NumPy, from weights, gradients and outputs of a model that nobody watches."""
    loop = Loop()
    with tf.GradientTape() as tape:
        hidden = loop.model.layers[0](X)
        output = loop.model.layers[1](hidden)
        loss = mean_square(0.0, output)
    variables = loop.model.trainable_variables
    *gradients, by_hidden, by_output = tape.gradient(loss, [*variables, hidden, output])
    before = [variable.numpy() for variable in variables]
    loop.apply(gradients)
    updates = [variable.numpy() - old for variable, old in zip(variables, before, strict=True)]
    columns = {name: [] for name in COLUMNS}
    for layer, (activation, by_activation) in enumerate(((hidden, by_hidden), (output, by_output))):
        own = slice(2 * layer, 2 * layer + 2)
        gradient, weight, update = (norm(each[own]) for each in (gradients, before, updates))
        # The rms is that of the example's own gradient: the mean over the batch is undone.
        rms = np.sqrt(np.mean((by_activation.numpy() * len(X)) ** 2))
        values = gradient, weight, update / weight, rms, np.mean(activation)
        for name, value in zip(COLUMNS, values, strict=True):
            columns[name].append(value)
    return {name: np.array(values) for name, values in columns.items()}


def norm(arrays) -> float:
    return float(np.sqrt(sum(np.sum(np.square(array)) for array in arrays)))


def run(loop: Loop, step: Callable[[], object], compiled: bool) -> None:
    (tf.function(step) if compiled else step)()


def assert_measured(loop: Loop) -> None:
    seen = rows(loop.monitor.read())
    for name, expected in twin().items():
        np.testing.assert_allclose(seen[name], expected, rtol=1e-4, err_msg=name)


def in_place(loop: Loop) -> None:
    with tf.GradientTape() as tape, loop.monitor.capture():
        loss = loop.loss()
    gradients = loop.gradient(tape, loss)
    loop.apply(gradients)
    loop.monitor.update(gradients)


def apply_in_the_block(loop: Loop) -> None:
    with loop.monitor.capture():
        with tf.GradientTape() as tape:
            loss = loop.loss()
        gradients = loop.gradient(tape, loss)
        loop.apply(gradients)
    loop.monitor.update(gradients)


def gradient_in_the_block(loop: Loop) -> None:
    with tf.GradientTape() as tape, loop.monitor.capture():
        loss = loop.loss()
        gradients = loop.gradient(tape, loss)
    loop.apply(gradients)
    loop.monitor.update(gradients)


def capture_around_the_tape(loop: Loop) -> None:
    with loop.monitor.capture(), tf.GradientTape() as tape:
        loss = loop.loss()
    gradients = loop.gradient(tape, loss)
    loop.apply(gradients)
    loop.monitor.update(gradients)


def by_hand_after_the_block(loop: Loop) -> None:
    with tf.GradientTape() as tape, loop.monitor.capture():
        loss = loop.loss()
    gradients = loop.gradient(tape, loss)
    loop.by_hand(gradients)
    loop.monitor.update(gradients)


def forward_again_outside_the_block(loop: Loop) -> None:
    with tf.GradientTape() as tape, loop.monitor.capture():
        loss = loop.loss()
    gradients = loop.gradient(tape, loss)
    loop.model(2 * X, training=False)
    loop.apply(gradients)
    loop.monitor.update(gradients)
    loop.model(3 * X)


def clipped_in_the_optimizer_call(loop: Loop) -> None:
    with tf.GradientTape() as tape, loop.monitor.capture():
        loss = loop.loss()
    gradients = loop.gradient(tape, loss)
    clipped, _ = tf.clip_by_global_norm(gradients, 1e6)
    loop.apply(clipped)
    loop.monitor.update(gradients)


def both_losses(loop: Loop, first: str, second: str) -> None:
    """Two tapes around one forward pass; the update is given the gradients of the loss that the twin has."""
    with tf.GradientTape() as one, tf.GradientTape() as other, loop.monitor.capture():
        loss = loop.loss()
        another = 7 * loss
    passes = {"trained": lambda: loop.gradient(one, loss), "other": lambda: loop.gradient(other, another)}
    gradients = {name: passes[name]() for name in (first, second)}["trained"]
    loop.apply(gradients)
    loop.monitor.update(gradients)


def two_tapes_the_trained_one_first(loop: Loop) -> None:
    both_losses(loop, "trained", "other")


def two_tapes_the_trained_one_last(loop: Loop) -> None:
    both_losses(loop, "other", "trained")


def a_penalty_on_the_gradient_of_the_inputs(loop: Loop) -> None:
    """Of weight 0, so that the twin is the same; clipped, so that no tape returned what is passed on."""
    with tf.GradientTape() as tape, loop.monitor.capture():
        with tf.GradientTape() as inner:
            inner.watch(X)
            loss = loop.loss()
        loss += 0.0 * tf.reduce_sum(inner.gradient(loss, X) ** 2)
    gradients, _ = tf.clip_by_global_norm(loop.gradient(tape, loss), 1e6)
    loop.apply(gradients)
    loop.monitor.update(gradients)


def one_loss_differentiated_in_two_parts(loop: Loop) -> None:
    with tf.GradientTape(persistent=True) as tape, loop.monitor.capture():
        loss = loop.loss()
    variables = loop.model.trainable_variables
    gradients = [*tape.gradient(loss, variables[:2]), *tape.gradient(loss, variables[2:])]
    clipped, _ = tf.clip_by_global_norm(gradients, 1e6)
    loop.apply(clipped)
    loop.monitor.update(clipped)


MEASURED = [
    two_tapes_the_trained_one_first,
    two_tapes_the_trained_one_last,
    a_penalty_on_the_gradient_of_the_inputs,
    one_loss_differentiated_in_two_parts,
    in_place,
    apply_in_the_block,
    gradient_in_the_block,
    capture_around_the_tape,
    by_hand_after_the_block,
    forward_again_outside_the_block,
    clipped_in_the_optimizer_call,
]


@both_ways
@pytest.mark.parametrize("step", MEASURED, ids=lambda step: step.__name__)
def test_a_step_is_measured_as_its_twin(step, compiled):
    loop = Loop()
    run(loop, lambda: step(loop), compiled)
    assert_measured(loop)


def update_before_apply(loop: Loop) -> None:
    with tf.GradientTape() as tape, loop.monitor.capture():
        loss = loop.loss()
    gradients = loop.gradient(tape, loss)
    loop.monitor.update(gradients)
    loop.apply(gradients)


def update_in_the_block(loop: Loop) -> None:
    with loop.monitor.capture():
        with tf.GradientTape() as tape:
            loss = loop.loss()
        gradients = loop.gradient(tape, loss)
        loop.apply(gradients)
        loop.monitor.update(gradients)


def update_twice(loop: Loop) -> None:
    with tf.GradientTape() as tape, loop.monitor.capture():
        loss = loop.loss()
    gradients = loop.gradient(tape, loss)
    loop.apply(gradients)
    loop.monitor.update(gradients)
    loop.monitor.update(gradients)


def capture_in_capture(loop: Loop) -> None:
    with tf.GradientTape(), loop.monitor.capture(), loop.monitor.capture():
        loop.loss()


def by_hand_in_the_block(loop: Loop) -> None:
    with loop.monitor.capture():
        with tf.GradientTape() as tape:
            loss = loop.loss()
        gradients = loop.gradient(tape, loss)
        loop.by_hand(gradients)
    loop.monitor.update(gradients)


def one_gradient_too_few(loop: Loop) -> None:
    with tf.GradientTape() as tape, loop.monitor.capture():
        loss = loop.loss()
    gradients = loop.gradient(tape, loss)
    loop.apply(gradients)
    loop.monitor.update(gradients[1:])


def two_losses_added_up_after_their_tapes(loop: Loop) -> None:
    with tf.GradientTape(persistent=True) as tape, loop.monitor.capture():
        loss = loop.loss()
        another = 7 * loss
    pairs = zip(loop.gradient(tape, loss), loop.gradient(tape, another), strict=True)
    gradients = [one + other for one, other in pairs]
    loop.apply(gradients)
    loop.monitor.update(gradients)


REFUSED = {
    two_losses_added_up_after_their_tapes: "several losses",
    update_before_apply: "after optimizer.apply",
    update_in_the_block: "inside the block of monitor.capture",
    update_twice: "update without capture",
    capture_in_capture: "inside the block of monitor.capture",
    by_hand_in_the_block: "weights assigned inside the block",
    one_gradient_too_few: "3 gradients for 4",
}


@both_ways
@pytest.mark.parametrize("step", REFUSED, ids=lambda step: step.__name__)
def test_a_step_that_cannot_be_measured_is_refused_at_once(step, compiled):
    loop = Loop()
    with pytest.raises(UsageError, match=REFUSED[step]) as caught:
        run(loop, lambda: step(loop), compiled)
    assert all((caught.value.what, caught.value.where, caught.value.got, caught.value.do))


@pytest.mark.parametrize("step", REFUSED, ids=lambda step: step.__name__)
def test_a_refused_step_can_be_corrected_and_run_again(step):
    loop = Loop()
    with pytest.raises(UsageError):
        run(loop, lambda: step(loop), compiled=True)
    run(loop, lambda: in_place(loop), compiled=True)
    assert_measured(loop)


@both_ways
@pytest.mark.parametrize("measured", [True, False])
def test_update_is_never_called(measured, compiled):
    loop = Loop()

    def without_update() -> None:
        with tf.GradientTape() as tape, loop.monitor.capture():
            loss = loop.loss()
        loop.apply(loop.gradient(tape, loss))

    if measured:  # a step without update among others is not counted
        run(loop, lambda: in_place(loop), compiled)
    run(loop, without_update, compiled)
    if measured:
        assert_measured(loop)
    else:
        with pytest.raises(UsageError, match=r"monitor\.update"):
            loop.monitor.read()


@both_ways
def test_an_update_in_another_function_is_warned_of_and_goes_on(compiled):
    loop = Loop()

    @tf.function
    def gradients_only() -> list[tf.Tensor]:
        with tf.GradientTape() as tape, loop.monitor.capture():
            loss = loop.loss()
        gradients = loop.gradient(tape, loss)
        loop.monitor.update(gradients)
        return gradients

    before = loop.model.get_weights()
    gradients = gradients_only()
    with pytest.warns(UserWarning, match=r"after optimizer\.apply"):
        run(loop, lambda: loop.apply(gradients), compiled)
    assert any((old != new).any() for old, new in zip(before, loop.model.get_weights(), strict=True))


@both_ways
@pytest.mark.parametrize(
    "step", [in_place, apply_in_the_block, by_hand_after_the_block], ids=lambda step: step.__name__
)
def test_nothing_stays_replaced_after_a_step(step, compiled):
    loop, before = Loop(), (keras.Operation.__call__, keras.optimizers.SGD.apply, tf.GradientTape.gradient)
    run(loop, lambda: step(loop), compiled)
    assert (keras.Operation.__call__, keras.optimizers.SGD.apply, tf.GradientTape.gradient) == before


def test_gradients_that_are_only_looked_at_replace_nothing_once_they_are_read():
    loop, before = Loop(), keras.optimizers.SGD.apply
    with tf.GradientTape() as tape, loop.monitor.capture():
        loss = loop.loss()
    gradients = loop.gradient(tape, loss)
    loop.monitor.update(gradients)
    assert rows(loop.monitor.read())["update_ratio"].eq(0).all()
    assert keras.optimizers.SGD.apply == before
    loop.apply(gradients)
