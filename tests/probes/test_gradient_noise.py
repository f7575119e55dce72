"""GradientNoise in training loops that know the gradients of a batch's parts."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from tests.kit.steps import mean_square, rows

M, B = 4, 12
X = tf.constant(np.random.default_rng(0).normal(size=(B, 5)), tf.float32)
TOKENS = tf.constant(np.random.default_rng(0).integers(0, 6, (B, 3)), tf.int32)


def dense() -> keras.Sequential:
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [keras.Input((5,)), layers.Dense(4, activation="relu", name="a"), layers.Dense(3, name="b")]
    )


def embedded() -> keras.Sequential:
    keras.utils.set_random_seed(3)
    stack = [layers.Embedding(6, 2, name="a"), layers.Flatten(), layers.Dense(3, name="b")]
    return keras.Sequential([keras.Input((3,), dtype="int32"), *stack])


def monitor_of(model, **options) -> probes.Monitor:
    return probes.Monitor(model, [probes.GradientNoise(every=1), probes.ActivationGradient(every=1)], **options)


def one_forward_pass(monitor: probes.Monitor, x, scale: float = 1.0):
    model = monitor.model
    with tf.GradientTape(persistent=True) as tape, monitor.capture():
        losses = [scale * mean_square(1.0, output) for output in tf.split(model(x), M)]
        loss = tf.add_n(losses) / M
    parts = [tape.gradient(each, model.trainable_variables) for each in losses]
    gradients = tape.gradient(loss, model.trainable_variables)
    monitor.update(gradients, parts=parts)
    return parts


def a_pass_for_each_part(monitor: probes.Monitor, x):
    model, parts = monitor.model, []
    with monitor.capture():
        for part in tf.split(x, M):
            with tf.GradientTape() as tape:
                loss = mean_square(1.0, model(part))
            parts.append(tape.gradient(loss, model.trainable_variables))
    gradients = [tf.add_n([tf.convert_to_tensor(g) for g in same]) / M for same in zip(*parts, strict=True)]
    monitor.update(gradients, parts=parts)
    return parts


def expected(parts, places) -> tuple[float, float]:
    """Both columns of a layer, after McCandlish et al., appendix A.1: from gradients of B and of B/m examples."""
    flat = np.stack([np.concatenate([np.ravel(tf.convert_to_tensor(part[p])) for p in places]) for part in parts])
    flat = flat.astype(np.float64)
    small, large = np.mean(np.sum(flat**2, axis=1)), np.sum(flat.mean(0) ** 2)
    true_square = (B * large - B / M * small) / (B - B / M)
    trace = (small - large) / (M / B - 1 / B)
    error = np.sqrt(np.sum(flat.var(axis=0, ddof=1)) / M)
    return np.sqrt(large) / error, trace / true_square if true_square > 0 else np.nan


LOOPS = {"one forward pass": one_forward_pass, "a pass for each part": a_pass_for_each_part}


@pytest.mark.parametrize("how", [{}, {"jit_compile": True}, None], ids=str)
@pytest.mark.parametrize("loop", LOOPS)
def test_both_columns_are_those_of_the_paper(loop, how):
    monitor = monitor_of(dense())
    step = LOOPS[loop] if how is None else tf.function(LOOPS[loop], **how)
    parts = step(monitor, X)
    seen = rows(monitor.read())
    for layer, places in {"a": (0, 1), "b": (2, 3)}.items():
        columns = seen.loc[layer, ["gradient_snr", "gradient_noise_scale"]].to_numpy(float)
        np.testing.assert_allclose(columns, expected(parts, places), rtol=1e-4)


def test_sparse_gradients_of_parts_are_told_apart_by_row():
    monitor = monitor_of(embedded())
    parts = tf.function(one_forward_pass)(monitor, TOKENS)
    assert isinstance(parts[0][0], tf.IndexedSlices)
    columns = rows(monitor.read()).loc["a", ["gradient_snr", "gradient_noise_scale"]].to_numpy(float)
    np.testing.assert_allclose(columns, expected(parts, (0,)), rtol=1e-4)


def test_the_activation_gradient_is_that_of_the_whole_loss_when_it_is_asked_for_last():
    with_parts, plain = monitor_of(dense()), monitor_of(dense())
    one_forward_pass(with_parts, X)
    with tf.GradientTape() as tape, plain.capture():
        loss = mean_square(1.0, plain.model(X))
    with pytest.warns(UserWarning, match="GradientNoise shows nothing"):
        plain.update(tape.gradient(loss, plain.model.trainable_variables))
    read = [rows(monitor.read()) for monitor in (with_parts, plain)]
    np.testing.assert_allclose(*(seen["activation_gradient_rms"] for seen in read), rtol=1e-5)
    assert read[1].get("gradient_snr", read[1]["activation_gradient_rms"] * np.nan).isna().all()


def test_the_signal_to_noise_ratio_of_known_noise_is_found_over_a_window():
    """The parts' gradients are drawn around a known mean with a known spread."""
    variable, count = tf.Variable(tf.zeros([50])), 400
    signal, spread = 0.3, 2.0
    monitor = probes.Monitor([variable], [probes.GradientNoise(every=1, window=count)])
    rng = np.random.default_rng(1)

    @tf.function
    def step(parts):
        with monitor.capture():
            pass
        monitor.update([tf.reduce_mean(parts, axis=0)], parts=[[part] for part in tf.unstack(parts)])

    for _ in range(count):
        step(tf.constant(signal + spread / np.sqrt(8) * rng.normal(size=(4, 50)), tf.float32))
    row = monitor.read().layers.iloc[0]
    assert row.gradient_snr == pytest.approx(np.sqrt(1 + signal**2 / (spread**2 / 32)), rel=0.05)
    assert np.isnan(row.gradient_noise_scale), "how many examples there were cannot be known without a forward pass"


def test_the_loss_scale_of_mixed_precision_does_not_show():
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=256.0)
    plain, scaled = monitor_of(dense()), monitor_of(dense(), optimizer=optimizer)
    one_forward_pass(plain, X), one_forward_pass(scaled, X, scale=256.0)
    read = [rows(monitor.read())[["gradient_snr", "gradient_noise_scale"]] for monitor in (plain, scaled)]
    np.testing.assert_allclose(*read, rtol=1e-5)


WRONG = {
    "one part": (lambda parts: parts[:1], "1 parts"),
    "a gradient in place of parts": (lambda parts: parts[0][0], "Tensor"),
    "a part with a gradient missing": (lambda parts: [parts[0], parts[1][:-1]], "3 gradients for 4"),
    "another order": (lambda parts: [parts[0], parts[1][::-1]], "shape"),
}


@pytest.mark.parametrize("case", WRONG)
def test_invalid_parts_raise_an_error_in_four_parts(case):
    spoil, word = WRONG[case]
    parts = one_forward_pass(monitor_of(dense()), X)
    monitor = monitor_of(dense())
    with monitor.capture():
        monitor.model(X)
    with pytest.raises(probes.UsageError, match=word) as caught:
        monitor.update(parts[0], parts=spoil(parts))
    assert all([caught.value.what, caught.value.where, caught.value.got, caught.value.do])
