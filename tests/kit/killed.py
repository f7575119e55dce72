"""Trainings that are killed and resumed until they end, compared bit by bit with one that was not killed.

``python -m tests.kit.killed --kills 100 FOLDER`` kills one hundred times, by turns with each loop and input, half of them at a
random step and half at a random time. The process that kills loads TensorFlow and does nothing with it, so that each
training can be forked from it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

import probes
from diagnostics import ProbeCallback, Trainer, load_run  # all is loaded before the fork
from diagnostics.training import recorder

STEPS, EPOCHS, EXAMPLES, BATCH = 12, 3, 48, 4
WEIGHTS = "weights.npz"
MOST_ATTEMPTS = 400


def arrays() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    return draw.normal(size=(EXAMPLES, 6)).astype(np.float32), draw.integers(0, 3, EXAMPLES)


def dataset() -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(arrays()).shuffle(EXAMPLES, seed=7).batch(BATCH)


def generated() -> tf.data.Dataset:
    def batches():
        draw, (x, y) = np.random.default_rng(3), arrays()
        for _ in range(STEPS):
            places = draw.permutation(EXAMPLES)[:BATCH]
            yield x[places], y[places]

    like = (tf.TensorSpec([None, 6], tf.float32), tf.TensorSpec([None], tf.int64))
    return tf.data.Dataset.from_generator(batches, output_signature=like)


INPUTS: dict[str, Callable[[], Any]] = {"arrays": arrays, "dataset": dataset, "generator": generated}


def model() -> keras.Model:
    layers = [keras.layers.Dense(8, "relu", name="hidden"), keras.layers.BatchNormalization(name="norm")]
    layers += [keras.layers.Dropout(0.3, name="dropout"), keras.layers.Dense(3, "softmax", name="outputs")]
    return keras.Sequential([keras.Input((6,), name="inputs"), *layers])


class Killer(keras.callbacks.Callback):
    """Kills the process after some steps."""

    def __init__(self, after: int | None) -> None:
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                os.kill(os.getpid(), signal.SIGKILL)


def train(loop: str, given: str, folder: Path, kill_after: int | None = None) -> None:
    """One attempt; writes the weights beside the run if it gets to the end."""
    recorder.FLUSH_SECONDS = 0.02
    keras.utils.set_random_seed(5)
    net, data = model(), INPUTS[given]()
    x, y = data if isinstance(data, tuple) else (data, None)
    measured = [probes.GradientNorm(every=1), probes.DeadUnits(every=2, window=6)]
    loss, killer = "sparse_categorical_crossentropy", Killer(kill_after)
    common: dict[str, Any] = {"epochs": EPOCHS, "batch_size": BATCH if y is not None else None, "callbacks": [killer]}
    validation = arrays()
    if loop == "trainer":
        options: dict[str, Any] = {"directory": folder / "run", "seed": 5, "metrics": ["accuracy"], "steps_per_call": 3}
        made = Trainer(net, "adam", loss, probes=measured, checkpoint_every=5, **options)
        common["batch_size"] = BATCH
        made.fit(x, y, validation_data=validation, progress=False, resume=True, **common)
        optimizer = made.optimizer
    else:
        net.compile("adam", loss, metrics=["accuracy"])
        callback = ProbeCallback(folder / "run", measured, checkpoint_every=5, resume=True, verbose=0)
        common["callbacks"] = [callback, killer]
        net.fit(x, y, validation_data=validation, verbose=0, **common)
        optimizer = net.optimizer
    state = {f"{place}": each.numpy() for place, each in enumerate([*net.variables, *optimizer.variables])}
    np.savez(folder / WEIGHTS, **state)


def forked(work: Callable[[], None], patience: float | None = None) -> int:
    """Do it in a process of its own; kill that after ``patience`` seconds. Returns how it ended, as ``os.waitpid`` tells."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    if patience is not None:
        time.sleep(patience)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def differing(one: Path, other: Path) -> list[str]:
    """What is not equal in every bit: weights and optimizer by place, tables by name."""
    first, second = (np.load(folder / WEIGHTS) for folder in (one, other))
    found = [name for name in first.files if first[name].tobytes() != second[name].tobytes()]
    runs = [load_run(folder / "run") for folder in (one, other)]
    for table in ("layers", "units", "scalars"):
        frames = [getattr(run, table).drop(columns="seconds", errors="ignore") for run in runs]
        try:
            pd.testing.assert_frame_equal(*frames, check_exact=True)
        except AssertionError as error:
            found.append(f"{table}: {error}")
    return found + [f"status {run.status}" for run in runs if run.status != "finished"]


def kill_until_it_ends(loop: str, given: str, folder: Path, draw: random.Random, most: int, by_time: bool) -> int:
    """Returns how many kills the training survived."""
    folder.mkdir(parents=True)
    kills = 0
    for _ in range(MOST_ATTEMPTS):
        after = draw.randrange(STEPS) if kills < most and not (by_time and draw.random() < 0.5) else None
        patience = draw.uniform(0.1, 4.0) if kills < most and after is None else None
        ended = forked(lambda after=after: train(loop, given, folder, after), patience)
        if os.WIFSIGNALED(ended):
            kills += 1
        elif ended == 0:
            return kills
        else:
            raise AssertionError(f"{loop} with {given} failed after {kills} kills in {folder}")
    raise AssertionError(f"{loop} with {given} gets nowhere")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--each", type=int, default=6, help="kills of one training at most")
    parser.add_argument("--only", nargs=2, metavar=("LOOP", "INPUT"))
    parser.add_argument("--steps-only", action="store_true", help="kill at steps only, which wastes no time")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    draw, kills, wrong = random.Random(given.seed), 0, []
    cases = [tuple(given.only)] if given.only else [(loop, each) for loop in ("trainer", "fit") for each in INPUTS]
    for number, (loop, each) in enumerate(cycle(cases)):
        whole, folder = given.folder / f"{loop}-{each}-whole", given.folder / f"{loop}-{each}-{number}"
        if not whole.exists():
            whole.mkdir(parents=True)
            assert forked(lambda loop=loop, each=each, whole=whole: train(loop, each, whole)) == 0
        most = min(given.each, given.kills - kills)
        kills += kill_until_it_ends(loop, each, folder, draw, most, not given.steps_only)
        found = differing(whole, folder)
        wrong += [f"{folder}: {found}"] if found else []
        print(f"{kills} kills, {number + 1} trainings, {len(wrong)} that differ", flush=True)
        if kills >= given.kills:
            break
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
