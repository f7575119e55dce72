"""A long run through the writer: ``python -m tests.benchmarks.soak --steps 1000000 --minutes 5``.

Synthetic steps, with scalars at each and the layers at every tenth, flushed as a training flushes them; then the run's report.
Says how many steps there was time for, the memory at the beginning and the end, the files, and the seconds of the report.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import diagnostics
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter

LAYERS, EVERY, FLUSH = 10, 10, 1000
STATISTICS = ("gradient_norm", "activation_gradient_rms", "update_ratio", "activation_std", "zero_fraction")


def resident() -> float:
    """The memory of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def flush(run: RunWriter, first: int, draw: np.random.Generator) -> None:
    """The rows of some steps."""
    steps = np.arange(first, first + FLUSH)
    loss = np.exp(-steps / 200_000) + 0.05 * draw.random(FLUSH)
    scalars = {"step": steps, "epoch": steps // 10_000, "split": "train", "loss": loss.astype(np.float32)}
    run.append("scalars", pd.DataFrame(scalars | {"learning_rate": 0.1, "seconds": steps / 1000}))
    measured = steps[::EVERY]
    names = np.array([f"block_{number}/dense" for number in range(LAYERS)])
    keys = {"step": np.repeat(measured, LAYERS), "layer": np.tile(names, len(measured))}
    keys |= {"depth": np.tile(np.arange(LAYERS), len(measured)), "kind": "Dense"}
    values = {name: np.exp(draw.standard_normal(len(keys["step"]), np.float32)) / 100 for name in STATISTICS}
    run.append("layers", pd.DataFrame(keys | values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=5.0, help="stop writing then")
    given = parser.parse_args()
    draw = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as place:
        folder, began = Path(place) / "run", time.monotonic()
        layers = [{"layer": f"block_{number}/dense", "depth": number, "kind": "Dense"} for number in range(LAYERS)]
        run, most_files, first, until = None, 0, 0, began + 60 * given.minutes
        run = RunWriter(folder, command="soak", config={}, seed=0, layer_table=layers)
        while first < given.steps and time.monotonic() < until:
            flush(run, first, draw)
            first += FLUSH
            if first == 20 * FLUSH:
                print(f"{first:,} steps: {resident():.0f} MiB", flush=True)
            most_files = max(most_files, sum(1 for _ in folder.rglob("*.parquet")))
        print(
            f"{first:,} steps: {resident():.0f} MiB, {time.monotonic() - began:.0f} s, at most {most_files} files",
            flush=True,
        )
        run.finish()
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 2**20
        print(f"ended: {resident():.0f} MiB, {len(files)} files of {size:.0f} MiB", flush=True)
        began = time.monotonic()
        diagnostics.report(load_run(folder), folder / "report.html")
        page = (folder / "report.html").stat().st_size / 2**20
        print(f"report: {time.monotonic() - began:.1f} s, {page:.1f} MiB, {resident():.0f} MiB")


if __name__ == "__main__":
    main()
