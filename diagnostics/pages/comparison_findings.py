"""Which findings appeared or went away from one run to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from diagnostics.pages.letter import OUTCOMES
from diagnostics.pages.page import Table
from diagnostics.rules import LOUD, Finding, diagnose
from diagnostics.runs.run import Run
from diagnostics.wording.findings import title
from diagnostics.wording.numerals import MISSING
from diagnostics.wording.severities import SEVERITIES

Found = Mapping[str, Mapping[str, Finding]]
"""By run and rule."""


def found_in(runs: Mapping[str, Run]) -> Found:
    """What the rules find in each run, by rule."""
    return {name: {one.rule: one for one in diagnose(run)} for name, run in runs.items()}


def findings_table(found: Found) -> Table | None:
    """The findings that ask for something in at least one run, the worst first; ``None`` without any.

    Args:
        found: result of :func:`found_in`.
    """
    rules = _loud(found)
    if not rules:
        return None
    two = len(found) == 2
    rows = tuple(
        (title(rule), *(_cell(own.get(rule)) for own in found.values()), *((_change(found, rule),) if two else ()))
        for rule in rules
    )
    header = ("finding", *found, *(("change",) if two else ()))
    return Table("What the rules find in each run.", header, rows)


def changes(found: Found) -> str:
    """A sentence about two runs: what appears in the second, and what is gone; empty for more, or if nothing changes."""
    if len(found) != 2:
        return ""
    _, second = found
    gone = [title(rule) for rule in _loud(found) if _change(found, rule) == "gone"]
    new = [title(rule) for rule in _loud(found) if _change(found, rule) == "new"]
    told = {"Gone in": gone, "New in": new}
    return " ".join(f"{word} {second}: {_listed(names)}." for word, names in told.items() if names)


MOST = 3
"""Most findings that a sentence names."""


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST
    return ", ".join(names[:MOST]) + (f" and {more} more" if more > 0 else "")


def _loud(found: Found) -> list[str]:
    worst: dict[str, int] = {}
    for own in found.values():
        for rule, one in own.items():
            if one.severity in LOUD:
                worst[rule] = min(worst.get(rule, len(SEVERITIES)), SEVERITIES.index(one.severity))
    return sorted(worst, key=worst.__getitem__)


def _cell(one: Finding | None) -> str:
    if one is None:
        return MISSING
    if one.severity not in LOUD:
        return OUTCOMES.get(one.severity, "not checked")
    since = f", since step {min(one.steps):,}" if one.steps and min(one.steps) else ""
    cause = f", follows from {title(one.explained_by)}" if one.explained_by else ""
    return f"{one.severity}{since}{cause}"


def _change(found: Found, rule: str) -> str:
    before, after = (own.get(rule) for own in found.values())
    was, is_now = (one is not None and one.severity in LOUD for one in (before, after))
    if was and is_now:
        return "in both"
    lost = after if was else before
    if lost is None or lost.severity == "not_evaluated":
        return "not comparable"
    return "gone" if was else "new"
