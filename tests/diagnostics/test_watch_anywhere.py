"""Loops under a strategy, on other threads and by unusual means are followed, or named with the reason why not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from diagnostics import load_run, watch
from tests.diagnostics.test_watch import DATA, ROOT

STRATEGY = """
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    per_example = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    model, optimizer = net("mirrored"), keras.optimizers.Adam(0.01)
    optimizer.build(model.trainable_variables)
    accuracy = keras.metrics.SparseCategoricalAccuracy()
batches = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(20))

def train_step(inputs):
    examples, labels = inputs
    with tf.GradientTape() as tape:
        predictions = model(examples, training=True)
        loss = tf.nn.compute_average_loss(per_example(labels, predictions), global_batch_size=20)
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    accuracy.update_state(labels, predictions)
    return loss

@tf.function
def distributed_step(inputs):
    losses = strategy.run(train_step, args=(inputs,))
    return strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

printed = [float(distributed_step(batch)) for epoch in range(2) for batch in batches]
np.savez(sys.argv[1], np.array(printed), *model.get_weights())
"""


def run_alone(folder: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stderr


def test_a_distributed_loop_is_measured_as_a_whole_and_not_changed(tmp_path):
    (tmp_path / "train.py").write_text(DATA + STRATEGY)
    said = run_alone(tmp_path, "-m", "diagnostics.watch", "train.py", "watched.npz")
    run_alone(tmp_path, "train.py", "bare.npz")
    assert "watch: mirrored, " in said and "Adam, loop: " in said
    watched, bare = np.load(tmp_path / "watched.npz"), np.load(tmp_path / "bare.npz")
    assert all(np.array_equal(watched[key], bare[key]) for key in bare.files)
    run = load_run(tmp_path / "runs/watch/train-1")
    assert run.scalars["step"].tolist() == list(range(6))
    np.testing.assert_allclose(run.scalars["loss"], bare["arr_0"], rtol=2e-7)
    assert {0, 1, 2, 4} <= set(run.layers["step"]) and run.layers["gradient_norm"].gt(0).all()


THREADS = """
import threading

def train(name):
    model, optimizer = net(name), keras.optimizers.SGD(0.1)
    for _ in range(3):
        with tf.GradientTape() as tape:
            mean_loss = loss_fn(y, model(x, training=True))
        optimizer.apply(tape.gradient(mean_loss, model.trainable_variables), model.trainable_variables)
        losses.setdefault(name, []).append(float(mean_loss))

losses = {}
threads = [threading.Thread(target=train, args=(name,)) for name in ("first", "second")]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
np.savez("losses.npz", **losses)
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["python"])
    return tmp_path


def watched(text: str) -> int:
    Path("train.py").write_text(DATA + text)
    return watch.main(["train.py"])


def test_loops_on_several_threads_have_a_run_each_and_an_index(here, capsys):
    assert watched(THREADS) == 0
    losses = np.load("losses.npz")
    runs = {run.config["model"]: run for run in (load_run(here / f"runs/watch/train-{n}") for n in (1, 2))}
    for name in losses.files:
        np.testing.assert_allclose(runs[name].scalars["loss"], losses[name], rtol=1e-6)
    said = capsys.readouterr().err
    index = (here / "runs/watch/train-1/index.html").read_text()
    assert "first, " in said and "second, " in said and "Index: " in said
    assert all(text in index for text in ("first", "second", "SGD", 'href="report.html"'))


SEEN = {
    "gradients without a Keras optimizer": (
        """
model = net("by_hand")
with tf.GradientTape() as tape:
    loss = loss_fn(y, model(x))
for weight, gradient in zip(model.trainable_variables, tape.gradient(loss, model.trainable_variables)):
    weight.assign_sub(0.1 * gradient)
""",
        "that no Keras optimizer then updated",
    ),
    "weights of no model": (
        """
weight, optimizer = tf.Variable(tf.ones([6, 1])), keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((x @ weight) ** 2)
optimizer.apply(tape.gradient(loss, [weight]), [weight])
""",
        "that belong to no Keras model called inside a tape",
    ),
}


@pytest.mark.parametrize("name", SEEN)
def test_training_that_cannot_be_followed_is_named(name, here, capsys):
    text, reason = SEEN[name]
    assert watched(text) == 0
    said = capsys.readouterr().err
    assert reason in said and "training was seen, but none was recorded" in said and "no training was seen" not in said


def test_successive_fits_are_numbered(here, capsys):
    text = """
model = net("twice")
model.compile("sgd", loss_fn)
for _ in range(2):
    model.fit(x, y, verbose=0)
"""
    assert watched(text) == 0
    said = capsys.readouterr().err
    assert [load_run(here / f"runs/watch/train-{n}").config["fit"] for n in (1, 2)] == [1, 2]
    assert "twice, SparseCategoricalCrossentropy, SGD, fit 2: " in said


def test_a_script_without_training_says_so(here, capsys):
    assert watched("print(net('idle').count_params())") == 0
    assert "no training was seen" in capsys.readouterr().err
