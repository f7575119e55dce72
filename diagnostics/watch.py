"""Watch an unmodified script: ``python -m diagnostics.watch train.py [its arguments]``.

Runs the script as it is, as a profiler does, with probes in every ``keras.Model.fit`` and in every loop that steps a Keras
optimizer with a tape; writes a run and a report for each.
"""

from __future__ import annotations

import argparse
import itertools
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.commands import command
from diagnostics.commands.judging import add_fail_on, exit_status
from diagnostics.commands.options import out_path
from diagnostics.commands.scripts import check_target, run_target, short_name
from diagnostics.commands.when_imported import when_imported
from diagnostics.training.fit.budget import parse_budget
from probes.errors import UsageError

if TYPE_CHECKING:
    from diagnostics.pages.trainings import Training
    from diagnostics.training.watch.process import WatchedProcess

OUT = Path("runs/watch")
NOTHING = "no training was seen: no fit, and no gradient tape"
NOT_FOLLOWED = "training was seen, but none was recorded:"
PROCESSES = "the script started {} other {}, which watch does not follow"
NO_BUDGET = (
    "--budget applies to fit only: steps of a hand-written loop cannot be timed from outside, so their cadence stays"
)
EXAMPLES = """examples:
  python -m diagnostics.watch train.py --epochs 3
  python -m diagnostics.watch --budget 5% --out runs/mine -m package.module

Output, exceptions and exit code are the script's own. Options of watch go before the script.
exit codes: those of the script; 2 wrong usage, nothing was run; 3 the script succeeded, and a finding is as severe as --fail-on says"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what was typed after the command; that of the process when not given.

    Returns:
        The script's exit status; 2 for wrong usage.

    Raises:
        SystemExit: raised by the script.
    """
    own, rest = _split(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(own)
    try:
        if options.target is None:
            raise _no_target()
        check_target(options.target, module=options.module)
        out_path(options.out)
        budget = parse_budget(options.budget)
    except UsageError as error:
        command.print_error(error)
        return command.EXIT_USAGE
    typed = shlex.join(["python", "-m", "diagnostics.watch", *own, *rest])
    return _watch(options, rest, typed, budget)


def _watch(options: argparse.Namespace, rest: list[str], typed: str, budget: float | None) -> int:
    next_directory = _numbering(
        (out_path(options.out) or OUT).resolve(), short_name(options.target, module=options.module)
    )
    watched: list[WatchedProcess] = []
    severities: list[str] = []
    status = "finished"
    with ExitStack() as stack:

        def begin() -> None:
            try:
                from diagnostics.training.watch.process import WatchedProcess  # noqa: PLC0415 - Keras, when the script has imported it

                watched.append(WatchedProcess(next_directory, typed, budget))
                stack.enter_context(watched[-1].installed())
            except Exception as error:  # watching must not break the script
                print(f"watch: nothing is watched: {error}", file=sys.stderr)

        with when_imported(("tensorflow", "keras"), begin):
            try:
                code, status = run_target(options.target, rest, module=options.module)
            finally:
                stack.close()
                for each in watched:
                    each.end(status)
                    _say(*_reported(each, typed, severities))
                if not watched:
                    _say(NOTHING)
    return code or exit_status(severities, options.fail_on)


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split the arguments: those of watch with the target, and those of the script."""
    own: list[str] = []
    left = iter(arguments)
    for argument in left:
        own.append(argument)
        if argument in ("--budget", "--out", "--fail-on"):
            own += itertools.islice(left, 1)
        elif not argument.startswith("-"):
            break
    return own, list(left)


def _parser() -> argparse.ArgumentParser:
    parser = command.parser(
        "watch",
        "Run an unmodified training script with probes in every fit; writes a run and a report for each.",
        EXAMPLES,
        usage="python -m diagnostics.watch [--budget SHARE] [--out DIR] [--fail-on SEVERITY] SCRIPT|-m MODULE [its arguments]",
    )
    parser.add_argument("target", nargs="?", metavar="SCRIPT|MODULE", help="what to run")
    parser.add_argument("-m", dest="module", action="store_true", help="the target is a module, as for python -m")
    parser.add_argument(
        "--budget",
        metavar="SHARE",
        help="measure less often so that probes cost at most this share of training, such as 5%% or 0.05",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"folder for the runs (default {OUT})")
    add_fail_on(parser)
    return parser


def _no_target() -> UsageError:
    where = "python -m diagnostics.watch SCRIPT"
    return UsageError(
        what="no script was named", where=where, got="nothing", do="give a Python file, or -m and a module"
    )


def _numbering(folder: Path, name: str) -> Callable[[], Path]:
    """``name-1``, ``name-2``, ... in a folder, past those that are there."""
    numbers = itertools.count(1)

    def following() -> Path:
        return next(path for number in numbers if not (path := folder / f"{name}-{number}").exists())

    return following


def _say(*lines: str) -> None:
    for line in lines:
        print(f"watch: {line}", file=sys.stderr)


def _reported(watched: WatchedProcess, typed: str, severities: list[str]) -> Iterator[str]:
    """Write the reports, and say where they are and what was not measured; errors here must not affect the script.

    Adds the severities of the findings.
    """
    reasons = watched.unseen.all_reasons()
    if not watched.directories:
        yield NOT_FOLLOWED if reasons else NOTHING
    for reason, times in reasons.items():
        yield f"not measured ({times} times): {reason}"
    if (processes := watched.unseen.processes) and not watched.directories:
        yield PROCESSES.format(processes, "process" if processes == 1 else "processes")
    if watched.budget is not None and watched.has_loops:
        yield NO_BUDGET
    yield from _reports(watched.directories, typed, severities)


def _reports(directories: Sequence[Path], typed: str, severities: list[str]) -> Iterator[str]:
    """A line for each training, and one for the index of several."""
    from diagnostics.pages.trainings import write_trainings  # noqa: PLC0415

    trainings: list[Training] = []
    for directory in directories:
        try:
            trainings.append(_report(directory, severities))
            yield f"{trainings[-1].about}: {trainings[-1].answer} Report: {trainings[-1].report}"
        except Exception as error:
            yield f"no report for {directory}: {error}"
    if len(trainings) > 1:
        try:
            yield f"Index: {write_trainings(trainings, typed, trainings[0].run.path / 'index.html')}"
        except Exception as error:
            yield f"no index of the trainings: {error}"


def _report(directory: Path, severities: list[str]) -> Training:
    from diagnostics.pages.headline import answer  # noqa: PLC0415
    from diagnostics.pages.run_page import report  # noqa: PLC0415
    from diagnostics.pages.trainings import Training  # noqa: PLC0415
    from diagnostics.rules import diagnose  # noqa: PLC0415
    from diagnostics.runs.run import load_run  # noqa: PLC0415

    run = load_run(directory)
    findings = diagnose(run)
    severities += [finding.severity for finding in findings]
    return Training(run, answer(findings), report(run, directory / "report.html", findings))


if __name__ == "__main__":
    sys.exit(main())
