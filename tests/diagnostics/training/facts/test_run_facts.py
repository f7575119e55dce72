"""What ``run.json`` says about a training, as ``fit``, ``Trainer`` and ``watch`` record it."""

from __future__ import annotations

import json
import sys
import warnings
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import diagnostics
from diagnostics.runs.run import load_run
from diagnostics.training.restartable import RestartableTrainer
from diagnostics.training.watch.process import WatchedProcess
from probes.seams import datasets

X = np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32)
Y = (np.arange(24) % 2).astype(np.int32)
LOSS = keras.losses.SparseCategoricalCrossentropy


def network(activation: str = "relu", name: str = "net", initializer: str = "glorot_uniform") -> keras.Model:
    hidden = layers.Dense(4, activation, kernel_initializer=initializer, name="hidden")
    return keras.Sequential([keras.Input((3,)), hidden, layers.Dense(2, name="out")], name=name)


def batches() -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(24, seed=1).batch(8)


def fitted(path, model: keras.Model | None = None, **options) -> diagnostics.runs.run.Run:
    model = model or network()
    model.compile(keras.optimizers.Adam(0.01, clipnorm=1.0), LOSS(from_logits=True), metrics=["accuracy"])
    options = {"x": X, "y": Y, "batch_size": 8, "epochs": 2, "verbose": 0} | options
    model.fit(**options, callbacks=[diagnostics.ProbeCallback(path)])
    return load_run(path)


def test_fit_records_its_settings(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)
    training = fitted(tmp_path / "run", shuffle=False).training
    assert training.loss and (training.loss.class_name, training.loss.from_logits) == (LOSS.__name__, True)
    assert training.optimizer and (training.optimizer.learning_rate, training.optimizer.clips) == (
        0.01,
        {"clipnorm": 1.0},
    )
    assert (training.metrics, training.precision) == (("accuracy",), "float32")
    assert (training.batch_size, training.steps_per_epoch, training.epochs) == (8, 3, 2)
    assert (training.steps_per_execution, training.run_eagerly, training.jit_compile) == (1, False, False)
    assert (training.input_pipeline.kind, training.input_pipeline.shuffled) == ("arrays", False)
    assert training.script is not None and training.script.path == __file__


def test_fit_records_the_layers(tmp_path):
    hidden, out = fitted(tmp_path / "run").architecture
    assert (hidden.path, hidden.activation, hidden.units, hidden.parameters) == ("hidden", "relu", 4, 16)
    assert (out.inbound, out.is_output, out.output_shape) == (("hidden",), True, (None, 2))


def test_fit_of_a_data_set_knows_its_stages(tmp_path):
    training = fitted(tmp_path / "run", x=batches(), y=None, batch_size=None).training
    assert (training.input_pipeline.kind, training.input_pipeline.shuffled, training.batch_size) == ("tf.data", True, 8)


def test_mixed_precision_is_recorded_with_the_optimizer_inside(tmp_path):
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        training = fitted(tmp_path / "run").training
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    assert training.precision == "mixed_float16"
    assert (
        training.optimizer and training.optimizer.class_name == "Adam" and "loss_scale" in training.optimizer.settings
    )


def test_a_trainer_records_the_same(tmp_path):
    trainer = diagnostics.Trainer(
        network(), keras.optimizers.SGD(0.1), LOSS(from_logits=True), directory=tmp_path / "run"
    )
    run = trainer.fit(batches(), epochs=2, progress=False)
    assert run is not None
    training = run.training
    assert training.loss and training.loss.from_logits is True
    assert training.optimizer and training.optimizer.learning_rate == 0.1
    assert (training.batch_size, training.steps_per_epoch, training.epochs) == (8, 3, 2)
    assert training.input_pipeline.text == "TensorSlice -> Shuffle(24) -> Batch(8)"
    assert [layer.path for layer in run.architecture] == ["hidden", "out"]


def test_without_probes_settings_are_still_recorded(tmp_path):
    trainer = diagnostics.Trainer(
        network(), keras.optimizers.SGD(0.1), LOSS(from_logits=True), directory=tmp_path / "run", probes=[]
    )
    run = trainer.fit(batches(), progress=False)
    assert run is not None and run.training.optimizer is not None and len(run.architecture) == 2


def test_a_trainer_that_goes_on_with_another_model_records_that_ones_settings(tmp_path):
    trainer = RestartableTrainer(
        network(), keras.optimizers.SGD(0.1), LOSS(from_logits=True), directory=tmp_path / "one"
    )
    first = trainer.fit(batches(), progress=False)
    other = keras.Sequential(
        [keras.Input((3,)), layers.Dense(4, "relu", kernel_initializer="zeros", name="h2"), layers.Dense(2, name="o2")]
    )
    trainer.restart(other, keras.optimizers.SGD(0.5), directory=tmp_path / "two")
    second = trainer.fit(batches(), progress=False)
    assert first is not None and second is not None
    assert [run.architecture[0].initializers["kernel"].class_name for run in (first, second)] == [
        "GlorotUniform",
        "Zeros",
    ]
    assert [run.training.optimizer and run.training.optimizer.learning_rate for run in (first, second)] == [0.1, 0.5]
    assert second.architecture[1].inbound == ("hidden",), "under the paths that the statistics have"


@pytest.mark.parametrize("compiled", [True, False])
def test_a_watched_loop_records_model_and_optimizer(tmp_path, compiled):
    model, optimizer, loss_fn = network(), keras.optimizers.SGD(0.1), LOSS(from_logits=True)

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)

    step = tf.function(step) if compiled else step
    watched = WatchedProcess(lambda: tmp_path / "run", "test")
    with watched.installed():
        for x, y in batches():
            step(x, y)
    watched.end("finished")
    run = load_run(tmp_path / "run")
    assert run.training.optimizer and run.training.optimizer.learning_rate == 0.1
    assert run.training.input_pipeline.kind == "loop"
    assert run.training.loss and run.training.loss.class_name == LOSS.__name__, "as the step was seen to call it"
    assert [layer.path for layer in run.architecture] == ["hidden", "out"]


class Unfriendly(layers.Layer):
    """A layer of the user's whose settings raise."""

    def __init__(self) -> None:
        super().__init__(name="unfriendly")
        self.inner = layers.Dense(2, activation=lambda x: x, name="inner")

    def get_config(self):
        raise RuntimeError("no")

    def call(self, x):
        return self.inner(x)


def test_settings_that_raise_do_not_stop_a_training(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        run = fitted(tmp_path / "run", keras.Sequential([keras.Input((3,)), Unfriendly()]))
    assert run.status == "finished"
    assert {layer.path: layer.activation for layer in run.architecture}["unfriendly/inner"] == "<lambda>"


def test_a_fault_of_the_record_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr("diagnostics.training.facts.run_facts.architecture", lambda *_: 1 / 0)
    with pytest.warns(UserWarning, match="architecture is not recorded: ZeroDivisionError"):
        run = fitted(tmp_path / "run")
    assert run.status == "finished" and run.architecture == () and run.training.epochs == 2


def test_a_fault_of_what_looks_at_the_data_costs_only_the_data(tmp_path, monkeypatch):
    monkeypatch.setattr("diagnostics.training.facts.data.watch.input_summary", lambda _: 1 / 0)
    with pytest.warns(UserWarning, match="inputs, targets and outputs are not recorded: ZeroDivisionError"):
        run = fitted(tmp_path / "run")
    assert run.status == "finished" and run.data.inputs == () and run.layers["gradient_norm"].gt(0).any()


def test_without_the_callers_frames_the_data_are_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "inspect", SimpleNamespace(currentframe=lambda: None))
    training = fitted(tmp_path / "run").training
    assert (training.input_pipeline.kind, training.epochs, training.batch_size) == ("unknown", 2, None)


def test_a_subclassed_models_connections_are_added_after_the_first_step(tmp_path):
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.hidden, self.out = layers.Dense(4, name="hidden"), layers.Dense(2, name="out")

        def call(self, x):
            return self.out(tf.nn.relu(self.hidden(x)))

    run = fitted(tmp_path / "run", Own())
    assert [(layer.inbound, layer.is_output) for layer in run.architecture] == [((), False), (("hidden",), True)]
    assert json.loads((tmp_path / "run" / "run.json").read_text())["architecture"][1]["inbound"] == ["hidden"]
