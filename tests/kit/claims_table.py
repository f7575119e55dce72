"""Write the page of verdicts: ``python -m tests.kit.claims_table RUNS AGAIN docs/claims.md``.

RUNS and AGAIN are folders of ``diagnostics.run all --thorough`` with different replicates; a scenario that is missing in one of
them is shown as not run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from diagnostics.commands import catalogue
from diagnostics.pages.index import Overview, overview
from scenarios.shared import source

HEAD = """# What came out

Two runs of `python -m diagnostics.run all --thorough` with different replicates, side by side: *first* and *again*. Replicates below
1,000 served for development; those shown here lie above, and arms, thresholds and sentences were fixed before.

Earlier versions (replicates below those shown) were read by sceptics, who found answers that said more or less than their tables. So
margins were set that 24 replicates can decide, each with its reason; learning rates were spread until the best one lies inside;
controls were added; conjunctions were split where one word covered two answers; and answers name the cases and the sizes. After each
change everything that it touched was run again, with replicates that nobody had seen. Each scenario shows the hash of its file and of
what it imports; a test fails when one of them has changed since.

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
    yield from _stability(found.values())
    yield "| question | answer |\n|---|---|"
    for name, (one, _) in found.items():
        yield f"| [{catalogue.about(name).splitlines()[0]}](#{name}) | {one.answer if one else NOT_RUN} |"
    for name, (one, two) in found.items():
        yield f"\n## {name}\n"
        if one is None:
            yield f"`{source_of(name)}`: {NOT_RUN}."
        else:
            yield from _section(one, two)


def _stability(results: Iterable[Sequence[Overview | None]]) -> Iterator[str]:
    """How many verdicts are others with other replicates."""
    pairs = []
    for one, two in results:
        again = {claim.statement: claim.word for claim in two.claims} if two else {}
        pairs += [
            (claim.word, again[claim.statement]) for claim in (one.claims if one else ()) if claim.statement in again
        ]
    if pairs:
        flipped = sum(set(pair) == {"supported", "refuted"} for pair in pairs)
        changed, opened = (
            sum(one != two for one, two in pairs),
            [sum(pair[run] == "open" for pair in pairs) for run in (0, 1)],
        )
        yield (
            f"Of {len(pairs)} claims, {flipped} change between supported and refuted from the first run to the second, and {changed} "
            f"change at all; {opened[0]} are open in the first and {opened[1]} in the second.\n"
        )


def _result(folder: Path, name: str) -> Overview | None:
    """A scenario's result, unless there is none or it was made with another version of its file."""
    file = folder / name / "findings.json"
    if not file.exists():
        return None
    result = overview(file)
    published = min(result.replicates, default=0) >= 1000
    return result if published and result.source == source_of(name) else None


def _section(one: Overview, two: Overview | None) -> Iterator[str]:
    yield f"`{one.source}` **{one.question}** {one.answer}\n\n({one.status}; {_drawn(one, two)})\n\n{one.scope}\n"
    yield "| first | again | statement | effect, by part | replicates |\n|---|---|---|---|---|"
    seconds = {claim.statement: claim.word for claim in two.claims} if two else {}
    for claim in one.claims:
        word = seconds.get(claim.statement, "–")
        yield f"| {claim.word} | {word} | {claim.statement} | {'<br>'.join(claim.effects)} | {claim.seeds} |"
    yield f"\nA sceptic could still object: {one.objection}"


def _drawn(one: Overview, two: Overview | None) -> str:
    """Which replicates each run had."""
    spans = [f"{min(each.replicates):,} to {max(each.replicates):,}" for each in (one, two) if each]
    return f"replicates {' and '.join(spans)}"


if __name__ == "__main__":
    first, again, to = map(Path, sys.argv[1:])
    to.write_text("\n".join(page(first, again)) + "\n", encoding="utf-8")
