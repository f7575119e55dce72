"""Ends recorded trainings by a signal at random moments, and checks what they leave.

``python -m tests.kit.moments --moments 300 FOLDER``; by turns with SIGKILL, SIGTERM and SIGINT, to a loop that only writes, to
``Trainer`` and to ``model.fit``, from their first millisecond to the end of their report. Each runs in a process that is
forked from this one, which says over a pipe what is on disk: that has to be there afterwards, once, with a status that is true.
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

import numpy as np
import pandas as pd

from diagnostics import report
from diagnostics.runs import part_writer
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
Say = Callable[[str], None]
FLUSHES, LAYERS = 60, 5
BEGUN, ENDED = "begun", "ended"


def write_only(folder: Path, say: Say) -> None:
    """Flushes, merges and a report, without TensorFlow."""
    config = {"epochs": 1}
    with RunWriter(folder, command="moments", config=config, seed=0) as run:
        say(BEGUN)
        for step in range(FLUSHES):
            layers = {"step": step, "layer": [f"l{n}" for n in range(LAYERS)], "depth": range(LAYERS), "kind": "Dense"}
            run.append("layers", pd.DataFrame(layers | {"gradient_norm": np.float32(step)}))
            say(f"layers {LAYERS * (step + 1)}")
            run.append(
                "scalars", pd.DataFrame({"step": [step], "epoch": 0, "split": "train", "loss": 1.0 / (step + 1)})
            )
            say(f"scalars {step + 1}")
        say(ENDED)


def training(kind: str) -> Callable[[Path, Say], None]:
    """A short training with many flushes; TensorFlow is loaded before the fork, and not used."""
    import keras  # noqa: PLC0415 - not for what only writes

    import probes  # noqa: PLC0415
    from diagnostics import ProbeCallback, Trainer  # noqa: PLC0415
    from diagnostics.training import recorder  # noqa: PLC0415

    class Telling(keras.callbacks.Callback):
        def __init__(self, say: Say) -> None:
            super().__init__()
            self.say = say

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.say(BEGUN)

    def train(folder: Path, say: Say) -> None:
        recorder.FLUSH_SECONDS = 0.0
        _tell_of_flushes(say)
        draw = np.random.default_rng(0)
        x, y = draw.normal(size=(400, 4)).astype(np.float32), draw.normal(size=(400, 1)).astype(np.float32)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, "relu"), keras.layers.Dense(1)])
        measured = [probes.GradientNorm(every=1)]
        if kind == "trainer":
            made = Trainer(model, "sgd", "mse", probes=measured, directory=folder, steps_per_call=1)
            made.fit(x, y, batch_size=4, progress=False, callbacks=[Telling(say)])
        else:
            model.compile("sgd", "mse")
            callbacks = [ProbeCallback(folder, measured, verbose=0), Telling(say)]
            model.fit(x, y, batch_size=4, verbose=0, callbacks=callbacks)
        say(ENDED)

    return train


def _tell_of_flushes(say: Say) -> None:
    original = part_writer.PartWriter.append

    def append(self: part_writer.PartWriter, frame: pd.DataFrame) -> Any:
        path = original(self, frame)
        say(f"{self.store.directory.name} {self.rows}")
        return path

    part_writer.PartWriter.append = append


def in_process(work: Callable[[Path, Say], None], folder: Path, number: int, after: float) -> tuple[list[str], float]:
    """Do the work and a report in a process of its own, which gets a signal; returns what it said, and its seconds."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        status = 1
        try:
            work(folder, lambda text: _ignore(os.write(writer, f"{text}\n".encode())))
            report(load_run(folder), folder / "report.html")
            status = 0
        except KeyboardInterrupt:  # caught around training, as in a notebook
            status = 0
        except SystemExit as error:
            status = int(error.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writer)
    began = time.monotonic()
    time.sleep(after)
    os.kill(child, number)
    with os.fdopen(reader) as said:
        lines = said.read().split("\n")[:-1]
    ended = os.waitpid(child, 0)[1]
    if os.WIFEXITED(ended) and os.WEXITSTATUS(ended) == 1:
        lines.append("failed")
    return lines, time.monotonic() - began


def _ignore(_: object) -> None: ...


def faults(folder: Path, said: list[str], number: int, kind: str) -> list[str]:
    """What is not as it should be after the signal."""
    if "failed" in said and number == signal.SIGKILL:  # TensorFlow's C++ turns an interrupt into another exception
        return ["an exception that nobody had asked for"]
    try:
        run = load_run(folder)
    except UsageError as error:
        return [f"does not open: {error}"] if BEGUN in said else next_run_faults(folder)
    found = [f"damage: {run.damage}"] if run.damage else []
    for table, keys in (("layers", ["step", "layer"]), ("scalars", ["step", "split"])):
        promised = max([0, *(int(line.split()[1]) for line in said if line.startswith(f"{table} "))])
        rows = getattr(run, table)
        if len(rows) < promised:
            found.append(f"{table}: {len(rows)} rows of {promised} that were on disk")
        if rows.duplicated(keys).any():
            found.append(f"{table}: rows that are there twice")
    return found + status_faults(run.status, said, number, kind)


def status_faults(status: str, said: list[str], number: int, kind: str) -> list[str]:
    if ENDED in said or status == "finished":
        return [] if status == "finished" else [f"status {status} after the end"]
    heard = BEGUN in said and number != signal.SIGKILL and not (kind == "writer" and number == signal.SIGTERM)
    allowed = ["interrupted"] if heard else ["killed", "interrupted", "failed"] if BEGUN not in said else ["killed"]
    return [] if status in allowed else [f"status {status}, where {' or '.join(allowed)} is due"]


def next_run_faults(folder: Path) -> list[str]:
    """What is left of a run that was killed before its first file must not stand in the next one's way."""
    try:
        RunWriter(folder, command="next", config={}, seed=0).finish()
    except UsageError as error:
        return [f"the next run is refused: {error}"]
    return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--moments", type=int, default=300)
    parser.add_argument("--only", choices=["writer", "trainer", "fit"])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    draw, wrong, statuses = random.Random(given.seed), [], {}
    kinds = [given.only] if given.only else ["writer", "trainer", "fit"]
    works = {kind: write_only if kind == "writer" else training(kind) for kind in kinds}
    given.folder.mkdir(parents=True, exist_ok=True)
    whole = {
        kind: [given.folder / f"{kind}-whole-{time}" for time in range(2)] for kind in kinds
    }  # the first one is slow
    spans = {
        kind: min(in_process(works[kind], folder, signal.SIGCONT, 0.0)[1] for folder in whole[kind]) for kind in kinds
    }
    for moment, kind in zip(range(given.moments), cycle(kinds), strict=False):
        number, folder = SIGNALS[moment // len(kinds) % len(SIGNALS)], given.folder / f"{kind}-{moment}"
        after = draw.choice([draw.uniform(0, 0.02), draw.uniform(0, spans[kind]), draw.uniform(0, spans[kind])])
        said, _ = in_process(works[kind], folder, number, after)
        found = faults(folder, said, number, kind)
        wrong += [f"{folder}, {signal.Signals(number).name} after {after:.3f} s: {'; '.join(found)}"] if found else []
        left = load_run(folder).status if (folder / "run.json").exists() else "no run"
        statuses[left] = statuses.get(left, 0) + 1
        print(f"{moment + 1} moments, {len(wrong)} with faults, {statuses}", *wrong[-1:] if found else [], flush=True)
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
