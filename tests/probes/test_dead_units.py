"""Dead units of whole models: as events, from windows and from a reference set, and where rectifiers are seen."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from keras import layers

import probes
from diagnostics.survival import dead_over_time, spells
from probes.measuring.unit_history import UnitHistory
from probes.row import Row
from probes.unit_probe import changes
from tests.kit.steps import make_step, statuses
from tests.kit.twins.dead_units import history

X = np.random.default_rng(0).normal(size=(24, 6)).astype(np.float32)
still = partial(keras.optimizers.SGD, 0.0)


def stack(*between: Any) -> keras.Sequential:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((6,)), *between, layers.Dense(3, name="out")])


def dense(name: str = "hidden", **options: Any) -> keras.Sequential:
    return stack(layers.Dense(9, activation="relu", name=name, **options))


def train(monitor: probes.Monitor, batches: Any, **options: Any) -> None:
    step = make_step(monitor.model, [monitor], **options)
    for batch in batches:
        step(tf.constant(batch), tf.zeros([len(batch), 3]))


def silent(model: Any, batch: np.ndarray, layer: str = "hidden") -> np.ndarray:
    """By unit, from another forward pass."""
    return (model.get_layer(layer)(batch).numpy() == 0).all(axis=0)


def events_of(dead: list[np.ndarray], steps: list[int], layer: str = "hidden") -> pd.DataFrame:
    """The events, listed check by check."""
    found = []
    for number, (step, now) in enumerate(zip(steps, dead, strict=True)):
        for unit, is_dead in enumerate(now):
            if number == 0 and is_dead:
                found.append((step, layer, unit, "born_dead"))
            elif number and is_dead != dead[number - 1][unit]:
                found.append((step, layer, unit, "death" if is_dead else "revival"))
    return pd.DataFrame(found, columns=["step", "layer", "unit", "event"])


def assert_events(units: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert units.dtypes.astype(str).to_dict() == {"step": "int64", "layer": "str", "unit": "int32", "event": "str"}
    pd.testing.assert_frame_equal(units.reset_index(drop=True), expected, check_dtype=False)


@settings(max_examples=50, derandomize=True)
@given(st.data())
def test_what_changes_adds_up_to_who_is_dead(data):
    checks, units = data.draw(st.integers(0, 8)), data.draw(st.integers(1, 4))
    dead = data.draw(arrays_of.arrays(bool, (checks, units)))
    known = data.draw(arrays_of.arrays(bool, (checks, units)))
    happened = changes(dead, known)
    balance = happened["born_dead"].astype(int) + happened["death"] - happened["revival"]
    np.testing.assert_array_equal(balance.cumsum(axis=0)[known], dead[known])
    assert not any(happened[event][~known].any() for event in happened)


ENTRIES = st.sampled_from([0.0, -0.0, 1.0, 1e-30, np.nan, np.inf, -np.inf])


@settings(max_examples=60, derandomize=True)
@given(st.data())
def test_what_is_not_finite_leaves_a_unit_as_it_was(data):
    checks, units, examples = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    outputs = data.draw(arrays_of.arrays(np.float32, (checks, examples, units), elements=ENTRIES))
    probe, first = probes.DeadUnits(every=1), data.draw(st.integers(0, checks))
    measured = [
        probe.measure(probes.Snapshot("Dense", tf.constant(1.0), activation=tf.constant(output))) for output in outputs
    ]
    whole = {name: np.stack([each[name].numpy() for each in measured]) for name in measured[0]}
    states, expected = history([output.T for output in outputs])
    found = UnitHistory()
    tables = []
    for part in (slice(first), slice(first, None)):  # two reads give what one would
        steps = np.arange(checks)[part]
        own = {name: value[part] for name, value in whole.items()}
        tables.append(found.columns(probe, 0, Row("relu", 1, "Dense"), steps, own))
    events = pd.concat([pd.DataFrame({"step": [], "unit": [], "event": []}), *found.take()])
    assert {(row.step, row.unit): row.event for row in events.itertuples()} == {
        (step, unit): event for step, own in enumerate(expected) for unit, event in own.items()
    }
    last = np.concatenate([table["dead_fraction"] for table in tables])[-1]
    if np.isfinite(last):
        assert last == pytest.approx(states.count("dead") / units)


def test_a_nan_in_training_is_no_revival():
    model = dense(trainable=False)
    model.get_layer("hidden").bias.assign([-100.0] * 4 + [100.0] * 5)
    monitor = probes.Monitor(model, [probes.DeadUnits(every=1)])
    spoiled = X[:2] * np.float32(np.nan)
    train(monitor, [X[:2], spoiled, X[:2]], compiled=False)  # compiled, TensorFlow fuses NaN away
    reading = monitor.read()
    assert reading.units["event"].tolist() == ["born_dead"] * 4
    assert reading.layers["revivals"].fillna(0).tolist() == [0, 0, 0]
    assert reading.layers["dead_fraction"].iloc[[0, 2]].tolist() == pytest.approx([4 / 9, 4 / 9])


@pytest.mark.parametrize("compiled", [True, False])
def test_events_continue_over_windows_and_reads_as_if_read_at_once(compiled):
    model = dense()
    batches = [X[[number % 24, (5 * number) % 24]] for number in range(24)]
    monitor = probes.Monitor(model, [probes.DeadUnits(window=2)])
    readings = []
    for part in (batches[:6], batches[6:7], batches[7:18], batches[18:]):
        train(monitor, part, compiled=compiled, optimizer=still())
        readings.append(monitor.read())
    dead = [silent(model, np.concatenate(batches[start : start + 2])) for start in range(0, 24, 2)]
    expected = events_of(dead, list(range(0, 24, 2)))
    assert {"death", "revival"} <= set(expected["event"])
    assert_events(pd.concat([reading.units for reading in readings]), expected)
    table = pd.concat([reading.layers for reading in readings], ignore_index=True)
    np.testing.assert_allclose(table["dead_fraction"], [now.mean() for now in dead], rtol=1e-6)
    for column, event in {"births": "born_dead", "deaths": "death", "revivals": "revival"}.items():
        counts = expected[expected["event"] == event].groupby("step").size()
        np.testing.assert_array_equal(table[column], counts.reindex(table["step"], fill_value=0))
    assert set(table["dead_unit_examples"]) == {4}


def test_the_events_make_a_history_that_survival_reads():
    model = dense()
    monitor = probes.Monitor(model, [probes.DeadUnits(every=1)])
    train(monitor, [X[[number]] for number in range(20)], optimizer=still())
    reading = monitor.read()
    units = {entry["layer"]: entry["units"] for entry in monitor.layer_table}
    assert units == {"hidden": 9, "out": 3}
    over_time = dead_over_time(reading.units, range(20), {"hidden": 9})
    np.testing.assert_allclose(over_time["dead_fraction"], reading.layers["dead_fraction"], rtol=1e-6)
    assert len(spells(reading.units, last_check=19))


def test_a_new_training_starts_with_born_dead_events():
    model = dense()
    monitor = probes.Monitor(model, [probes.DeadUnits(window=2)])
    for _ in range(2):
        train(monitor, [X[:1], X[:2], X[2:3]], optimizer=still())  # the third step's window stays open
        assert_events(monitor.read().units, events_of([silent(model, X[:2])], [0]))
        monitor.reset()


def test_a_retrace_for_other_batch_sizes_continues():
    model = dense()
    monitor = probes.Monitor(model, [probes.DeadUnits(every=1)])
    batches = [X[:1], X[:5], X[5:6], X[6:8], X[:1]]
    train(monitor, batches, optimizer=still(), reduce_retracing=False)
    assert_events(monitor.read().units, events_of([silent(model, batch) for batch in batches], list(range(5))))


def test_an_empty_batch_is_no_check():
    model = dense()
    monitor = probes.Monitor(model, [probes.DeadUnits(every=1)])
    batches = [X[:1], X[:0], X[1:2]]
    train(monitor, batches, optimizer=still(), loss=lambda target, output: tf.reduce_sum(output))
    reading = monitor.read()
    assert_events(reading.units, events_of([silent(model, batch) for batch in (X[:1], X[1:2])], [0, 2]))
    assert reading.layers["dead_fraction"].isna().tolist() == [False, True, False]


class Functions(layers.Layer):
    """Rectifiers, called in every supported way."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.dense, self.kept = layers.Dense(4, name="dense"), tf.nn.relu

    def call(self, x):
        x = tf.nn.relu(self.dense(x)) + 0.1
        x = keras.ops.relu(x) - 0.2
        x = keras.activations.relu(x) - 0.1
        x = tf.nn.relu6(x) + tf.nn.leaky_relu(x)
        return self.kept(x)


RECTIFIED = {
    "argument": (lambda: [layers.Dense(4, activation="relu", name="a")], ["a"]),
    "relu6": (lambda: [layers.Dense(4, activation="relu6", name="a")], ["a"]),
    "function of TensorFlow": (lambda: [layers.Dense(4, activation=tf.nn.relu, name="a")], ["a"]),
    "user's function": (lambda: [layers.Dense(4, activation=lambda x: keras.ops.relu(x - 0.1), name="a")], ["a"]),
    "layers": (lambda: [layers.Activation("relu", name="a"), layers.ReLU(name="b")], ["a", "b"]),
    "clipped": (lambda: [layers.ReLU(4.0, name="a"), layers.ReLU(threshold=0.1, name="b")], ["a", "b"]),
    "leaky": (lambda: [layers.LeakyReLU(), layers.ReLU(negative_slope=0.1), layers.PReLU()], []),
    "smooth": (lambda: [layers.Dense(4, activation="elu"), layers.Activation("silu"), layers.ELU()], []),
    "without": (lambda: [layers.Dense(4), layers.Dropout(0.5), layers.BatchNormalization()], []),
    "convolution": (
        lambda: [layers.Reshape((3, 2)), layers.Conv1D(5, 2, activation="relu", name="a"), layers.Flatten()],
        ["a"],
    ),
    "functions in a call": (
        lambda: [Functions(name="f")],
        ["f", "f/relu", "f/relu#2", "f/relu#3", "f/relu6"],
    ),
}


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("name", RECTIFIED)
def test_only_rectified_outputs_are_checked(name, compiled):
    make, expected = RECTIFIED[name]
    monitor = probes.Monitor(stack(*make()), [probes.DeadUnits(every=1)])
    train(monitor, [X], compiled=compiled)
    reading = monitor.read()
    assert sorted(reading.layers["layer"]) == expected
    assert reading.layers["dead_fraction"].notna().all()
    measured = [path for path, status in statuses(monitor).items() if status == "measured"]
    assert sorted(measured) == expected


def test_a_function_in_a_functional_model_is_a_row_of_the_model():
    inputs = keras.Input((6,))
    outputs = layers.Dense(3)(keras.activations.relu(layers.Dense(7, name="dense")(inputs)))
    monitor = probes.Monitor(keras.Model(inputs, outputs), [probes.DeadUnits(every=1)])
    train(monitor, [X])
    table = monitor.read().layers
    assert table[["layer", "kind"]].to_numpy().tolist() == [["relu", "relu"]]
    assert {entry["layer"]: entry["units"] for entry in monitor.layer_table}["relu"] == 7


def test_a_unit_of_a_convolution_is_dead_where_it_is_silent_at_every_position():
    model = stack(layers.Reshape((3, 2)), layers.Conv1D(8, 2, activation="relu", name="hidden"), layers.Flatten())
    monitor = probes.Monitor(model, [probes.DeadUnits(every=1)])
    train(monitor, [X[:1]], optimizer=still())
    outputs = model.get_layer("hidden")(X[:1].reshape(1, 3, 2)).numpy()
    assert_events(monitor.read().units, events_of([(outputs == 0).all(axis=(0, 1))], [0]))


def test_a_call_that_raises_removes_its_listeners():
    from tensorflow.python.framework import op_callbacks  # noqa: PLC0415

    monitor = probes.Monitor(dense(), [probes.DeadUnits(every=1)])
    with pytest.raises(RuntimeError), monitor.capture():
        assert op_callbacks.should_invoke_op_callbacks()
        raise RuntimeError
    assert not op_callbacks.should_invoke_op_callbacks()
