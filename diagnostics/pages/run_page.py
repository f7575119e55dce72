"""A stored run as a page: what the rules found, and the figures that its columns allow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from diagnostics.pages import run_figures
from diagnostics.pages.html import write_page
from diagnostics.pages.page import Card, Page, Section, Table
from diagnostics.rules import Finding, diagnose
from diagnostics.runs.run import Run
from diagnostics.wording.numerals import percent

LOUD = ("critical", "warning")


def report(run: Run, path: str | os.PathLike[str], findings: Sequence[Finding] | None = None) -> Path:
    """Write the report of one stored run.

    Args:
        run: a run from `diagnostics.load_run`.
        path: the HTML file, such as ``runs/mine/report.html``; figures go to ``figures/`` beside it.
        findings: what the rules found; by default all rules are asked.

    Returns:
        The path of the HTML file.

    Raises:
        UsageError: when the folder cannot be written.
    """
    return write_page(page_of(run, diagnose(run) if findings is None else findings), path)


def page_of(run: Run, findings: Sequence[Finding]) -> Page:
    """The page of one run: the worst finding on top, then the others, then the evidence.

    Args:
        run: a stored run.
        findings: what the rules found, the most severe first.
    """
    return Page(
        kind="run",
        title=run.path.name,
        answer=answer(findings),
        status=status(run),
        sections=tuple(_sections(run, findings)),
        details={key: value for key, value in run.metadata.items() if key != "layer_table"},
    )


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


def _sections(run: Run, findings: Sequence[Finding]) -> Iterator[Section]:
    loud = tuple(
        Card(one.what, one.severity, f"{one.means} {one.do}".strip()) for one in findings if one.severity in LOUD
    )
    quiet = [one for one in findings if one.severity not in LOUD]
    rows = tuple((one.rule.replace("_", " "), one.severity.replace("_", " "), one.what) for one in quiet)
    checked = (
        Table("Checks without a complaint, and checks that could not be made.", ("check", "outcome", "why"), rows),
    )
    if findings:
        yield Section("Findings", cards=loud, tables=checked if rows else ())
    units = {entry["layer"]: entry["units"] for entry in run.layer_table if entry.get("units")}
    named = {"name": run.path.name, "seed": run.seed or 0}
    yield from run_figures.sections(run.layers, run.scalars, **named, events=run.units, units=units)
