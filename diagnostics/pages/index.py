"""The overview of several scenarios: one row per claim, with verdict, effect, interval, replicates, thumbnail and link."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from diagnostics.pages.html import rendered, sheet
from diagnostics.pages.page import first_sentence
from diagnostics.runs.files import written_whole
from diagnostics.wording import numerals

THUMBNAILS = "'self' data: file:"
"""Where the index may load pictures from: its own folder, also when it is opened as a file."""
MINUTES = 3
"""From so many minutes on, a time is given in minutes."""
TITLE = "What courses say about training, measured"


@dataclass(frozen=True)
class ClaimRow:
    """A claim in the index: its verdict, its statement, one line per effect, and the smallest number of replicates."""

    word: str
    statement: str
    effects: tuple[str, ...]
    seeds: int


@dataclass(frozen=True)
class Overview:
    """A scenario in the index; links are relative to the index."""

    name: str
    question: str
    answer: str
    status: str
    scope: str
    objection: str
    source: str
    replicates: tuple[int, ...]
    quick: bool
    link: str
    thumbnail: str
    claims: tuple[ClaimRow, ...]

    @property
    def lead(self) -> str:
        """The answer's first sentence."""
        return first_sentence(self.answer)

    @property
    def rest(self) -> str:
        """What the answer says after its first sentence."""
        return self.answer[len(self.lead) :].strip()

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have each verdict, the most frequent first."""
        return counted([claim.word for claim in self.claims])


def write_index(directory: Path, failed: Mapping[str, str], seconds: float) -> Path:
    """Write ``index.html``, the overview of a folder of scenarios.

    Args:
        directory: the folder; each scenario below it has a ``findings.json``.
        failed: scenarios without a result, and why.
        seconds: total wall time.

    Returns:
        The page's path.
    """
    scenarios = [overview(file) for file in sorted(directory.glob("*/findings.json"))]
    words = [claim.word for scenario in scenarios for claim in scenario.claims]
    counts = ", ".join(f"{count} {word}" for word, count in counted(words).items())
    quick = (
        "quick runs with fewer replicates and epochs, a first look only · "
        if any(one.quick for one in scenarios)
        else ""
    )
    status = f"{quick}{len(words)} claims in {len(scenarios)} scenarios: {counts} · {_time(seconds)}"
    css = sheet("report.css", "index.css")
    page = rendered(
        "index.html.j2", css, pictures=THUMBNAILS, title=TITLE, status=status, scenarios=scenarios, failed=dict(failed)
    )
    with written_whole(directory / "index.html") as file:
        file.write(page.encode())
    return directory / "index.html"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < MINUTES * 60 else f"{seconds / 60:.0f} min"


def counted(words: Sequence[str]) -> dict[str, int]:
    """How often each word occurs, the most frequent first."""
    return dict(Counter(words).most_common())


def overview(findings: Path) -> Overview:
    """One scenario in brief.

    Args:
        findings: the scenario's ``findings.json``.
    """
    record = json.loads(findings.read_text(encoding="utf-8"))
    name = findings.parent.name
    pictures = sorted((findings.parent / "figures").glob("*.png"))
    return Overview(
        name=name,
        question=record["question"],
        answer=record["answer"],
        status=record["status"],
        scope=record.get("scope", ""),
        objection=record.get("objection", ""),
        source=record.get("source", ""),
        replicates=tuple(record.get("replicates", ())),
        quick=record.get("quick", False),
        link=f"{quote(name)}/report.html",
        thumbnail=f"{quote(name)}/figures/{quote(pictures[0].name)}" if pictures else "",
        claims=tuple(_claim(claim["word"], claim["statement"], claim["parts"]) for claim in record["claims"]),
    )


def _claim(word: str, statement: str, parts: Sequence[Mapping[str, Any]]) -> ClaimRow:
    verdicts = [(part["label"], part["verdict"]) for part in parts]
    effects = tuple(f"{label}: {_effect(**verdict)}" for label, verdict in verdicts)
    return ClaimRow(word, statement, effects, min((verdict["seeds"] for _, verdict in verdicts), default=0))


def _effect(effect: float, low: float, high: float, unit: str, **_: object) -> str:
    unit = f"({unit})" if unit[:1].isdigit() else unit  # "0.09 1 − R²" would read as two numbers
    return f"{numerals.found(float(effect), float(low), float(high))} {unit}".strip()
