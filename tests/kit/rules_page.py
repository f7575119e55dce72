"""Writes the table of all rules in ``docs/rules.md``: ``python -m tests.kit.rules_page``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from diagnostics.rules import rules

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
MARK = "<!-- written by python -m tests.kit.rules_page -->\n"


def table() -> str:
    """The rules, symptoms first and then causes in the order in which they are told."""
    return "\n".join(["| rule | what it looks for | needs |", "|---|---|---|", *_rows()]) + "\n"


def _rows() -> Iterator[str]:
    known = [rule() for rule in rules().values()]
    for rule in sorted(known, key=lambda rule: (not rule.is_symptom, rule.rank, rule.name)):
        says = (inspect.getdoc(type(rule)) or "").split("\n\n")[0].replace("\n", " ")
        stage = "symptom" if rule.is_symptom else "cause"
        needs = ", ".join(f"`{column}`" for column in sorted(rule.needs)) or "–"
        yield f"| **{rule.name}** ({stage}) | {says} | {needs} |"


def page(text: str) -> str:
    """The page with its table renewed."""
    return text.partition(MARK)[0] + MARK + "\n" + table()


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
