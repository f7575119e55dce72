"""Write the page of verdicts: ``python -m tests.kit.claims_table RUNS AGAIN docs/claims.md``.

RUNS and AGAIN are folders of ``diagnostics.run all --thorough`` with different replicates; a scenario that is missing in one of
them is shown as not run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from diagnostics.commands import catalogue
from diagnostics.pages.index import Overview, overview
from scenarios.shared import source

HEAD = """# What came out

Two runs of `python -m diagnostics.run all --thorough` with different replicates, side by side: *first* and *again*. Replicates below
1,000 served for development; those shown here begin at 1,000, and arms, thresholds and sentences were fixed before. Each scenario
shows the hash of its file and of what it imports; a test fails when one of them has changed since.
[verdicts.md](verdicts.md) explains words, intervals and methods. Numbers that depend on the machine (`layer_width`) hold for the one
that this was run on.
"""

NOT_RUN = "not run with this version of the scenario"


def source_of(name: str) -> str:
    """The hash of a scenario, as ``Scenario.source`` gives it."""
    return source.source_of(catalogue.files()[name])


def page(first: Path, again: Path) -> Iterator[str]:
    """The page, block by block.

    Args:
        first: a folder that ``diagnostics.run all`` has written, with replicates from 1,000 on.
        again: the same with other replicates.
    """
    found = {name: [_result(folder, name) for folder in (first, again)] for name in catalogue.names()}
    yield HEAD
    yield "| question | answer |\n|---|---|"
    for name, (one, _) in found.items():
        yield f"| [{catalogue.about(name).splitlines()[0]}](#{name}) | {one.answer if one else NOT_RUN} |"
    for name, (one, two) in found.items():
        yield f"\n## {name}\n"
        if one is None:
            yield f"`{source_of(name)}`: {NOT_RUN}."
        else:
            yield from _section(one, two)


def _result(folder: Path, name: str) -> Overview | None:
    """A scenario's result, unless there is none or it was made with another version of its file."""
    file = folder / name / "findings.json"
    if not file.exists():
        return None
    result = overview(file)
    published = min(result.replicates, default=0) >= 1000
    return result if published and result.source == source_of(name) else None


def _section(one: Overview, two: Overview | None) -> Iterator[str]:
    yield f"`{one.source}` **{one.question}** {one.answer}\n\n({one.status})\n\n{one.scope}\n"
    yield "| first | again | statement | effect, by part | replicates |\n|---|---|---|---|---|"
    seconds = {claim.statement: claim.word for claim in two.claims} if two else {}
    for claim in one.claims:
        word = seconds.get(claim.statement, "–")
        yield f"| {claim.word} | {word} | {claim.statement} | {'<br>'.join(claim.effects)} | {claim.seeds} |"
    yield f"\nA sceptic could still object: {one.objection}"


if __name__ == "__main__":
    first, again, to = map(Path, sys.argv[1:])
    to.write_text("\n".join(page(first, again)) + "\n", encoding="utf-8")
