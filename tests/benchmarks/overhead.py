"""Cost of probes: ``python -m tests.benchmarks.overhead [MODEL ...]``.

Ratios to the same compiled step bare: medians over rounds in which every variant takes its turn in one process, so
that whatever else the machine does falls on all alike; the spread is the middle half of the rounds. Peak memory and
the time to the first step come from processes of their own.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import probes
from tests.benchmarks.models import CASES, Case, mlp
from tests.benchmarks.stepping import Runner, fitting, second_model, stepping

VARIANTS: dict[str, Callable[[Case], Runner]] = {
    "bare": lambda case: stepping(case, None),
    "default": lambda case: stepping(case, probes.default()),
    "branch": lambda case: stepping(case, probes.default(), branch=True),
    "every step": lambda case: stepping(case, probes.default(every=1)),
}
TODAY = {"second model, .numpy()": second_model}
ROUND_SECONDS = 0.15
"""Length of one variant's turn: long compared with the clock's resolution and a step, short compared with other load."""

CADENCE = 10
FIT_STEPS = 50


def paired(runners: dict[str, Runner], rounds: int, steps: int | None = None) -> dict[str, np.ndarray]:
    """Seconds a step, ``[rounds]`` for each runner, the turns interleaved; turns are whole cadences long."""
    for run in runners.values():
        turn(run, CADENCE + 1)
    once = min(turn(next(iter(runners.values())), CADENCE) for _ in range(3))
    steps = steps or CADENCE * max(1, round(ROUND_SECONDS / once / CADENCE))
    names, seconds = list(runners), {name: [] for name in runners}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            seconds[name].append(turn(runners[name], steps))
    return {name: np.array(values) for name, values in seconds.items()}


def turn(run: Runner, steps: int) -> float:
    """Seconds a step; TensorFlow's steps follow one another, so the last one's end is the end of all."""
    start, result = time.perf_counter(), None
    for _ in range(steps):
        result = run()
    getattr(result, "numpy", lambda: None)()
    return (time.perf_counter() - start) / steps


def ratio(seconds: dict[str, np.ndarray], name: str, bare: str = "bare") -> str:
    """Median of the paired ratios, and their quartiles."""
    low, middle, high = np.percentile(seconds[name] / seconds[bare], [25, 50, 75])
    return f"{middle:.3f} ({low:.3f}-{high:.3f})"


def alone(model: str, variant: str) -> tuple[float, float]:
    """Seconds to the first step's end, and peak resident MiB, of one variant in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.overhead", "--alone", variant, model]
    first, peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-2:]
    return float(first), float(peak)


def be_alone(case: Case, variant: str, steps: int = 40) -> None:
    """Print what ``alone`` reads; importing TensorFlow and building the model come before the clock starts."""
    run = VARIANTS[variant](case)
    first = turn(run, 1)
    turn(run, steps)
    print(first, peak_mebibytes())


def peak_mebibytes() -> float:
    """Peak resident memory of this process; ``ru_maxrss`` would start from what the parent held when it forked."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def compare_alone(model: str, repeats: int) -> dict[str, str]:
    """Ratios of medians of time to the first step and of peak memory, default cadence to bare."""
    runs = {variant: [] for variant in ("bare", "default")}
    for _ in range(repeats):
        for variant, values in runs.items():
            values.append(alone(model, variant))
    bare, default = (np.median(runs[variant], axis=0) for variant in ("bare", "default"))
    return {
        "first step": f"{default[0] / bare[0]:.2f} ({bare[0]:.2f} s bare)",
        "peak memory": f"{default[1] / bare[1]:.3f} ({bare[1]:.0f} MiB bare)",
    }


def compare_today(case: Case, rounds: int) -> dict[str, str]:
    """What it costs by hand, and with TensorBoard's histograms after every ``FIT_STEPS`` steps."""
    bare = {"bare": VARIANTS["bare"](case)}
    by_hand = paired(bare | {name: make(case) for name, make in TODAY.items()}, rounds, CADENCE)
    row = {name: ratio(by_hand, name) for name in TODAY}
    column = f"TensorBoard, {FIT_STEPS}"
    if importlib.util.find_spec("tensorboard") is None:
        return row | {column: "not installed"}
    with tempfile.TemporaryDirectory() as folder:
        fits = {"bare": fitting(case, FIT_STEPS, None), "board": fitting(case, FIT_STEPS, folder)}
        row[column] = ratio(paired(fits, max(3, rounds // 5), 1), "board")
    return row


def row_of(model: str, options: argparse.Namespace) -> dict[str, str]:
    case = CASES[model]
    seconds = paired({name: make(case) for name, make in VARIANTS.items()}, options.rounds)
    row = {"model": model, "bare, ms": f"{np.median(seconds['bare']) * 1e3:.2f}"}
    row |= {name: ratio(seconds, name) for name in VARIANTS if name != "bare"}
    if options.repeats:
        row |= compare_alone(model, options.repeats)
    return row | (compare_today(case, options.rounds) if options.today else {})


def deep(depths: tuple[int, ...] = (250, 500, 1000), width: int = 16) -> list[dict[str, str]]:
    """Deep stacks: time to the first step and a step's time, to be read down the column: linear in the layers."""
    sys.setrecursionlimit(20_000)  # Keras follows a model's layers by recursion, several frames a layer
    rows = []
    for depth in depths:
        case = Case(lambda depth=depth: mlp(depth, width), (64,), 32)
        runners = {name: make(case) for name, make in VARIANTS.items()}
        first = {name: turn(run, 1) for name, run in runners.items()}
        seconds = paired(runners, 5)
        row = {"layers": str(depth)} | {f"first, s: {name}": f"{value:.1f}" for name, value in first.items()}
        rows.append(row | {f"ms: {name}": f"{np.median(values) * 1e3:.2f}" for name, values in seconds.items()})
    return rows


def show(rows: list[dict[str, str]], title: str) -> None:
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(*row.values())
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--rounds", type=int, default=25, help="interleaved rounds in one process")
    parser.add_argument("--repeats", type=int, default=3, help="processes for memory and first step; 0: leave them out")
    parser.add_argument("--today", action=argparse.BooleanOptionalAction, default=True, help="the usual ways beside it")
    parser.add_argument("--deep", action="store_true", help="also stacks of 250, 500 and 1,000 layers")
    parser.add_argument("--alone", choices=list(VARIANTS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = set(options.models) - set(CASES)
    if unknown:
        parser.error(f"unknown model {', '.join(unknown)}; choose of {', '.join(CASES)}")
    if options.alone:
        be_alone(CASES[options.models[0]], options.alone)
        return
    show([row_of(model, options) for model in options.models or CASES], "ratio to the bare step: median (quartiles)")
    if options.deep:
        show(deep(), "cost by number of layers, dense of 16 units, batch 32")


if __name__ == "__main__":
    main()
