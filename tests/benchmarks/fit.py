"""What ``ProbeCallback`` costs: ``python -m tests.benchmarks.fit [MODEL ...]``.

Ratios to plain ``model.fit``: both take turns in one process; of each turn, all epochs after the first count, with the
reading and writing that falls into them. What the first epoch, in which Keras traces, takes longer is told in seconds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import diagnostics
from tests.benchmarks.models import CASES, Case
from tests.benchmarks.overhead import show
from tests.benchmarks.stepping import parts_of

EPOCHS = 9
EPOCH_SECONDS = 1.0
"""Eight such epochs hold a flush or two, which come every 5 seconds."""


class EpochTimes(keras.callbacks.Callback):
    """Seconds of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._since = 0.0

    def on_train_begin(self, logs: object = None) -> None:
        """Start the clock."""
        self._since = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Note the time since the last epoch's end."""
        now = time.perf_counter()
        self.seconds.append(now - self._since)
        self._since = now


def epochs(case: Case, steps: int, callbacks: list[keras.callbacks.Callback]) -> list[float]:
    """Seconds of each epoch of one ``fit`` of a new model."""
    model, optimizer, loss_of, (x, y) = parts_of(case)
    model.compile(optimizer, loss_of)
    batches = tf.data.Dataset.from_tensors((x, y)).repeat()
    clock = EpochTimes()
    model.fit(batches, steps_per_epoch=steps, epochs=EPOCHS, verbose=0, callbacks=[clock, *callbacks])  # pyright: ignore
    return clock.seconds


def row_of(name: str, rounds: int, folder: Path) -> dict[str, str]:
    case = CASES[name]
    steps = 20
    steps = max(steps, round(EPOCH_SECONDS / (np.median(epochs(case, steps, [])[1:]) / steps)))
    makers: dict[str, Callable[[str], list[keras.callbacks.Callback]]] = {
        "plain": lambda _: [],
        "probes": lambda place: [diagnostics.ProbeCallback(folder / f"{name}-{place}")],
    }
    seconds: dict[str, list[list[float]]] = {variant: [] for variant in makers}
    for number in range(rounds):
        for variant in list(makers)[:: 1 if number % 2 else -1]:
            seconds[variant].append(epochs(case, steps, makers[variant](str(number))))
    plain, probed = (np.array(seconds[variant]) for variant in makers)
    low, middle, high = np.percentile(probed[:, 1:].sum(axis=1) / plain[:, 1:].sum(axis=1), [25, 50, 75])
    return {
        "model": name,
        "plain fit, ms a step": f"{np.median(plain[:, 1:]) / steps * 1e3:.2f}",
        "ProbeCallback": f"{middle:.3f} ({low:.3f}-{high:.3f})",
        "first epoch, s more": f"{np.median(probed[:, 0] - plain[:, 0]):.2f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", choices=[[], *CASES], help="all by default")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each variant")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [row_of(model, options.rounds, Path(folder)) for model in options.models or CASES]
    show(rows, "model.fit with probes.default(), to plain fit: median (middle half)")


if __name__ == "__main__":
    main()
