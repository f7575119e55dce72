"""What judges a stored run, ours or another's, says; and whether that is right."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import diagnostics
from diagnostics.rules import Finding
from diagnostics.runs.run import Run
from tests.benchmarks.judgement.case import Case
from tests.benchmarks.judgement.causes import CAUSES

Severity = Literal["warning", "error"]
SEVERITIES: dict[str, Severity] = {"warning": "warning", "error": "error", "critical": "error"}
"""Severities of findings that count as a complaint; every other one is none."""


@dataclass(frozen=True)
class Complaint:
    """One thing that a judge says is wrong.

    Args:
        says: the judge's own name for it.
        names: the causes, of `causes.CAUSES`, that it names rightly.
        severity: how bad the judge finds it.
        sentence: what it says in words.
    """

    says: str
    names: frozenset[str]
    severity: Severity = "warning"
    sentence: str = ""


@dataclass(frozen=True)
class Judge:
    """Something that judges a stored run.

    Args:
        name: what the tables call it.
        judge: returns complaints, the one to be dealt with first in front; none for a healthy run.
    """

    name: str
    judge: Callable[[Run], Sequence[Complaint]]


@dataclass(frozen=True)
class Judged:
    """What a judge said of a case."""

    case: Case
    complaints: tuple[Complaint, ...]
    seconds: float

    @property
    def first(self) -> Complaint | None:
        """What is to be dealt with first; ``None`` if nothing is wrong."""
        return self.complaints[0] if self.complaints else None

    @property
    def is_flagged(self) -> bool:
        """Whether the judge complains at all."""
        return bool(self.complaints)

    @property
    def has_error(self) -> bool:
        """Whether anything is called an error."""
        return any(complaint.severity == "error" for complaint in self.complaints)

    @property
    def is_right_first(self) -> bool:
        """Whether the first complaint names the cause of an ill case."""
        return self.first is not None and self._names(self.first)

    @property
    def is_right(self) -> bool:
        """Whether any complaint names the cause of an ill case."""
        return any(map(self._names, self.complaints))

    @property
    def is_wrong(self) -> bool:
        """Ill and not rightly named first, or healthy and complained about."""
        return not self.is_right_first if self.case.causes else self.is_flagged

    def _names(self, complaint: Complaint) -> bool:
        return not complaint.names.isdisjoint(self.case.causes)


def judged(judge: Judge, case: Case, run: Run) -> Judged:
    """Judge the stored run of a case."""
    started = time.perf_counter()
    complaints = tuple(judge.judge(run))
    return Judged(case, complaints, time.perf_counter() - started)


def by_diagnose(run: Run) -> list[Complaint]:
    """What `diagnostics.diagnose` says, in its own order."""
    return [_complaint(found) for found in diagnostics.diagnose(run) if found.severity in SEVERITIES]


def _complaint(found: Finding) -> Complaint:
    names = frozenset(cause for cause, rules in CAUSES.items() if found.rule in rules)
    return Complaint(found.rule, names, SEVERITIES[found.severity], str(found))


DIAGNOSE = Judge("diagnostics.diagnose", by_diagnose)
