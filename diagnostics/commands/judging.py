"""Options of the commands that judge runs: thresholds of rules, and the severity from which on a command fails."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, get_type_hints

from diagnostics.wording.severities import LOUD
from probes.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from diagnostics.rules import Rule

EXIT_FOUND = 3
"""A finding is at least as severe as ``--fail-on`` says."""


def add_fail_on(parser: argparse.ArgumentParser) -> None:
    """Add ``--fail-on``."""
    parser.add_argument(
        "--fail-on", choices=sorted(LOUD), help=f"exit with status {EXIT_FOUND} when a finding is that severe, or more"
    )


def exit_status(severities: Iterable[str], fail_on: str | None) -> int:
    """``EXIT_FOUND`` when a severity is at least that of ``--fail-on``, else 0.

    Args:
        severities: of all findings.
        fail_on: ``"warning"``, ``"error"``, or None for never.
    """
    failing = {"warning": LOUD, "error": LOUD[:1], None: ()}[fail_on]
    return EXIT_FOUND if any(severity in failing for severity in severities) else 0


def rules_with(settings: Sequence[str]) -> list[Rule]:
    """All rules, some with other thresholds.

    Args:
        settings: each as ``rule.field=value``.

    Raises:
        UsageError: a setting of another form, or no such rule, field or value.
    """
    from diagnostics.rules import rules  # noqa: PLC0415 - they load pandas, which a parser does not need

    chosen = {name: rule() for name, rule in rules().items()}
    for setting in settings:
        name, field, value = _parts(setting)
        if name not in chosen:
            raise unknown_name("rule", name, chosen)
        chosen[name] = _changed(chosen[name], field, value)
    return list(chosen.values())


def _parts(setting: str) -> tuple[str, str, str]:
    target, equals, value = setting.partition("=")
    name, dot, field = target.partition(".")
    if not (equals and dot and field and value):
        raise UsageError(
            what="this sets no threshold",
            where="--set",
            got=repr(setting),
            do="write rule.field=value, such as dead_units.warning=0.2",
        )
    return name, field, value


def _changed(rule: Rule, field: str, value: str) -> Rule:
    known = [each.name for each in fields(type(rule))]
    if field not in known:
        raise unknown_name(f"threshold of {rule.name}", field, known)
    kind = get_type_hints(type(rule))[field]
    try:
        return replace(rule, **{field: kind(value)})
    except ValueError as error:
        raise UsageError(
            what="this is no value for the threshold",
            where=f"--set {rule.name}.{field}",
            got=repr(value),
            do="give a whole number" if kind is int else "give a number",
        ) from error
