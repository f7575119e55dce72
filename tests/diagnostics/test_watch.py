"""``python -m diagnostics.watch``: the script runs as it is, and every training that it does becomes a run and a report."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from diagnostics import load_run, watch

ROOT = Path(__file__).parents[2]
DATA = """
import sys, keras, numpy as np, tensorflow as tf
x = np.random.default_rng(0).normal(size=(60, 6)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int32")
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

def net(name):
    keras.utils.set_random_seed(4)
    return keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(4, activation="relu", name="hidden"), keras.layers.Dense(2, name="logits")],
        name=name,
    )
"""
FITS = """
print("main" if __name__ == "__main__" else __name__, sys.argv)
for width in range(3):
    model = net(f"model_{width}")
    model.compile("sgd", loss_fn)
    model.fit(x, y, batch_size=10, epochs=2, verbose=0)
"""
LOOPS = """
def train(model, optimizer, wrapped, steps=11):
    def step():
        with tf.GradientTape() as tape:
            loss = optimizer.scale_loss(loss_fn(y, model(x, training=True)))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    step = wrapped(step)
    for _ in range(steps):
        step()

models = net("compiled"), net("eager"), net("scaled")
train(models[0], keras.optimizers.Adam(0.01), tf.function)
train(models[1], keras.optimizers.SGD(0.1), lambda step: step)
train(models[2], keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=512.0), tf.function)
np.savez(sys.argv[1], *[value for model in models for value in model.get_weights()])
"""
GAN = """
make = keras.Sequential([keras.Input((3,)), keras.layers.Dense(6, name="make")], name="generator")
tell = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, name="tell")], name="discriminator")
first, second = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)

@tf.function
def step(real, noise):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tell(make(noise))) - tf.reduce_mean(tell(real))
    first.apply(tape.gradient(loss, tell.trainable_variables), tell.trainable_variables)
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(tell(make(noise)))
    second.apply(tape.gradient(loss, make.trainable_variables), make.trainable_variables)

for _ in range(3):
    step(x, tf.ones([60, 3]))
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["python"])
    return tmp_path


def script(text: str, name: str = "train.py", folder: Path = Path()) -> str:
    (folder / name).write_text(DATA + text)
    return name


def models(folder: Path) -> dict[str, Path]:
    """Model's name to its run's folder."""
    paths = sorted((folder / "runs/watch").iterdir())
    return {load_run(path).config["model"]: path for path in paths}


def test_three_fits_in_a_process_of_its_own(tmp_path):
    (tmp_path / "train.py").write_text(DATA.replace("keras, ", "", 1).replace("\nx =", "\nfrom tensorflow import keras\nx =")
                                       + FITS + "sys.exit(7)")  # fmt: skip
    command = [sys.executable, "-m", "diagnostics.watch", "--budget", "50%", "train.py", "--budget", "mine"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    assert done.stdout == "main ['train.py', '--budget', 'mine']\n"
    assert sorted(path.name for path in (tmp_path / "runs/watch").iterdir()) == ["train-1", "train-2", "train-3"]
    for number in range(3):
        folder = tmp_path / f"runs/watch/train-{number + 1}"
        run = load_run(folder)
        assert run.status == "finished" and run.config["model"] == f"model_{number}"
        assert run.metadata["cost"]["budget"] == 0.5 and run.metadata["cost"]["steps"] == 12
        assert run.metadata["command"] == "python -m diagnostics.watch --budget 50% train.py --budget mine"
        assert re.search(r"measuring took|\d\ss measuring", (folder / "report.html").read_text())
        assert f"Report: {folder / 'report.html'}" in done.stderr


def test_hand_written_loops_are_measured_and_not_changed(here):
    name = script(LOOPS)
    assert watch.main([name, "watched.npz"]) == 0
    namespace = {"__name__": "__main__"}
    sys.argv = [name, "bare.npz"]
    exec(Path(name).read_text(), namespace)
    watched, bare = np.load("watched.npz"), np.load("bare.npz")
    assert all(np.array_equal(watched[key], bare[key]) for key in bare.files) and bare.files
    runs = models(here)
    assert set(runs) == {"compiled", "eager", "scaled"}
    model, x, y = namespace["net"]("twin"), namespace["x"], namespace["y"]
    with tf.GradientTape() as tape:
        loss = namespace["loss_fn"](y, model(x))
    gradients = tape.gradient(loss, model.trainable_variables)
    for path in runs.values():  # all begin with the same weights
        run = load_run(path)
        layers = run.layers.assign(layer=run.layers["layer"].astype(str)).set_index(["step", "layer"])
        assert run.status == "finished" and sorted(set(run.layers["step"])) == [0, 1, 2, 4, 8, 10]
        np.testing.assert_allclose(
            [layers.loc[(0, "hidden"), "gradient_norm"], layers.loc[(0, "logits"), "gradient_norm"]],
            [float(tf.linalg.global_norm(gradients[:2])), float(tf.linalg.global_norm(gradients[2:]))], rtol=1e-5,
        )  # fmt: skip
        assert (path / "report.html").exists()


def test_each_model_of_a_gan_is_a_training_of_its_own(here):
    assert watch.main([script(GAN)]) == 0
    runs = {name: load_run(path) for name, path in models(here).items()}
    assert {name: [entry["layer"] for entry in run.layer_table] for name, run in runs.items()} == {
        "discriminator": ["tell"],
        "generator": ["make"],
    }
    assert all(run.layers["gradient_norm"].gt(0).all() for run in runs.values())


PARTS = (keras.Model.fit, keras.Layer.__call__, keras.Operation.__call__, keras.optimizers.Optimizer.apply)
TAPE = (tf.GradientTape.__enter__, tf.GradientTape.__exit__)


def test_a_script_that_fails_shows_its_own_traceback(here, capsys):
    text = """
model = net("broken")
model.compile("sgd", loss_fn)

class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise ValueError("enough of it")

model.fit(x, y, verbose=0, callbacks=[Stop()])
"""
    assert watch.main([script(text)]) == 1
    told = capsys.readouterr().err
    assert "ValueError: enough of it" in told and "train.py" in told
    assert "runpy" not in told and "scripts.py" not in told
    run = load_run(here / "runs/watch/train-1")
    assert run.status == "failed" and "enough of it" in run.metadata["error"]
    assert (keras.Model.fit, keras.Layer.__call__, keras.Operation.__call__, keras.optimizers.Optimizer.apply) == PARTS
    assert (tf.GradientTape.__enter__, tf.GradientTape.__exit__) == TAPE


def test_a_model_that_cannot_be_watched_trains_all_the_same(here, monkeypatch, capsys):
    def refuse(*args, **options):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("diagnostics.training.fit.callback.Monitor", refuse)
    monkeypatch.setattr("diagnostics.training.watch.loops.Monitor", refuse)
    loop = "model = net('loop')\nwith tf.GradientTape() as tape: loss = loss_fn(y, model(x))\n"
    with pytest.warns(UserWarning, match="this fit is not watched: a fault of ours"):
        assert watch.main([script(FITS + loop + "print('trained')")]) == 0
    told = capsys.readouterr()
    assert "trained" in told.out and "training was seen, but none was recorded" in told.err
    assert "not measured (1 times): a fault of ours" in told.err


def test_a_loop_that_cannot_be_seen_is_named(here, capsys):
    text = """
model, optimizer = net("split"), keras.optimizers.SGD(0.1)

@tf.function
def gradients():
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x))
    return tape.gradient(loss, model.trainable_variables)

optimizer.apply(gradients(), model.trainable_variables)
"""
    assert watch.main([script(text)]) == 0
    assert "run in different functions" in capsys.readouterr().err


def test_a_module_runs_with_its_arguments(here, monkeypatch, capsys):
    (here / "pack").mkdir()
    (here / "pack/__init__.py").write_text("")
    (here / "pack/job.py").write_text("import sys\nprint(__name__, sys.argv[1:], __package__)\n")
    monkeypatch.syspath_prepend(here)
    assert watch.main(["-m", "pack.job", "-m", "x"]) == 0
    assert capsys.readouterr().out == "__main__ ['-m', 'x'] pack\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["missing.py"], "there is no such script"),
        (["-m", "missing.module"], "there is no such module to run"),
        ([], "no script was named"),
        (["--budget", "much", "train.py"], "invalid budget"),
    ],
)
def test_wrong_use_is_reported_and_nothing_runs(arguments, told, here, capsys):
    (here / "train.py").write_text("raise SystemExit(3)")
    assert watch.main(arguments) == 2
    error = capsys.readouterr().err
    assert told in error and "do this:" in error and "Traceback" not in error
    assert not (here / "runs").exists()
