"""The command ``python -m diagnostics.compare A B``: a page and a summary of what differs; loads no TensorFlow."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from diagnostics.commands import command
from diagnostics.commands.callable_module import make_callable
from diagnostics.commands.options import out_path
from diagnostics.pages.comparison import compare, page_of
from diagnostics.pages.html import write_page
from diagnostics.pages.terminal import print_summary
from diagnostics.runs import manifest
from diagnostics.runs.experiment import found_runs, run_directory
from diagnostics.runs.folders import check_output, free_directory
from diagnostics.runs.run import Run, load_run
from probes.errors import UsageError

__all__ = ["compare", "main"]

DEFAULT = Path("runs") / "comparison"
EXAMPLES = """examples:
  python -m diagnostics.compare runs/mine runs/mine-2
  python -m diagnostics.compare runs/vanishing_gradient/arms/{sigmoid,relu}-0.01/seed-0 --out runs/sigmoid_relu

exit codes: 0 done; 2 wrong usage, or nothing there to compare"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare stored runs: a page, and its summary on standard output. Returns the exit code: 0 done, 2 wrong usage."""
    return command.read(_parser(), _compare, arguments)


def _compare(options: argparse.Namespace) -> int:
    directory = out_path(options.out) or free_directory(DEFAULT)
    if not options.force:
        check_output(directory)
    page = page_of([_load(Path(folder)) for folder in options.runs])
    print_summary(page, write_page(page, directory / "report.html"))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("compare", "Show stored runs side by side: what differs, and where most.", EXAMPLES)
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="folders of two runs or more; the first is the reference"
    )
    parser.add_argument("--out", metavar="DIR", help=f"folder for report.html and figures/ (default {DEFAULT})")
    parser.add_argument(
        "--force", action="store_true", help="write into DIR even if it holds files, and replace a page"
    )
    return parser


def _load(folder: Path) -> Run:
    if manifest.kind_of(folder) == "scenario":
        arms = sorted(str(run_directory(folder, arm, seed)) for arm, seed in found_runs(folder))
        raise UsageError(
            what="a whole scenario is not one run",
            where=str(folder),
            got=f"a scenario with {len(arms)} runs",
            do=f"name runs in it, such as {' '.join(arms[:1] + arms[-1:])}; "
            f"its own comparison of arms is python -m diagnostics.report {folder}",
        )
    return load_run(folder)


make_callable(__name__)

if __name__ == "__main__":
    sys.exit(main())
