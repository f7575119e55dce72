"""What the store costs: ``python -m tests.benchmarks.store [--steps N]``, a few hundred MB in a temporary folder."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter

LAYERS, STATISTICS, FLUSH = 50, 12, 1000
SMALL_RUNS, SMALL_FLUSHES = 45, 4


def layer_frame(first: int, steps: int, random: np.random.Generator) -> pd.DataFrame:
    """Rows as a flush gives them; random mantissas, which no encoding can shrink, are the hardest case."""
    rows = steps * LAYERS
    names = np.array([f"block/hidden_{i}" for i in range(LAYERS)])
    keys = {
        "step": np.repeat(np.arange(first, first + steps), LAYERS),
        "layer": pd.Categorical.from_codes(np.tile(np.arange(LAYERS), steps), list(names)),
        "depth": np.tile(np.arange(LAYERS, dtype=np.int32), steps),
        "kind": pd.Categorical.from_codes(np.zeros(rows, int), ["Dense"]),
    }
    values = np.exp(random.standard_normal((STATISTICS, rows), dtype=np.float32) * 3)
    return pd.DataFrame(keys | {f"statistic_{i}": values[i] for i in range(STATISTICS)})


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def forget(path: Path) -> None:
    """Drop a run's files from the page cache, so that the next read comes from the disk."""
    for file in path.rglob("*.parquet"):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def loading(path: Path, repeats: int = 5) -> str:
    cold = []
    for _ in range(3):
        forget(path)
        cold.append(seconds(lambda: load_run(path).layers))
    warm = [seconds(lambda: load_run(path).layers) for _ in range(repeats)]
    return f"cold {statistics.median(cold):.2f} s (worst {max(cold):.2f}), warm {statistics.median(warm):.2f} s"


def large_run(path: Path, steps: int) -> None:
    random = np.random.default_rng(0)
    run = RunWriter(path, command="benchmark", config={}, seed=0)
    frames = (layer_frame(first, FLUSH, random) for first in range(0, steps, FLUSH))
    appends = [seconds(lambda frame=frame: run.append("layers", frame)) for frame in frames]
    print(f"{steps} steps x {LAYERS} layers x {STATISTICS} float32 statistics, {len(appends)} flushes")
    print(f"  append        median {statistics.median(appends) * 1e3:.1f} ms a flush, sum {sum(appends):.2f} s")
    print(f"  load, parts   {loading(path)}")
    print(f"  compact       {seconds(run.finish):.2f} s")
    size = sum(file.stat().st_size for file in path.rglob("*.parquet"))
    print(f"  load, whole   {loading(path)}; {size / 2**20:.0f} MiB")


def small_run(path: Path, frame: pd.DataFrame, scalars: pd.DataFrame) -> None:
    with RunWriter(path, command="benchmark", config={}, seed=0) as run:
        run.describe(layer_table=[{"layer": f"hidden_{i}"} for i in range(LAYERS)])
        for _ in range(SMALL_FLUSHES):
            run.append("layers", frame)
            run.append("scalars", scalars)


def small_runs(folder: Path) -> None:
    frame = layer_frame(0, 20, np.random.default_rng(0))
    scalars = pd.DataFrame({"step": range(100), "epoch": 0, "split": "train", "loss": 1.0})
    whole = [seconds(lambda i=i: small_run(folder / f"seed-{i}", frame, scalars)) for i in range(SMALL_RUNS)]
    loads = [seconds(lambda i=i: load_run(folder / f"seed-{i}").layers) for i in range(SMALL_RUNS)]
    print(f"{SMALL_RUNS} small runs of {SMALL_FLUSHES} flushes of 2 tables")
    print(f"  write         median {statistics.median(whole) * 1e3:.1f} ms a run, sum {sum(whole):.2f} s")
    print(f"  load          median {statistics.median(loads) * 1e3:.1f} ms a run")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000, help="length of the large run, a multiple of 1000")
    steps = parser.parse_args().steps
    with tempfile.TemporaryDirectory(dir=".") as folder:
        small_runs(Path(folder) / "small")
        large_run(Path(folder) / "large", steps)


if __name__ == "__main__":
    main()
