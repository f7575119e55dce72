"""The command ``python -m diagnostics.report RUN``: judges stored results again and writes their page, without TensorFlow."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from diagnostics.commands import command
from diagnostics.commands.callable_module import make_callable
from diagnostics.commands.judging import add_fail_on, exit_status
from diagnostics.pages import conclusion, scenario_page
from diagnostics.pages.html import write_page
from diagnostics.pages.page import Page
from diagnostics.pages.run_page import page_of, report
from diagnostics.pages.terminal import print_summary
from diagnostics.rules import diagnose
from diagnostics.runs import manifest
from diagnostics.runs.experiment import Experiment, load_experiment
from diagnostics.runs.folders import check_free
from diagnostics.runs.run import load_run
from diagnostics.verdict.claims import judge_claims
from probes.errors import UsageError

__all__ = ["main", "report"]

EXAMPLES = """examples:
  python -m diagnostics.report runs/mine
  python -m diagnostics.report runs/vanishing_gradient --out elsewhere/page.html

exit codes: 0 done; 2 wrong usage, or nothing there to report on; 3 a finding is as severe as --fail-on says"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report of a stored run or scenario, and its summary on standard output.

    Returns the exit code: 0 done, 2 wrong usage, 3 a finding as severe as ``--fail-on``.
    """
    return command.run(_parser(), _report, arguments)


def _report(options: argparse.Namespace) -> int:
    folder, out = Path(options.folder), Path(options.out) if options.out else None
    if out is not None and not options.force:
        check_free(out)
    page, path, severities = REPORTS[manifest.kind_of(folder)](folder, out)
    print_summary(page, path)
    return exit_status(severities, options.fail_on)


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("report", "Judge a stored run or scenario again and write its report.", EXAMPLES)
    parser.add_argument("folder", metavar="RUN", help="folder of a run, or of a whole scenario")
    parser.add_argument("--out", metavar="FILE", help="the page (default RUN/report.html); figures go beside it")
    parser.add_argument("--force", action="store_true", help="replace FILE if it is there")
    add_fail_on(parser)
    return parser


def _of_run(folder: Path, out: Path | None) -> tuple[Page, Path, list[str]]:
    run = load_run(folder)
    findings = diagnose(run)
    page = page_of(run, findings)
    return page, write_page(page, out or folder / "report.html"), [finding.severity for finding in findings]


def _of_scenario(folder: Path, out: Path | None) -> tuple[Page, Path, list[str]]:
    """In its own folder the verdicts are renewed with the page; a page elsewhere leaves the folder as it is."""
    experiment = load_experiment(folder)
    _check_finished(experiment)
    if out is None:
        concluded = conclusion.conclude(experiment)
        return concluded.page, concluded.report, concluded.severities
    severities = conclusion.severities_of(conclusion.findings_of(experiment))
    page = scenario_page.page_of(experiment, judge_claims(experiment))
    return page, write_page(page, out), severities


def _check_finished(experiment: Experiment) -> None:
    if not any(experiment.runs.values()):
        raise UsageError(
            what="a scenario without a finished run cannot be judged",
            where=str(experiment.path),
            got=repr(experiment),
            do="go on with it: python -m diagnostics.run SCENARIO --resume --out " + str(experiment.path),
        )


REPORTS = {"run": _of_run, "scenario": _of_scenario}
"""How each kind of folder is reported on."""


make_callable(__name__)

if __name__ == "__main__":
    sys.exit(main())
