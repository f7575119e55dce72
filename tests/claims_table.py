"""Writes the page of verdicts from a folder of results: ``python -m tests.claims_table runs/all docs/claims.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from diagnostics.index_page import told

HEAD = """# What came out

One run of `python -m diagnostics.run all` with its defaults. Effects are means over the seeds, paired by seed where an arm is
compared with a control, with their 95 % interval; a verdict needs the whole interval on one side of its threshold. Numbers that
depend on the machine (`layer_width`) hold for the one that this was run on: 2 cores of an AMD EPYC.
"""


def page(results: Path) -> Iterator[str]:
    """The page, block by block.

    Args:
        results: the folder that ``diagnostics.run all`` has written.
    """
    scenarios = [told(file) for file in sorted(results.glob("*/findings.json"))]
    yield HEAD
    yield "| question | answer |\n|---|---|"
    yield "\n".join(f"| [{each['question']}](#{each['name']}) | {each['answer']} |" for each in scenarios) + "\n"
    for scenario in scenarios:
        yield f"## {scenario['name']}\n"
        yield f"**{scenario['question']}** {scenario['answer']}\n\n({scenario['status']})\n"
        yield "| verdict | statement | effect, by part | seeds |\n|---|---|---|---|"
        yield "\n".join(map(_row, scenario["claims"])) + "\n"
        yield f"A sceptic could still object: {scenario['objection']}\n"


def _row(claim: Mapping[str, Any]) -> str:
    return f"| {claim['word']} | {claim['statement']} | {'<br>'.join(claim['effects'])} | {claim['seeds']} |"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text("\n".join(page(Path(sys.argv[1]))), encoding="utf-8")
