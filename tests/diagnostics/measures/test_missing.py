"""NaN, not measured, not connected and not applicable are told apart, from the monitor to the stored table."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

import probes
from diagnostics.measures.missing import measured_nan, reasons
from diagnostics.runs.run import load_run
from diagnostics.runs.tables import MEASURED_NAN
from diagnostics.runs.writer import RunWriter
from probes import reading
from tests.kit.runs import layers_table, run_of


def broken_reading() -> tuple[probes.Reading, list]:
    """Three steps of a model whose second layer's output is unused; the input is NaN from the second step on."""
    inputs = keras.Input((3,))
    used = keras.layers.Dense(2, name="used")(keras.layers.Dropout(0.1, name="drop")(inputs))
    unused = keras.layers.Dense(2, name="unused")(inputs)
    model = keras.Model(inputs, [used, unused])
    every = {"every": 1}
    watched = [probes.GradientNorm(**every), probes.ActivationMoments(every=2)]
    monitor = probes.Monitor(model, watched)
    for step in range(3):
        x = tf.fill([4, 3], np.float32(np.nan if step else 1.0))
        with tf.GradientTape() as tape, monitor.capture():
            loss = tf.reduce_mean(model(x, training=True)[0])
        monitor.update(tape.gradient(loss, model.trainable_variables))
    return monitor.read(), monitor.layer_table


def test_the_name_is_the_same_on_both_sides():
    assert reading.MEASURED_NAN == MEASURED_NAN


def test_reasons_survive_cadences_parts_and_parquet(tmp_path):
    read, table = broken_reading()
    with RunWriter(tmp_path / "run", command="", config={}, seed=0, layer_table=table) as writer:
        halves = read.layers.drop(columns=["activation_mean"]), read.layers.drop(columns=["gradient_norm"])
        for half in halves:  # as two flushes in the midst of a window leave them
            writer.append("layers", half)
    run = load_run(tmp_path / "run")
    why = pd.DataFrame({name: reasons(run, name) for name in ("gradient_norm", "activation_mean")})
    why = why.assign(layer=run.layers["layer"].astype(str), step=run.layers["step"]).set_index(["layer", "step"])
    assert list(why.loc["used", "gradient_norm"]) == ["", "NaN", "NaN"]
    assert set(why.loc["unused", "gradient_norm"]) == {"not connected"}
    assert set(why.loc["drop", "gradient_norm"]) == {"not applicable"}
    assert list(why.loc["used", "activation_mean"]) == ["", "not measured", "NaN"]


def test_a_healthy_reading_and_an_older_run_have_no_such_column():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    monitor = probes.Monitor(model, [probes.GradientNorm(every=1)])
    with tf.GradientTape() as tape, monitor.capture():
        loss = tf.reduce_mean(model(tf.ones([4, 3])))
    monitor.update(tape.gradient(loss, model.trainable_variables))
    assert MEASURED_NAN not in monitor.read().layers
    older = run_of(layers_table({"gradient_norm": [[1.0, np.nan], [np.nan, np.nan]]}, steps=(0, 1)))
    assert not measured_nan(older.layers, "gradient_norm").any()
    assert list(reasons(older, "gradient_norm")) == ["", "not applicable", "not measured", "not applicable"]
