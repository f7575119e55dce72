"""The overview of several scenarios: one row per claim, with verdict, effect, interval, replicates, thumbnail and link."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diagnostics.pages.html import rendered
from diagnostics.runs.files import written_whole
from diagnostics.wording import numerals

TITLE = "What courses say about training, measured"


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
    words = [claim["word"] for scenario in scenarios for claim in scenario["claims"]]
    counts = ", ".join(
        f"{words.count(word)} {word}" for word in dict.fromkeys(sorted(words, key=words.count, reverse=True))
    )
    status = f"{len(words)} claims in {len(scenarios)} scenarios: {counts} · {seconds:.0f} s"
    page = rendered("index.html.j2", title=TITLE, status=status, scenarios=scenarios, failed=dict(failed))
    with written_whole(directory / "index.html") as file:
        file.write(page.encode())
    return directory / "index.html"


def overview(findings: Path) -> dict[str, Any]:
    """One scenario in brief: question, answer, status, objection, links, and each claim with verdict, effects and replicates.

    Args:
        findings: the scenario's ``findings.json``.
    """
    record = json.loads(findings.read_text(encoding="utf-8"))
    name = findings.parent.name
    pictures = sorted((findings.parent / "figures").glob("*.png"))
    return {
        "name": name,
        "question": record["question"],
        "answer": record["answer"],
        "status": record["status"],
        "scope": record.get("scope", ""),
        "objection": record.get("objection", ""),
        "source": record.get("source", ""),
        "replicates": record.get("replicates", []),
        "link": f"{name}/report.html",
        "thumbnail": f"{name}/figures/{pictures[0].name}" if pictures else "",
        "claims": [_claim(claim) for claim in record["claims"]],
    }


def _claim(claim: Mapping[str, Any]) -> dict[str, Any]:
    verdicts = [(part["label"], part["verdict"]) for part in claim["parts"]]
    return {
        "word": claim["word"],
        "statement": claim["statement"],
        "effects": [f"{label}: {_effect(verdict)}" for label, verdict in verdicts],
        "seeds": min((verdict["seeds"] for _, verdict in verdicts), default=0),
    }


def _effect(verdict: Mapping[str, Any]) -> str:
    numbers = (float(verdict[key]) for key in ("effect", "low", "high"))
    return f"{numerals.estimate(*numbers)} {verdict['unit']}".strip()
