"""The command ``python -m diagnostics.diagnose RUN``: what went wrong in a stored run, without TensorFlow."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from diagnostics.commands import command
from diagnostics.commands.callable_module import make_callable
from diagnostics.commands.judging import add_fail_on, exit_status, rules_with
from diagnostics.rules import Finding, diagnose
from diagnostics.runs.files import plain
from diagnostics.runs.run import load_run

__all__ = ["diagnose", "main"]

EXAMPLES = """examples:
  python -m diagnostics.diagnose runs/mine
  python -m diagnostics.diagnose runs/mine --set dead_units.warning=0.3 --fail-on error

exit codes: 0 done; 2 wrong usage, or nothing there to judge; 3 a finding is as severe as --fail-on says"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what the rules find in a stored run, the thing to fix first.

    Returns the exit code: 0 done, 2 wrong usage, 3 a finding as severe as ``--fail-on``.
    """
    return command.read(_parser(), _diagnose, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("diagnose", "Say what is wrong with a stored run, and what to try.", EXAMPLES)
    parser.add_argument("folder", metavar="RUN", help="folder of a run")
    parser.add_argument(
        "--set", action="append", default=[], metavar="RULE.FIELD=VALUE", help="change a threshold; may be repeated"
    )
    parser.add_argument("--all", action="store_true", help="also list the checks that passed or could not run")
    parser.add_argument("--json", action="store_true", help="print all findings as JSON")
    add_fail_on(parser)
    return parser


def _diagnose(options: argparse.Namespace) -> int:
    chosen = rules_with(options.set)
    findings = diagnose(load_run(Path(options.folder)), chosen)
    if options.json:
        print(json.dumps([plain(asdict(finding)) for finding in findings], indent=2, ensure_ascii=False))
    else:
        print("\n".join(_lines(findings, everything=options.all)))
    return exit_status((finding.severity for finding in findings), options.fail_on)


def _lines(findings: Sequence[Finding], *, everything: bool) -> Iterator[str]:
    for finding in findings:
        if finding.severity in ("error", "warning", "info") or everything:
            because = f" (explained by {finding.explained_by})" if finding.explained_by else ""
            yield f"{finding.severity.replace('_', ' ')}: {finding.rule}{because}: {finding.what}"
            yield from (f"    {sentence}" for sentence in (finding.means, finding.do) if sentence)
    severities = [finding.severity for finding in findings]
    yield f"{severities.count('clean')} checks passed, {severities.count('not_evaluated')} could not run" + (
        "." if everything else "; --all lists them."
    )


make_callable(__name__)

if __name__ == "__main__":
    sys.exit(main())
