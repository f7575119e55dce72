"""What probes, record and report add to a scenario: ``python -m tests.benchmarks.main_job [NAME] [--repeats N] [--quick]``.

The same trainings in one process, with everything and bare, in turn arm by arm, so that whatever else the machine does falls
on both. Start-up, import and what TensorFlow does at a process's first training are outside of both; compiling each arm's
step is inside of both.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from diagnostics.commands.workbench import Workbench
from diagnostics.pages.conclusion import conclude
from diagnostics.runs.experiment import load_experiment
from diagnostics.training.restartable import RestartableTrainer
from diagnostics.training.runner import Runner


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of a call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def warm_up() -> None:
    """A short recorded training as a warm-up, before timing starts."""
    model = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
    batches = tf.data.Dataset.from_tensor_slices((np.ones([8, 2]), np.ones([8, 1]))).batch(4)
    with tempfile.TemporaryDirectory() as folder:
        loop = RestartableTrainer(
            model, keras.optimizers.SGD(), keras.losses.MeanSquaredError(), directory=Path(folder) / "run"
        )
        loop.fit(batches, validation_data=batches, progress=False)


def compare(bench: Workbench, directory: Path) -> tuple[np.ndarray, np.ndarray, float]:
    """Train a scenario twice at once.

    Returns:
        Wall time of each arm's trainings, bare and with probes and record; and of verdicts and report.
    """
    bare = Runner(bench.scenario, bench.data, Path(), record=False)
    whole = Runner(bench.scenario, bench.data, directory)
    times: list[tuple[float, float]] = []
    with whole.opened(bench.arms, bench.seeds):
        for number, arm in enumerate(bench.arms):
            turns = [lambda arm=arm: bare.train(arm, bench.seeds), lambda arm=arm: whole.train(arm, bench.seeds)]
            order = [0, 1] if number % 2 else [1, 0]
            taken = {place: seconds(turns[place]) for place in order}
            times.append((taken[0], taken[1]))
    last = seconds(lambda: conclude(load_experiment(directory)))
    without, everything = np.transpose(times)
    return without, everything, last


def main() -> None:
    """Print each pair, and the median of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="?", default="vanishing_gradient")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    bench = Workbench.prepare(options.scenario, {}, size="quick" if options.quick else "usual", arms=None, seeds=None)
    warm_up()
    ratios = []
    for number in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            bare, whole, last = compare(bench, Path(folder) / "run")
        ratios.append((whole.sum() + last) / bare.sum())
        parts = f"trainings {whole.sum():.1f} s, verdicts and report {last:.1f} s"
        arms = f"{whole.sum() / bare.sum():.3f} of trainings alone, {np.median(whole / bare):.3f} the median arm's"
        print(f"pair {number + 1}: bare {bare.sum():.1f} s; {parts}; ratio {ratios[-1]:.3f}, {arms}", flush=True)
    print(f"median ratio {np.median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}")


if __name__ == "__main__":
    main()
