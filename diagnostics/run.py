"""The front door: ``python -m diagnostics.run vanishing_gradient``.

Runs a scenario (data, arms, seeds), judges its claims, writes a report, and prints the outcome.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnostics.commands import catalogue, command
from diagnostics.commands.command import EXIT_FAILED, EXIT_INTERRUPTED
from diagnostics.commands.judging import add_fail_on, exit_status
from diagnostics.commands.options import check_backend, counted, out_path, parse_seeds
from diagnostics.runs.folders import check_output, free_directory
from probes.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from diagnostics.runs.experiment import Experiment

ALL = "all"
EXAMPLES = """examples:
  python -m diagnostics.run --list
  python -m diagnostics.run vanishing_gradient
  python -m diagnostics.run vanishing_gradient --quick --arms 'sigmoid-*,relu-0.01'
  python -m diagnostics.run vanishing_gradient --data fashion_mnist --seeds 3 --out runs/fashion
  python -m diagnostics.run all --quick

exit codes: 0 done; 1 some training failed; 2 wrong usage, nothing was written; 130 interrupted, finished runs are kept;
3 a finding in the first run of some arm is as severe as --fail-on says"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what was typed after the command; that of the process when not given.

    Returns:
        The exit code: 0 done, 1 some training failed, 2 wrong usage, 130 interrupted.
    """
    options = _parser().parse_args(arguments)
    options.typed = sys.argv[1:] if arguments is None else arguments
    if options.list:
        print(catalogue.listing(as_json=options.json))
        return 0
    return command.exit_code(lambda: _run(options))


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "run",
        "Test a claim about training over several seeds; prints a verdict and writes a report.",
        EXAMPLES,
    )
    parser.add_argument("scenario", nargs="?", help="what to run, or all; --list names the scenarios")
    parser.add_argument("--list", action="store_true", help="list the scenarios and the question each one asks")
    parser.add_argument("--data", metavar="NAME", help="data set: digits (default), fashion_mnist, mnist")
    parser.add_argument("--seeds", metavar="N|A,B,...", help="number of replicates, or the replicates themselves")
    parser.add_argument(
        "--first", metavar="N", help="number of the first replicate (default 0; published results begin at 1000)"
    )
    parser.add_argument("--epochs", metavar="N", help="passes over the training data")
    parser.add_argument("--arms", metavar="A,B,...", help="only these arms; names or patterns such as 'sigmoid-*'")
    parser.add_argument("--out", metavar="DIR", help="folder for the results (default runs/SCENARIO)")
    parser.add_argument("--quick", action="store_true", help="fewer replicates and epochs: a first look in seconds")
    parser.add_argument(
        "--thorough",
        action="store_true",
        help="24 replicates, after which no further look can change a verdict, and for some scenarios further images and networks",
    )
    parser.add_argument(
        "--jobs", metavar="N", help="train arms in N processes, by default one per core; the results stay the same"
    )
    parser.add_argument("--backend", default="loky", metavar="NAME", help="for --jobs: loky (default), dask or ray")
    parser.add_argument(
        "--resume", action="store_true", help="continue in the folder of an earlier run: train only what is missing"
    )
    parser.add_argument(
        "--tensorboard", action="store_true", help="write TensorBoard's event files into each run's folder, too"
    )
    add_fail_on(parser)
    parser.add_argument("--json", action="store_true", help="print answer and verdicts as JSON instead of a summary")
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.scenario is None:
        raise UsageError(
            what="no scenario was named",
            where="python -m diagnostics.run SCENARIO",
            got="nothing",
            do=f"name one of {', '.join(catalogue.names())}, or all; --list shows what each one asks",
        )
    if options.scenario not in (ALL, *catalogue.names()):
        raise unknown_name("scenario", options.scenario, [ALL, *catalogue.names()])
    check_backend(options.backend)
    first = counted("--first", options.first) or 0
    checked = {
        "epochs": counted("--epochs", options.epochs),
        "seeds": parse_seeds(options.seeds, first),
        "first": first,
    }
    jobs = counted("--jobs", options.jobs) or (1 if options.quick else None)
    directory = _directory(options)
    if options.scenario == ALL:
        return _run_all(options, directory, jobs=jobs, **checked)
    return _run_one(options.scenario, options, directory, jobs=jobs, **checked)


def _directory(options: argparse.Namespace) -> Path:
    wanted = out_path(options.out) or Path("runs") / options.scenario
    if options.resume:
        return wanted
    return check_output(wanted) if options.out else free_directory(wanted)


def _run_one(
    name: str,
    options: argparse.Namespace,
    directory: Path,
    *,
    jobs: int | None,
    epochs: int | None,
    seeds: tuple[int, ...] | None,
    first: int,
) -> int:
    from diagnostics.commands.crew import helpers  # noqa: PLC0415 - joblib
    from diagnostics.commands.workbench import Workbench  # noqa: PLC0415 - loads TensorFlow, which naming scenarios can do without

    started = time.monotonic()
    changes = {"epochs": epochs, "data": options.data}
    size = "quick" if options.quick else "thorough" if options.thorough else "usual"
    typed = "python -m diagnostics.run " + " ".join(options.typed)
    resume = options.resume and directory.exists()
    chosen = {"jobs": jobs, "backend": options.backend, "resume": resume, "tensorboard": options.tensorboard}
    with helpers(jobs if options.backend == "loky" else 1):
        bench = Workbench.prepare(name, changes, size=size, arms=options.arms, seeds=seeds, first=first)
        try:
            experiment = bench.train(directory, typed, **chosen)
        except KeyboardInterrupt:
            print(f"\ninterrupted: finished runs are kept in {directory}; continue with --resume", file=sys.stderr)
            return EXIT_INTERRUPTED
    return _conclude(experiment, directory, options, started=started)


def _run_all(options: argparse.Namespace, directory: Path, **checked: Any) -> int:
    """Run every scenario in its own folder and write an index; a failure does not stop the others."""
    from diagnostics.pages.index import write_index  # noqa: PLC0415

    started = time.monotonic()
    failed: dict[str, str] = {}
    statuses = []
    for name in catalogue.names():
        print(f"── {name}", file=sys.stderr)
        try:
            statuses.append(_run_one(name, options, directory / name, **checked))
        except UsageError as error:
            failed[name] = str(error)
            command.print_error(error)
        if statuses[-1:] == [EXIT_INTERRUPTED]:
            break
    print(f"Index: {write_index(directory, failed, time.monotonic() - started)}", file=sys.stderr)
    return max([*statuses, *(EXIT_FAILED for _ in failed)], default=EXIT_FAILED)


def _conclude(experiment: Experiment, directory: Path, options: argparse.Namespace, *, started: float) -> int:
    """Judge the claims, write the report and print the outcome."""
    from diagnostics.pages.conclusion import conclude  # noqa: PLC0415
    from diagnostics.pages.terminal import print_summary  # noqa: PLC0415

    if not any(experiment.runs.values()):
        reasons = "; ".join(sorted({item.reason for item in experiment.incomplete}))
        print(f"error: no training finished: {reasons}", file=sys.stderr)
        return EXIT_FAILED
    conclusion = conclude(experiment, seconds=time.monotonic() - started)
    if options.json:
        print(json.dumps(conclusion.record, indent=2, ensure_ascii=False))
    else:
        print_summary(conclusion.page, conclusion.report)
    for item in experiment.incomplete:
        print(f"{item.status}: {item.arm}, seed {item.seed}: {item.reason}", file=sys.stderr)
    return EXIT_FAILED if experiment.incomplete else exit_status(conclusion.severities, options.fail_on)


if __name__ == "__main__":
    sys.exit(main())
