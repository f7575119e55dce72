"""What probes, record and report add to a scenario: ``python -m tests.benchmarks.main_job [--repeats N] [--quick]``.

The same trainings, in one process, in turn: bare, and with everything. Start-up and import are outside of both.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from diagnostics.conclusion import conclude
from diagnostics.experiment import Runner
from diagnostics.workbench import Workbench


def seconds(bench: Workbench, directory: Path | None) -> float:
    """Wall time of all trainings of a scenario; with a folder, also of probes, record, verdicts and report."""
    started = time.perf_counter()
    runner = Runner(bench.scenario, bench.data, directory or Path(), record=directory is not None)
    experiment = runner.run(bench.arms, bench.seeds)
    if experiment is not None:
        conclude(experiment)
    return time.perf_counter() - started


def main() -> None:
    """Print each pair, and the median of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="?", default="vanishing_gradient")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    bench = Workbench.prepare(options.scenario, {}, quick=options.quick, arms=None, seeds=None)
    ratios = []
    for number in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            bare, whole = seconds(bench, None), seconds(bench, Path(folder) / "run")
        ratios.append(whole / bare)
        print(
            f"pair {number + 1}: bare {bare:6.1f} s   with everything {whole:6.1f} s   ratio {ratios[-1]:.3f}",
            flush=True,
        )
    print(f"median ratio {statistics.median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}")


if __name__ == "__main__":
    main()
