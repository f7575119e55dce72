"""Whether the labels are true: ill cases do worse than their healthy twins, and healthy ones learn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.judgement import store
from tests.benchmarks.judgement.case import Case

WORSE = 0.05
"""Skill that a fault must cost. A twentieth: with 590 held-out digits, beyond two standard errors of a difference."""
LEARNS = 0.2
"""Skill that a healthy training must reach: a fifth of the way from the best constant to perfect."""


def doubts(cases: Mapping[str, Case], out: Path) -> dict[str, str]:
    """By full name, why a case's label is in doubt; cases that were not trained are left out."""
    found = {}
    for name, case in cases.items():
        trained = store.read(case, out)
        if trained is not None and (reason := _doubt(case, trained, cases, out)):
            found[name] = reason
    return found


def _doubt(case: Case, trained: store.Trained, cases: Mapping[str, Case], out: Path) -> str:
    skill = trained.outcome.skill if trained.outcome else None
    if case.kind == "healthy":
        if skill is None:
            return f"healthy, and raised {trained.error}"
        return "" if skill >= LEARNS else f"healthy, and has skill {skill:.2f} only"
    twin = store.read(cases[case.twin], out) if case.twin in cases else None
    if twin is None or twin.outcome is None:
        return f"its twin {case.twin} raised {twin.error}" if twin else ""
    if not store.folder_of(case, out).exists():
        return f"left no run: {trained.error}"
    if skill is None or skill <= twin.outcome.skill - WORSE:
        return ""
    return f"ill, and has skill {skill:.2f}, its twin {twin.outcome.skill:.2f}"
