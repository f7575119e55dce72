"""Two commits side by side: ``python -m tests.benchmarks.compare REVISION [MODEL ...]`` (or ``make bench-compare REV=...``).

Each variant of the step (bare, default, every step) is timed by the code of REVISION and by the working tree's in processes that
stay alive and take turns, round by round, so that whatever else the machine does falls on both alike. A ratio above 1 says that
the working tree is slower. Nothing is asserted: a regression is an interval of the middle half that lies above 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from tests.benchmarks.models import CASES
from tests.benchmarks.overhead import CADENCE, ROUND_SECONDS, VARIANTS, show, turn

COMPARED = ("bare", "default", "every step")


class Timed:
    """A process that holds the variants of one model, built by the code in a folder, and times a turn when asked.

    Args:
        folder: the checkout whose code is used.
        model: name of the model.
        steps: steps in a turn; 0 lets the process choose.
    """

    def __init__(self, folder: Path, model: str, steps: int = 0) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.compare", "--serve", model, "--steps", str(steps)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, cwd=folder, text=True, bufsize=1, **pipes)
        self.steps = int(self._answer())

    def seconds(self, variant: str) -> float:
        """One turn's seconds a step."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{variant}\n")
        return float(self._answer())

    def end(self) -> None:
        """Stop the process."""
        self._process.kill()
        self._process.wait()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit("a process ended before it answered; does the other commit have tests/benchmarks/compare.py?")
        return line


def serve(model: str, steps: int) -> None:
    """What a ``Timed`` process does: print the number of steps in a turn, then a time for each line that names a variant."""
    runners = {name: VARIANTS[name](CASES[model]) for name in COMPARED}
    for run in runners.values():
        turn(run, CADENCE + 1)
    once = min(turn(runners["bare"], CADENCE) for _ in range(3))
    steps = steps or CADENCE * max(1, round(ROUND_SECONDS / once / CADENCE))
    print(steps, flush=True)
    for line in sys.stdin:
        print(turn(runners[line.strip()], steps), flush=True)


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """A worktree of a commit, removed in the end; with this file, where the commit does not have it yet."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "other"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", place, revision], check=True)
        mine = place / "tests" / "benchmarks" / Path(__file__).name
        if not mine.exists():
            mine.write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
        try:
            yield place
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", place], check=True)


def compared(model: str, other: Path, rounds: int) -> dict[str, str]:
    """A row of the table: the working tree's time over the other's, the median of paired rounds and the middle half."""
    with ExitStack() as stack:
        here = Timed(Path.cwd(), model)
        stack.callback(here.end)
        there = Timed(other, model, here.steps)
        stack.callback(there.end)
        row = {"model": model}
        for variant in COMPARED:
            ratios = []
            for number in range(rounds):
                sides = (here, there) if number % 2 else (there, here)
                taken = {side: side.seconds(variant) for side in sides}
                ratios.append(taken[here] / taken[there])
            low, middle, high = np.percentile(ratios, [25, 50, 75])
            row[variant] = f"{middle:.3f} ({low:.3f}-{high:.3f})"
        return row


def main() -> None:
    """Print the table, or serve one side of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision", nargs="?", default="HEAD", help="the commit to compare the working tree with")
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--steps", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.serve, options.steps)
    with checked_out(options.revision) as other:
        rows = [compared(model, other, options.rounds) for model in options.models or CASES]
    return show(rows, f"seconds a step, working tree to {options.revision}")


if __name__ == "__main__":
    main()
