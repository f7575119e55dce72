"""Judges a stored scenario and writes its report and ``findings.json``. Loads no TensorFlow."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from diagnostics.pages import scenario_page
from diagnostics.pages.html import write_page
from diagnostics.pages.page import Page
from diagnostics.rules import diagnose
from diagnostics.runs.experiment import Experiment
from diagnostics.runs.files import write_json
from diagnostics.verdict.claims import JudgedClaim, judge_claims


@dataclass(frozen=True)
class Conclusion:
    """The outcome of a scenario.

    Attributes:
        page: for the terminal.
        report: the HTML file.
        record: what ``findings.json`` holds.
    """

    page: Page
    report: Path
    record: dict[str, Any]

    @property
    def severities(self) -> list[str]:
        """Of all findings, in the first run of every arm."""
        return severities_of(self.record["findings"])


def findings_of(experiment: Experiment) -> dict[str, list[dict[str, Any]]]:
    """What the rules find in the first run of every arm."""
    first = {arm: next(iter(runs.values())) for arm, runs in experiment.runs.items() if runs}
    return {arm: [asdict(finding) for finding in diagnose(run)] for arm, run in first.items()}


def severities_of(findings: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """The severities among the findings of all arms."""
    return [finding["severity"] for found in findings.values() for finding in found]


def conclude(experiment: Experiment, *, seconds: float | None = None) -> Conclusion:
    """Judge a stored scenario and write ``report.html``, ``figures/`` and ``findings.json`` into its folder.

    Args:
        experiment: a stored scenario with at least one finished run.
        seconds: wall time of the scenario, shown in the report.

    Raises:
        UsageError: the folder cannot be written.
    """
    with _heap_set_aside():
        return store(experiment, *judge(experiment, seconds=seconds))


def judge(experiment: Experiment, *, seconds: float | None = None) -> tuple[Page, dict[str, Any]]:
    """The page of a stored scenario, and what ``findings.json`` holds; nothing is written."""
    judged = judge_claims(experiment)
    page = scenario_page.page_of(experiment, judged)
    if seconds is not None:
        page = replace(page, status=f"{page.status} · {seconds:.0f} s")
    return page, _record(experiment, page, judged)


def store(experiment: Experiment, page: Page, record: dict[str, Any]) -> Conclusion:
    """Write what :func:`judge` gave into the scenario's folder."""
    write_json(experiment.path / "findings.json", record)
    return Conclusion(page, write_page(page, experiment.path / "report.html"), record)


@contextmanager
def _heap_set_aside() -> Iterator[None]:
    """Exempt existing objects from garbage collection: after training, graphs amount to a million objects."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _record(experiment: Experiment, page: Page, judged: list[JudgedClaim]) -> dict[str, Any]:
    return {
        "scenario": experiment.metadata["scenario"],
        "question": page.title,
        "answer": page.answer,
        "status": page.status,
        "quick": scenario_page.is_quick(experiment),
        "scope": experiment.plan.scope,
        "objection": experiment.plan.objection,
        "source": experiment.plan.source,
        "replicates": list(experiment.plan.seeds),
        "claims": [asdict(claim) for claim in judged],
        "findings": findings_of(experiment),
    }
