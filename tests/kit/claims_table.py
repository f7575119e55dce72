"""Write the page of verdicts from two folders of results: ``python -m tests.kit.claims_table RUNS AGAIN docs/claims.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from diagnostics.pages.index import ClaimRow, overview

HEAD = """# What came out

One run of `python -m diagnostics.run all` with its defaults, and one with eight other seeds (*again*: 100 to 107), for some
settings were chosen after a first look at the default ones. Effects are means over the default seeds, paired by seed where an
arm is compared with a control, with their 95 % interval; a verdict needs the whole interval on one side of its threshold.
Numbers that depend on the machine (`layer_width`) hold for the one that this was run on: 2 cores of an AMD EPYC.
"""


def page(results: Path, again: Path) -> Iterator[str]:
    """The page, block by block.

    Args:
        results: the folder that ``diagnostics.run all`` has written.
        again: the same with other seeds.
    """
    scenarios = [overview(file) for file in sorted(results.glob("*/findings.json"))]
    yield HEAD
    yield "| question | answer |\n|---|---|"
    yield "\n".join(f"| [{each.question}](#{each.name}) | {each.answer} |" for each in scenarios) + "\n"
    for scenario in scenarios:
        second = overview(again / scenario.name / "findings.json")
        yield f"## {scenario.name}\n"
        yield f"**{scenario.question}** {scenario.answer}\n\n({scenario.status})\n"
        yield "| verdict | again | statement | effect, by part | seeds |\n|---|---|---|---|---|"
        yield "\n".join(map(_row, scenario.claims, second.claims)) + "\n"
        yield f"A sceptic could still object: {scenario.objection}\n"


def _row(claim: ClaimRow, second: ClaimRow) -> str:
    effects = "<br>".join(claim.effects)
    return f"| {claim.word} | {second.word} | {claim.statement} | {effects} | {claim.seeds} |"


if __name__ == "__main__":
    first, again, to = map(Path, sys.argv[1:])
    to.write_text("\n".join(page(first, again)), encoding="utf-8")
