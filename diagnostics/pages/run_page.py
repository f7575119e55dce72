"""A stored run as a page: what the rules found, and a figure for each recorded statistic."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from diagnostics.pages import run_figures
from diagnostics.pages.headline import LOUD, answer, status
from diagnostics.pages.html import write_page
from diagnostics.pages.page import Card, Page, Section, Table
from diagnostics.rules import Finding, diagnose
from diagnostics.runs.of_reading import as_run
from diagnostics.runs.run import Run


def report(run: Any, path: str | os.PathLike[str], findings: Sequence[Finding] | None = None) -> Path:
    """Write the report of one stored run.

    Args:
        run: a run from `diagnostics.load_run`, or a ``probes.Reading``.
        path: the HTML file, such as ``runs/mine/report.html``; figures go to ``figures/`` beside it.
        findings: what the rules found; by default, those of all rules.

    Returns:
        The path of the HTML file.

    Raises:
        UsageError: when the folder cannot be written.
    """
    run = as_run(run)
    return write_page(page_of(run, diagnose(run) if findings is None else findings), path)


def page_of(run: Run, findings: Sequence[Finding]) -> Page:
    """The page of one run: the worst finding first, then the others, then the figures.

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


def _sections(run: Run, findings: Sequence[Finding]) -> Iterator[Section]:
    loud = tuple(
        Card(one.what, one.severity, f"{one.means} {one.do}".strip()) for one in findings if one.severity in LOUD
    )
    quiet = [one for one in findings if one.severity not in LOUD]
    rows = tuple((one.rule.replace("_", " "), one.severity.replace("_", " "), one.what) for one in quiet)
    checked = (Table("Checks passed or skipped", ("check", "outcome", "why"), rows),)
    if findings:
        yield Section("Findings", cards=loud, tables=checked if rows else ())
    units = {entry["layer"]: entry["units"] for entry in run.layer_table if entry.get("units")}
    named = {"name": run.path.name, "seed": run.seed or 0}
    yield from run_figures.sections(run.layers, run.scalars, **named, events=run.units, units=units)
