"""What a run comes to in two sentences: its worst finding, and what that rests on. Needs no page and no figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from diagnostics.rules import Finding
from diagnostics.runs.run import Run
from diagnostics.wording.numerals import percent

LOUD = ("critical", "warning")
"""Severities that the answer and the findings' cards show."""


def answer(findings: Sequence[Finding]) -> str:
    """One sentence: the most severe finding, or that all that could be checked is clean."""
    loud = [finding for finding in findings if finding.severity in LOUD]
    if loud:
        return loud[0].what
    clean = sum(finding.severity == "clean" for finding in findings)
    if not clean:
        return "No rule could be evaluated on what this run recorded."
    checks = "the one check that could be made is" if clean == 1 else f"all {clean} checks that could be made are"
    return f"Nothing suspicious: {checks} clean."


def status(run: Run) -> str:
    """What the report rests on: status, steps, layers, seed."""
    steps = pd.concat([table["step"] for table in (run.layers, run.scalars) if "step" in table]).to_numpy()
    facts = [f"run {run.status}", f"steps {steps.min():,} to {steps.max():,}" if len(steps) else "no steps recorded"]
    facts += [f"{len(run.layer_table)} layer{'s' * (len(run.layer_table) > 1)}"] if run.layer_table else []
    facts += [f"seed {run.seed}"] if run.seed is not None else []
    facts += [_cost(run.metadata["cost"])] if run.metadata.get("cost") else []
    return " · ".join(facts)


def _cost(cost: Mapping[str, Any]) -> str:
    """What measuring cost, as far as it could be told from the run itself."""
    written = f"{cost['closing']:.1f} s to close the record"
    if cost["share"] is None:
        return f"cost of measuring unknown, too few steps were timed, and {written}"
    return f"measuring cost {percent(cost['share'])} of the steps' time, and {written}"
