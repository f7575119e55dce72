"""The built-in loop against a reference step, and its record."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from diagnostics import Trainer, load_run
from diagnostics.training import recorder
from diagnostics.training.restartable import RestartableTrainer
from probes import ActivationGradient, DeadUnits, GradientNorm


def model() -> keras.Model:
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((6,), name="inputs"),
            keras.layers.Dense(8, activation="relu", name="hidden", kernel_regularizer="l2"),
            keras.layers.Dropout(0.3, name="dropout"),
            keras.layers.Dense(3, name="logits"),
        ]
    )


def batches(size: int = 10) -> tf.data.Dataset:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(48, 6)).astype(np.float32), random.integers(0, 3, 48)
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(size)


def loss() -> keras.losses.Loss:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def reference(epochs: int) -> tuple[list[float], list[np.ndarray]]:
    """A hand-written eager loop without probes."""
    net, optimizer, losses = model(), keras.optimizers.SGD(0.1, momentum=0.9), []
    for _ in range(epochs):
        for x, y in batches():
            with tf.GradientTape() as tape:
                value = loss()(y, net(x, training=True)) + tf.add_n(net.losses)
            optimizer.apply(tape.gradient(value, net.trainable_variables), net.trainable_variables)
            losses.append(float(value))
    return losses, [variable.numpy() for variable in net.variables]


def trainer(directory=None, kind=Trainer, **options):
    return kind(model(), keras.optimizers.SGD(0.1, momentum=0.9), loss(), directory=directory, **options)


def test_it_trains_like_a_loop_written_by_hand(tmp_path):
    mine = trainer(tmp_path / "run", probes=[ActivationGradient(every=2), GradientNorm(every=2)], steps_per_call=3)
    run = mine.fit(batches(), epochs=3)
    assert run is not None
    losses, variables = reference(3)
    np.testing.assert_allclose(run.scalars["loss"], losses, rtol=1e-5)
    for mine_value, value in zip(mine.model.variables, variables, strict=True):
        np.testing.assert_allclose(mine_value.numpy(), value, rtol=1e-4, atol=1e-6)


def test_probes_and_record_change_no_bit(tmp_path):
    watched, bare = trainer(tmp_path / "run"), trainer(probes=())
    watched.fit(batches(), epochs=5)
    assert bare.fit(batches(), epochs=5) is None
    for one, other in zip(watched.model.variables, bare.model.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_scalars_have_every_step_and_the_end_of_every_epoch(tmp_path):
    mine = trainer(tmp_path / "run", metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")], seed=3)
    run = mine.fit(batches(), validation_data=batches(48), epochs=2)
    assert run is not None
    train = run.scalars[run.scalars["split"] == "train"]
    assert train["step"].tolist() == list(range(10)) and train["epoch"].tolist() == [0] * 5 + [1] * 5
    assert train["learning_rate"].eq(np.float32(0.1)).all()
    assert train["accuracy"].notna().tolist() == ([False] * 4 + [True]) * 2
    validation = run.scalars[run.scalars["split"] == "validation"]
    assert validation["step"].tolist() == [4, 9] and validation["accuracy"].between(0, 1).all()
    assert run.seed == 3 and [entry["layer"] for entry in run.layer_table] == ["hidden", "dropout", "logits"]
    assert len(run.probes) == len(mine.monitor.probes if mine.monitor else ())


def test_a_data_set_of_unknown_length_is_read_to_its_end(tmp_path):
    unknown = batches().filter(lambda x, y: True)
    run = trainer(tmp_path / "run").fit(unknown, epochs=2)
    assert run is not None
    assert run.scalars["step"].tolist() == list(range(10))


@pytest.mark.parametrize("raised", [KeyboardInterrupt, RuntimeError])
def test_what_was_measured_survives_an_interruption(tmp_path, raised):
    def stop(steps, numbers):
        raise raised("enough")

    mine = trainer(tmp_path / "run", probes=[GradientNorm(every=1)], steps_per_call=2)
    with pytest.raises(raised):
        mine.fit(batches(), epochs=2, progress=stop)
    run = load_run(tmp_path / "run")
    assert run.status == ("interrupted" if raised is KeyboardInterrupt else "failed")
    assert sorted(set(run.layers["step"])) == [0, 1] and run.scalars["step"].tolist() == [0, 1]


def test_restart_is_a_fresh_training(tmp_path):
    once, again = trainer(tmp_path / "a"), trainer(tmp_path / "b", RestartableTrainer)
    first = once.fit(batches(), epochs=2)
    again.fit(batches(), epochs=1)
    again.restart(model(), keras.optimizers.SGD(0.1, momentum=0.9), directory=tmp_path / "c", seed=1)
    second = again.fit(batches(), epochs=2)
    assert first is not None and second is not None
    assert first.layers.equals(second.layers)
    assert first.scalars["loss"].equals(second.scalars["loss"])


def test_a_flush_in_the_midst_of_a_window_splits_no_row(tmp_path, monkeypatch):
    def run(name):
        made = trainer(tmp_path / name, probes=[GradientNorm(every=1), DeadUnits(window=4)], steps_per_call=1)
        return made.fit(batches(), epochs=3, progress=False)

    whole = run("whole")
    monkeypatch.setattr(recorder, "FLUSH_SECONDS", 0.0)
    in_parts = run("in_parts")
    pd.testing.assert_frame_equal(in_parts.layers, whole.layers, check_exact=True)
    assert not whole.layers.duplicated(["step", "layer"]).any()
