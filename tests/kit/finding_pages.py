"""Writes a page on each finding into ``docs/findings/``: ``python -m tests.kit.finding_pages``.

How it is measured comes from the rule's docstring; what it means, false friends and what to do from `diagnostics.wording.about`.
"""

from __future__ import annotations

import inspect
from pathlib import Path

from diagnostics.rules import Rule, rules
from diagnostics.wording.about import TEXTS
from diagnostics.wording.findings import title
from tests.kit.api_pages import markdown

FOLDER = Path(__file__).parents[2] / "docs" / "findings"
NOTE = "<!-- written by python -m tests.kit.finding_pages -->"


def pages() -> dict[str, str]:
    """The pages by file name: one for each rule, and an index."""
    known = {name: rule() for name, rule in rules().items()}
    found = {f"{name}.md": page(rule) for name, rule in known.items()}
    return {"index.md": index(known), **found}


def page(rule: Rule) -> str:
    """The page on one finding."""
    means, friends, do = TEXTS[rule.name]
    says, measured = _parts(rule)
    stage = "A symptom: what training came to." if rule.is_symptom else "A cause: why training came to what it did."
    needs = ", ".join(f"`{column}`" for column in sorted(rule.needs))
    needed = f"\n\nIt needs {needs}; [what is recorded](../record.md) says which probe gives them." if needs else ""
    rows = [
        f"# {title(rule.name)[:1].upper()}{title(rule.name)[1:]}\n\n{NOTE}",
        f"`{rule.name}`. {says} {stage}",
        f"## What it means\n\n{means}",
        f"## How it is measured\n\n{measured}{needed}",
        f"## False friends\n\n{friends}",
        f"## What to do\n\n{do}",
        "[All findings](index.md) · [How rules judge](../rules.md)",
    ]
    return "\n\n".join(rows) + "\n"


def index(known: dict[str, Rule]) -> str:
    """The list of all pages, in the order in which findings are told."""
    ordered = sorted(known.values(), key=lambda rule: (not rule.is_symptom, rule.rank, rule.name))
    rows = [f"- [{title(rule.name)}]({rule.name}.md): {_parts(rule)[0]}" for rule in ordered]
    head = "What each finding of a report means, how it is measured, what looks like it and is not, and what to do."
    return "\n".join([f"# Findings\n\n{NOTE}\n\n{head}\n", *rows]) + "\n"


def _parts(rule: Rule) -> tuple[str, str]:
    """The first sentence of a rule's docstring, and the rest as Markdown."""
    says, _, rest = (inspect.getdoc(type(rule)) or "").partition("\n\n")
    return says.replace("\n", " "), markdown(rest).replace("*Args*", "Thresholds, each a field of the rule:")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
