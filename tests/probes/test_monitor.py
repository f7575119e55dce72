"""When a monitor measures, what it records, and that each reading is returned once."""

from __future__ import annotations

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import probes
from probes.cadence import Cadence
from probes.errors import UsageError
from probes.measuring.schedule import Schedule
from tests.kit.steps import make_step, mean_square, rows, watch

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


@pytest.mark.parametrize("compiled", [True, False])
def test_the_default_cadence_is_denser_at_the_start(compiled):
    watched = [probes.GradientNorm(), probes.UpdateRatio(every=5, early=True), probes.DeadUnits(every=10)]
    monitor = probes.Monitor(dense(), watched)
    run(monitor, 22, compiled=compiled)
    reading = monitor.read()
    assert steps_of(reading, "gradient_norm") == [0, 1, 2, 4, 8, 10, 20]
    assert steps_of(reading, "update_ratio") == [0, 1, 2, 4, 5, 10, 15, 20]
    assert steps_of(reading, "dead_fraction") == [0, 10, 20]


def test_slowing_down_keeps_the_early_steps_and_no_others():
    monitor = probes.Monitor(dense(), [probes.GradientNorm()])
    step = make_step(monitor.model, [monitor], optimizer=keras.optimizers.SGD(0.0))
    monitor.slow_down(3)
    for _ in range(65):
        step(X, 0.0)
    assert steps_of(monitor.read(), "gradient_norm") == [0, 1, 2, 4, 8, 30, 60]


@pytest.mark.parametrize(
    "cadence", [Cadence(10, 10, True), Cadence(7, 7, False), Cadence(1, 1, False), Cadence(3, 6, False)]
)
@pytest.mark.parametrize("factor", [1, 4])
def test_host_and_device_agree_on_which_steps_are_due(cadence, factor):
    schedule = Schedule(cadence)
    schedule.slow_down(factor)
    steps = range(100)
    on_device = [step for step in steps if bool(schedule.due(tf.constant(step, tf.int64)).value)]
    assert on_device == [step for step in steps if cadence.is_due(step, factor)]


def test_a_window_cannot_be_measured_early():
    with pytest.raises(probes.UsageError, match="early"):
        probes.ActivationMoments(every=2, window=4, early=True)
    assert not probes.ActivationMoments(window=4).early


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
    for _ in range(2):
        step(X, 0.0)
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


def test_a_probe_takes_the_place_of_the_default_one_of_its_kind():
    own = probes.DeadUnits(every=2, window=4)
    for given in ([*probes.default(), own], [own, *probes.default(every=5)]):
        kept = probes.Monitor(dense(), given).probes
        assert [probe for probe in kept if isinstance(probe, probes.DeadUnits)] == [own]
        assert len(kept) == len(probes.default())
    assert len(probes.Monitor(dense(), [*probes.default(1), probes.DropoutVariance(every=1)]).probes) == len(kept)
    with pytest.raises(UsageError, match="two probes write"):
        probes.Monitor(dense(), [own, probes.DeadUnits(every=3)])


@pytest.mark.parametrize("compiled", [True, False])
def test_windows_grow_with_a_cadence_that_slows_down(compiled):
    monitor = probes.Monitor(dense(), [probes.ActivationMoments(every=2, window=4)])
    step = make_step(monitor.model, [monitor], compiled=compiled)
    for number in range(40):
        if number == 7:  # the window from step 4 on is complete with step 6, and those of 8 steps begin with step 8
            monitor.slow_down(2)
        if number == 19:  # in the midst of the window from step 16 on, which is left out
            monitor.slow_down(3)
        step(X + number, 0.0)
    reading = monitor.read()
    assert steps_of(reading, "activation_mean") == [0, 4, 8, 24]
    assert not reading.layers.duplicated(["step", "layer"]).any()
