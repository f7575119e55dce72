"""Memory that one model after the other leaves behind in a process: ``python -m tests.benchmarks.many_models --models 20``.

Each way of training has a process of its own. A model of three layers of 1,000 units is made, trained for a few steps and
forgotten; then the next. What stays is read after a garbage collection, and the growth a model is the slope from the fifth on.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.benchmarks.soak import resident

UNITS, DEPTH, BATCH, STEPS, FIRST = 1000, 3, 32, 20, 4
DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(size=(BATCH * STEPS, 64)).astype(np.float32), DRAW.integers(0, 10, BATCH * STEPS)
LOSS = "sparse_categorical_crossentropy"


def network():
    import keras  # noqa: PLC0415 - not for the process that starts the others

    hidden = [keras.layers.Dense(UNITS, "relu") for _ in range(DEPTH)]
    return keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10, "softmax")])


def fit(folder: Path, callbacks: Callable[[Path], list]) -> None:
    model = network()
    model.compile("adam", LOSS)
    model.fit(X, Y, batch_size=BATCH, shuffle=False, verbose=0, callbacks=callbacks(folder))


def fit_bare(folder: Path) -> None:
    fit(folder, lambda _: [])


def fit_with_probes(folder: Path) -> None:
    from diagnostics import ProbeCallback  # noqa: PLC0415

    fit(folder, lambda folder: [ProbeCallback(folder, verbose=0)])


def fit_recorded(folder: Path) -> None:
    from diagnostics import ProbeCallback  # noqa: PLC0415

    fit(folder, lambda folder: [ProbeCallback(folder, verbose=0, flight_recorder=True, checkpoint_every=10)])


def trainer(folder: Path, **options: object) -> None:
    from diagnostics import Trainer  # noqa: PLC0415

    made = Trainer(network(), "adam", LOSS, directory=folder, **options)  # pyright: ignore[reportArgumentType]
    made.fit(X, Y, batch_size=BATCH, progress=False)


def trainer_bare(folder: Path) -> None:
    trainer(folder, probes=())


def trainer_recorded(folder: Path) -> None:
    trainer(folder, flight_recorder=True, checkpoint_every=10)


WAYS = {
    each.__name__: each for each in (fit_bare, fit_with_probes, fit_recorded, trainer_bare, trainer, trainer_recorded)
}


def measure(way: str, models: int) -> None:
    """Train models one after the other; prints what each leaves."""
    warnings.simplefilter("ignore")
    left = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(models):
            WAYS[way](Path(folder) / str(number))
            gc.collect()
            left.append(resident())
    slope = np.polyfit(np.arange(FIRST, models), left[FIRST:], 1)[0]
    print(
        f"{way}: {slope:.1f} MiB a model; {left[0]:.0f} MiB after the first, {left[-1]:.0f} after the last", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--way", choices=WAYS, help="this one only, in this process")
    given = parser.parse_args()
    if given.way:
        measure(given.way, given.models)
        return
    for way in WAYS:
        command = [sys.executable, "-m", "tests.benchmarks.many_models", "--way", way, "--models", str(given.models)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
