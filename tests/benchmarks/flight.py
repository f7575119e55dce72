"""What the flight recorder costs: ``python -m tests.benchmarks.flight [MODEL ...]``.

``Trainer`` without probes, with and without the recorder, by turns in one process: the time of an epoch after the first, which
compiles. Ratios are of neighbours in time, as other programs share the machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import tensorflow as tf

from diagnostics import Trainer
from tests.benchmarks.models import CASES
from tests.benchmarks.overhead import show
from tests.benchmarks.stepping import parts_of

EPOCH_SECONDS = 1.0


class Paired:
    """One trainer, whose epochs are timed one at a time.

    A ``fit`` of many epochs would let neither of two trainers take its turn, so each epoch is a ``fit`` of its own: what it
    costs to begin and end one is left out by the callback of progress, which sees the compiled calls only.
    """

    def __init__(self, name: str, folder: Path, *, recorded: bool) -> None:
        model, optimizer, loss, (x, y) = parts_of(CASES[name])
        self.data = tf.data.Dataset.from_tensors((x, y)).repeat()
        self.folder, self.count = folder / ("recorded" if recorded else "bare"), 0
        self.trainer = Trainer(
            model, optimizer, loss, probes=(), directory=self.folder / "0", flight_recorder=recorded or None
        )

    def seconds(self, steps: int) -> float:
        """The time of the steps of one epoch, but for the first call."""
        times: list[float] = []
        self.trainer._directory = self.folder / str(self.count)
        self.count += 1
        self.trainer.fit(self.data.take(steps), progress=lambda *_: times.append(time.perf_counter()))
        return times[-1] - times[0]


def row_of(name: str, rounds: int, folder: Path) -> dict[str, str]:
    bare, recorded = (Paired(name, folder / name, recorded=each) for each in (False, True))
    steps = 256
    steps = max(steps, round(EPOCH_SECONDS / (bare.seconds(steps) / steps) / 64) * 64)
    bare.seconds(steps), recorded.seconds(steps)
    ratios, own = [], []
    for number in range(rounds):
        order = (bare, recorded) if number % 2 else (recorded, bare)
        times = {each: each.seconds(steps) for each in order}
        ratios.append(times[recorded] / times[bare])
        own.append(times[bare] / (steps - 64) * 1e3)
    low, middle, high = np.percentile(ratios, [25, 50, 75])
    return {
        "model": name,
        "bare, ms a step": f"{np.median(own):.2f}",
        "with the flight recorder": f"{middle:.3f} ({low:.3f}-{high:.3f})",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=[*CASES])
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        show([row_of(name, given.rounds, Path(folder)) for name in given.models], "Flight recorder in Trainer")


if __name__ == "__main__":
    main()
