"""The page of verdicts is not older than the scenarios, and shows no development replicates."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from diagnostics.commands import catalogue
from tests.kit.claims_table import NOT_RUN, page, source_of

PAGE = Path("docs/claims.md").read_text(encoding="utf-8")
REMEDY = (
    "run python -m diagnostics.run all --thorough --first 1000 and again with --first 2000, then tests.kit.claims_table"
)


@pytest.mark.parametrize("name", catalogue.names())
def test_a_section_is_of_the_scenario_as_it_is(name):
    found = re.search(rf"^## {name}\n\n`([0-9a-f]{{12}})`", PAGE, re.MULTILINE)
    assert found and found[1] == source_of(name), f"docs/claims.md is older than {name}: {REMEDY}"


def result(folder: Path, name: str, **changes) -> None:
    verdict = {"effect": 1.0, "low": 0.5, "high": 1.5, "unit": "nats", "seeds": 24}
    claim = {"word": "supported", "statement": "It is so.", "parts": [{"label": "all", "verdict": verdict}]}
    record = {
        "question": "Is it?",
        "answer": "Yes.",
        "status": "24 replicates",
        "scope": "Varied: it.",
        "objection": "One machine.",
    }
    record |= {"source": source_of(name), "replicates": [1000, 1001], "claims": [claim]} | changes
    (folder / name).mkdir(parents=True)
    (folder / name / "findings.json").write_text(json.dumps(record))


def test_both_runs_are_shown_side_by_side(tmp_path):
    result(tmp_path / "a", "dead_relu")
    other = {"word": "open", "statement": "It is so.", "parts": []}
    result(tmp_path / "b", "dead_relu", claims=[other])
    text = "\n".join(page(tmp_path / "a", tmp_path / "b"))
    assert "| supported | open | It is so. | all: 1.0 [0.5, 1.5] nats | 24 |" in text
    assert source_of("dead_relu") in text and "Varied: it." in text


@pytest.mark.parametrize("changes", [{"source": "000000000000"}, {"replicates": [0, 1]}])
def test_results_of_another_version_or_of_development_are_not_published(tmp_path, changes):
    result(tmp_path, "dead_relu", **changes)
    text = "\n".join(page(tmp_path, tmp_path))
    assert text.count(NOT_RUN) == 2 * len(catalogue.names())
