"""The command ``python -m diagnostics.report RUN``: judges stored results again and writes their page, without TensorFlow."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from diagnostics.commands import command
from diagnostics.commands.callable_module import make_callable
from diagnostics.commands.follow import Rendered, follow
from diagnostics.commands.judging import add_fail_on, exit_status
from diagnostics.commands.options import out_path
from diagnostics.pages.html import write_page
from diagnostics.pages.markdown import markdown
from diagnostics.pages.page import Page
from diagnostics.pages.record_of_page import record
from diagnostics.pages.run_page import page_of, report
from diagnostics.pages.terminal import print_summary
from diagnostics.rules import diagnose
from diagnostics.runs import embedded, manifest
from diagnostics.runs.experiment import Experiment, load_experiment
from diagnostics.runs.files import json_text
from diagnostics.runs.folders import check_free, is_page
from diagnostics.runs.run import load_run
from probes.errors import UsageError

__all__ = ["main", "report"]

EXAMPLES = """examples:
  python -m diagnostics.report runs/mine
  python -m diagnostics.report runs/vanishing_gradient --out elsewhere/page.html
  python -m diagnostics.report runs/mine --markdown > comment.md
  python -m diagnostics.report runs/mine --follow                        # beside the training
  python -m diagnostics.report runs/mine --embed-data --out mine.html    # a page that load_run() reads back

exit codes: 0 done; 2 wrong usage, or nothing there to report on; 3 a finding is as severe as --fail-on says"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report of a stored run or scenario, and its summary on standard output.

    Returns the exit code: 0 done, 2 wrong usage, 3 a finding as severe as ``--fail-on``.
    """
    return command.read(_parser(), _report, arguments)


def _report(options: argparse.Namespace) -> int:
    folder, out = Path(options.folder), out_path(options.out)
    if out is None and is_page(folder) and not options.text:
        raise UsageError(
            what="a page is not replaced by its own report",
            where=f"report {folder}",
            got="no --out",
            do="add --out FILE",
        )
    if out is not None and not options.force:
        check_free(out)
    kind = _kind(folder, options)
    if options.follow:
        judged, path = _followed(folder, out, options.embed_data)
        print_summary(judged.page, path)
        return exit_status(judged.severities, options.fail_on)
    judged = JUDGES[kind](folder)
    if options.text:
        print(TEXTS[options.text](judged.page), end="")
    if out or not options.text:
        path = judged.write(out, options.embed_data, 0)
        if not options.text:
            print_summary(judged.page, path)
    return exit_status(judged.severities, options.fail_on)


def _followed(folder: Path, out: Path | None, embed_data: bool) -> tuple[Judged, Path]:
    """Judge and write a run until it ends."""

    def render(refresh: int) -> Rendered[Judged]:
        judged = _of_run(folder)
        return Rendered(judged.page, judged.write(out, embed_data, refresh), judged)

    last = follow(folder, render)
    return last.judged, last.path


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("report", "Judge a stored run or scenario again and write its report.", EXAMPLES)
    parser.add_argument("folder", metavar="RUN", help="folder of a run or of a whole scenario, or a page with its data")
    parser.add_argument("--out", metavar="FILE", help="the page (default RUN/report.html); figures go beside it")
    parser.add_argument(
        "--embed-data", action="store_true", help="keep the tables in the page: diagnostics.load_run(FILE)"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it is there")
    texts = parser.add_mutually_exclusive_group()
    texts.add_argument("--follow", action="store_true", help="render again while the run goes on; Ctrl-C ends it")
    for name, what in (("markdown", "Markdown, for a pull request"), ("json", "JSON (docs/report.schema.json)")):
        say = f"print {what}; the page is then written only with --out"
        texts.add_argument(f"--{name}", dest="text", action="store_const", const=name, help=say)
    add_fail_on(parser)
    return parser


@dataclass(frozen=True)
class Judged:
    """What there is to report.

    Args:
        page: the content.
        severities: of all findings.
        write: writes the page to a file, or to its own place in the folder if that is None, with the run's tables in it or
            not, and the seconds after which it reloads itself; returns where it is.
    """

    page: Page
    severities: list[str]
    write: Callable[[Path | None, bool, int], Path]


def _of_run(folder: Path) -> Judged:
    run = load_run(folder)
    findings = diagnose(run)
    page = page_of(run, findings)
    severities = [finding.severity for finding in findings]

    def write(out: Path | None, embed_data: bool, refresh: int) -> Path:
        kept = replace(page, refresh=refresh, run=embedded.block(run) if embed_data else "")
        return write_page(kept, out or folder / "report.html")

    return Judged(page, severities, write)


def _of_scenario(folder: Path) -> Judged:
    """In its own folder the verdicts are renewed with the page; a page elsewhere leaves the folder as it is."""
    from diagnostics.pages import conclusion  # noqa: PLC0415 - the statistics of verdicts take half a second to load

    experiment = load_experiment(folder)
    _check_finished(experiment)
    page, found = conclusion.judge(experiment)

    def write(out: Path | None, *_: object) -> Path:
        return write_page(page, out) if out else conclusion.store(experiment, page, found).report

    return Judged(page, conclusion.severities_of(found["findings"]), write)


def _kind(folder: Path, options: argparse.Namespace) -> str:
    """What the folder holds; options that only a single run can have are refused for others."""
    kind = manifest.kind_of(folder)
    chosen = [name for name, given in (("--embed-data", options.embed_data), ("--follow", options.follow)) if given]
    if chosen and (kind == "scenario" or (options.follow and is_page(folder))):
        raise UsageError(
            what="this option is for the folder of one run",
            where=" ".join(chosen),
            got=str(folder),
            do="leave it out, or give one run's folder: SCENARIO/arms/ARM/seed-0",
        )
    return kind


def _check_finished(experiment: Experiment) -> None:
    if not any(experiment.runs.values()):
        raise UsageError(
            what="a scenario without a finished run cannot be judged",
            where=str(experiment.path),
            got=repr(experiment),
            do="go on with it: python -m diagnostics.run SCENARIO --resume --out " + str(experiment.path),
        )


def _json(page: Page) -> str:
    return json_text(record(page))


JUDGES = {"run": _of_run, "scenario": _of_scenario}
"""How each kind of folder is judged."""
TEXTS = {"markdown": markdown, "json": _json}
"""The forms in which a report is printed for other programs."""


make_callable(__name__)

if __name__ == "__main__":
    sys.exit(main())
