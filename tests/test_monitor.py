"""When a monitor measures, what it writes down, and that it reads it out once."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from tests.probes_kit.steps import make_step, mean_square, rows, watch

X = tf.constant(np.random.default_rng(0).normal(size=(6, 5)), tf.float32)


def dense(**options) -> keras.Sequential:
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [keras.Input((5,)), layers.Dense(4, activation="relu", name="a", **options), layers.Dense(3, name="b")]
    )


def steps_of(reading: probes.Reading, column: str) -> list[int]:
    """The steps at which a column holds a number."""
    table = reading.layers
    return sorted(set(table["step"][table[column].notna()]))


def run(monitor: probes.Monitor, steps: int, **options) -> None:
    step = make_step(monitor.model, [monitor], **options)
    for number in range(steps):
        step(X + number, 0.0)


@pytest.mark.parametrize("compiled", [True, False])
def test_each_probe_has_its_own_cadence_and_window(compiled):
    watched = [
        probes.GradientNorm(every=3),
        probes.ActivationMoments(window=4),
        probes.ActivationSparsity(every=2, window=4),
        probes.UpdateRatio(every=1),
    ]
    monitor = probes.Monitor(dense(), watched)
    run(monitor, 11, compiled=compiled)
    reading = monitor.read()
    assert steps_of(reading, "gradient_norm") == [0, 3, 6, 9]
    assert steps_of(reading, "activation_mean") == [0, 4]  # the window from step 8 on is still open
    assert steps_of(reading, "zero_fraction") == [0, 4, 8]  # it reads steps 8 and 10 of the last
    assert steps_of(reading, "update_ratio") == list(range(11))
    assert not reading.layers.duplicated(["step", "layer"]).any()


@pytest.mark.parametrize("every", [1, 2])
def test_a_window_is_the_whole_of_its_steps(every):
    model = dense()
    monitor = probes.Monitor(model, [probes.ActivationMoments(every=every, window=4)])
    run(monitor, 8, optimizer=keras.optimizers.SGD(0.0))
    seen = rows(monitor.read(), 4).loc["b"]
    outputs = np.concatenate([model(X + step) for step in range(4, 8, every)])
    assert (seen.activation_mean, seen.activation_std) == pytest.approx((outputs.mean(), outputs.std()), rel=1e-5)


def test_a_window_that_is_open_when_read_is_read_when_it_is_complete():
    monitor = probes.Monitor(dense(), [probes.ActivationMoments(window=4)])
    whole = probes.Monitor(dense(), [probes.ActivationMoments(window=4)])
    step = make_step(monitor.model, [monitor])
    for number in range(4):
        assert monitor.read().layers.empty
        step(X + number, 0.0)
    run(whole, 4)
    assert monitor.read().layers.equals(whole.read().layers)


def test_what_was_read_is_not_read_again():
    monitor = probes.Monitor(dense(), [probes.GradientNorm(every=1)])
    step = make_step(monitor.model, [monitor])
    assert monitor.read().layers.empty
    step(X, 0.0), step(X, 0.0)
    assert steps_of(monitor.read(), "gradient_norm") == [0, 1]
    assert monitor.read().layers.empty
    step(X, 0.0)
    assert steps_of(monitor.read(), "gradient_norm") == [2]


def test_an_empty_reading_has_the_columns_and_types_of_a_full_one():
    monitor = probes.Monitor(dense(), [probes.GradientNorm(every=1), probes.ActivationMoments(every=2)])
    run(monitor, 2)
    full, empty = monitor.read(), monitor.read()
    assert full.layers.dtypes.equals(empty.layers.dtypes)
    assert list(full.layers.columns[:4]) == ["step", "layer", "depth", "kind"]
    assert full.layers.dtypes[["step", "depth"]].tolist() == [np.int64, np.int32]
    assert set(full.layers.dtypes[4:]) == {np.dtype("float32")}
    assert list(full.units.columns) == ["step", "layer", "unit", "event"]


def test_an_overfull_record_warns_and_keeps_the_newest():
    monitor = probes.Monitor(dense(), [probes.GradientNorm(every=1)], capacity=3)
    run(monitor, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert monitor.read().lost == 0
    run(monitor, 5)
    with pytest.warns(UserWarning, match="2 readings were overwritten"):
        reading = monitor.read()
    assert (steps_of(reading, "gradient_norm"), reading.lost) == ([5, 6, 7], 2)
    run(monitor, 1)
    assert steps_of(monitor.read(), "gradient_norm") == [8]


def test_an_overfull_record_of_windows_never_shows_half_a_window():
    monitor = probes.Monitor(dense(), [probes.ActivationMoments(window=2)], capacity=1)
    whole = probes.Monitor(dense(), [probes.ActivationMoments(window=2)])
    run(monitor, 5)
    run(whole, 5)
    with pytest.warns(UserWarning, match="1 readings"):
        kept = monitor.read().layers
    assert kept.equals(whole.read().layers.query("step == 2").reset_index(drop=True))


def test_after_reset_steps_count_from_zero_and_nothing_old_is_read():
    monitor = probes.Monitor(dense(), [probes.GradientNorm(every=2), probes.ActivationMoments(window=3)])
    step = make_step(monitor.model, [monitor], optimizer=keras.optimizers.SGD(0.0))
    for number in range(4):
        step(X + number, 0.0)
    monitor.reset()
    assert monitor.read().layers.empty
    for _ in range(4):
        step(X, 0.0)
    reading = monitor.read()
    assert (steps_of(reading, "gradient_norm"), steps_of(reading, "activation_mean")) == ([0, 2], [0])
    expected = monitor.model(X)
    assert rows(reading).loc["b", "activation_mean"] == pytest.approx(float(np.mean(expected)), rel=1e-5)


def test_one_trace_serves_all_steps():
    model, traces = dense(), []

    def counted(target, output):
        traces.append(1)
        return mean_square(target, output)

    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    run(probes.Monitor(model, probes.default()), 25, loss=counted, optimizer=optimizer)
    assert len(traces) == 1


def in_one_call(monitor: probes.Monitor, steps: int, **options):
    """A function that runs this many steps inside TensorFlow."""
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(monitor.model.trainable_variables)

    @tf.function(**options)
    def train():
        for number in tf.range(steps):
            with tf.GradientTape() as tape, monitor.capture():
                loss = mean_square(0.0, monitor.model(X + tf.cast(number, tf.float32), training=True))
            gradients = tape.gradient(loss, monitor.model.trainable_variables)
            optimizer.apply(gradients, monitor.model.trainable_variables)
            monitor.update(gradients)

    return train


def watched_variously() -> list[probes.Probe]:
    return [probes.GradientNorm(every=1), probes.ActivationMoments(window=2), probes.UpdateRatio(every=3),
            probes.ActivationGradient(every=2)]  # fmt: skip


def assert_same_numbers(one: probes.Reading, other: probes.Reading) -> None:
    keys = ["step", "layer", "depth", "kind"]
    assert one.layers[keys].equals(other.layers[keys])
    np.testing.assert_allclose(one.layers.drop(columns=keys), other.layers.drop(columns=keys), rtol=2e-4, atol=1e-6)


def test_steps_inside_a_loop_of_one_function_read_as_steps_called_one_by_one():
    looped, single = (probes.Monitor(dense(), watched_variously()) for _ in range(2))
    in_one_call(looped, 7)()
    run(single, 7)
    assert_same_numbers(looped.read(), single.read())


@pytest.mark.parametrize("how", ["jit_compile", "jit_compile, in a loop", "eager"])
def test_every_way_to_run_a_step_reads_the_same(how):
    one, compiled = (probes.Monitor(dense(), watched_variously()) for _ in range(2))
    if how.endswith("loop"):
        in_one_call(one, 7, jit_compile=True)()
    else:
        run(one, 7, **({"compiled": False} if how == "eager" else {"jit_compile": True}))
    run(compiled, 7)
    assert_same_numbers(one.read(), compiled.read())


def test_another_batch_size_is_another_trace_and_the_same_record():
    model = dense()
    monitor = probes.Monitor(model, [probes.ActivationMoments(every=1), probes.ActivationSparsity(every=1)])
    step = make_step(model, [monitor], optimizer=keras.optimizers.SGD(0.0))
    step(X, 0.0), step(X[:2], 0.0), step(X, 0.0)
    reading = monitor.read()
    for number, batch in enumerate((X, X[:2], X)):
        assert rows(reading, number).loc["b", "activation_mean"] == pytest.approx(np.mean(model(batch)), rel=1e-5)


def test_a_layer_that_only_a_later_trace_runs_is_not_called_measured_without_a_row():
    class Growing(keras.Model):
        deep = False

        def __init__(self):
            super().__init__()
            self.a, self.b = layers.Dense(5, name="a"), layers.Dense(5, name="b")

        def call(self, x):
            return self.b(self.a(x)) if self.deep else self.a(x)

    model = Growing()
    model.b.build((None, 5))
    monitor = probes.Monitor(model, [probes.ActivationMoments(every=1)])
    step = make_step(model, [monitor], compiled=False)
    step(X, 0.0)
    model.deep = True
    step(X, 0.0)
    in_table = {entry["layer"] for entry in monitor.layer_table if entry["status"] == "measured"}
    assert in_table == set(monitor.read().layers["layer"])


def test_update_ratio_is_what_the_optimizer_did():
    model = dense()
    before = [np.concatenate([w.numpy().ravel() for w in layer.trainable_variables]) for layer in model.layers]
    optimizer = keras.optimizers.Adam(0.01, weight_decay=0.1, clipnorm=0.1)
    seen = rows(watch(model, X, 0.0, watched=[probes.UpdateRatio(every=1)], optimizer=optimizer).read())
    for layer, old in zip(model.layers, before, strict=True):
        new = np.concatenate([w.numpy().ravel() for w in layer.trainable_variables])
        expected = np.linalg.norm(new - old) / np.linalg.norm(old)
        assert seen.loc[layer.name, "update_ratio"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("built", [True, False])
def test_gradients_of_mixed_precision_are_shown_without_the_loss_scale(compiled, built):
    def read(policy, optimizer):
        model = dense(dtype=policy)
        if built:
            optimizer.build(model.trainable_variables)
        watched = [probes.GradientNorm(every=1), probes.ActivationGradient(every=1), probes.UpdateRatio(every=1)]
        monitor = probes.Monitor(model, watched, optimizer=optimizer)
        run(monitor, 3, optimizer=optimizer, compiled=compiled)
        return monitor.read().layers

    plain = read("float32", keras.optimizers.SGD(0.01))
    scaled = read("mixed_float16", keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=256.0))
    columns = ["gradient_norm", "activation_gradient_rms", "update_ratio"]
    np.testing.assert_allclose(scaled[columns], plain[columns], rtol=0.02)
    factor = read("float32", keras.optimizers.SGD(0.01, loss_scale_factor=1024.0))
    np.testing.assert_allclose(factor[columns], plain[columns], rtol=1e-3)


def test_an_overflow_of_half_precision_is_shown_and_moves_nothing():
    model = dense(dtype="mixed_float16")
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0**40)
    monitor = probes.Monitor(model, [probes.GradientNorm(every=1), probes.UpdateRatio(every=1)], optimizer=optimizer)
    run(monitor, 1, optimizer=optimizer)
    seen = rows(monitor.read()).loc["a"]
    assert not np.isfinite(seen.gradient_norm)
    assert seen.update_ratio == 0


@pytest.mark.parametrize("how", [{}, {"compiled": False}, {"jit_compile": True}])
def test_sparse_gradients_are_summed_by_row(how):
    tokens = tf.constant([[1, 1, 2, 1], [2, 0, 1, 1]])
    table = layers.Embedding(5, 3, name="table")
    model = keras.Sequential([keras.Input((4,), dtype="int32"), table, layers.Flatten(), layers.Dense(2)])
    with tf.GradientTape() as tape:
        loss = mean_square(0.0, model(tokens))
    gradient = tape.gradient(loss, table.trainable_variables)[0]
    assert isinstance(gradient, tf.IndexedSlices)
    norm = np.linalg.norm(tf.convert_to_tensor(gradient).numpy())
    watched = [probes.GradientNorm(every=1)]
    seen = rows(watch(model, tokens, 0.0, watched=watched, **how).read()).loc["table"]
    assert seen.gradient_norm == pytest.approx(norm, rel=1e-5)
    assert seen.gradient_rms == pytest.approx(norm / np.sqrt(15), rel=1e-5)


def test_frozen_layers_show_activations_and_no_weights():
    model = dense()
    model.layers[0].trainable = False
    seen = rows(watch(model, X).read()).loc["a"]
    assert np.isfinite(seen.activation_gradient_rms)
    assert np.isnan(seen[["gradient_norm", "weight_norm", "update_ratio"]].astype(float)).all()


def test_layers_limits_a_probe():
    watched = [probes.GradientNorm(every=1, layers="a"), probes.ActivationMoments(every=1, layers=("b", "x*"))]
    model = dense()
    model.layers[0].name = "a"
    with pytest.raises(probes.UsageError, match=r"x\*"):
        probes.Monitor(model, watched)
    seen = rows(watch(model, X, watched=[watched[0], probes.ActivationMoments(every=1, layers=["b"])]).read())
    assert seen["gradient_norm"].notna().to_dict() == {"a": True, "b": False}
    assert seen["activation_mean"].notna().to_dict() == {"a": False, "b": True}


def test_a_monitor_without_probes_reads_an_empty_table():
    monitor = watch(dense(), X, watched=[])
    assert monitor.read().layers.empty


def test_a_reading_tells_what_it_holds():
    monitor = probes.Monitor(dense(), [probes.GradientNorm(every=1)])
    assert "no step" in repr(monitor.read())
    run(monitor, 2)
    reading = monitor.read()
    assert "steps 0 to 1, 2 layers: gradient_norm" in repr(reading)
    assert "<table" in reading._repr_html_()
