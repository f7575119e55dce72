"""Scores as Markdown, which reads as well in a terminal as in the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.benchmarks.judgement.causes import CAUSES
from tests.benchmarks.judgement.judge import Judged
from tests.benchmarks.judgement.score import Score


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table with aligned columns."""
    lines = [[*heads], *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([texts[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *texts[1:]])


def all_of(scores: Sequence[Score]) -> str:
    """Every table; the first judge is ours."""
    ours = scores[0]
    parts = {
        "Summary": overall(scores),
        "Cause by tool": by_cause(scores),
        "Recall of our rules": recall(ours),
        "Precision of our rules": precision(ours),
        "Confusion of our rules": confusion(ours),
        "Judged wrongly by our rules": wrong(ours),
    }
    count = f"{len(ours.ill)} ill and {len(ours.healthy)} healthy trainings."
    return "\n\n".join([count, *(f"### {head}\n\n{part}" for head, part in parts.items())])


def overall(scores: Sequence[Score]) -> str:
    """One row a judge: detected, diagnosed, false alarms."""
    heads = ["judge", *scores[0].overall]
    return table(heads, [[score.judge, *score.overall.values()] for score in scores])


def by_cause(scores: Sequence[Score]) -> str:
    """One row a cause, one column a judge: how many of its cases it complains about, and in how many it names the cause first."""
    rows = []
    for cause in CAUSES:
        shares = [score.of_cause(cause) for score in scores]
        if shares[0][0].total:
            cells = [f"{detected.hits} / {first.hits}" for detected, first, _ in shares]
            rows.append([cause, shares[0][0].total, *cells])
    healthy = [f"{share(score)}" for score in scores]
    rows.append(["*healthy that got a complaint*", len(scores[0].healthy), *healthy])
    return table(["cause", "cases", *(score.judge for score in scores)], rows)


def share(score: Score) -> int:
    """How many healthy cases a judge complains about."""
    return score.overall["healthy with a complaint"].hits


def recall(score: Score) -> str:
    """One row a cause, with intervals."""
    rows = [[cause, *map(str, score.of_cause(cause))] for cause in CAUSES if score.of_cause(cause)[0].total]
    return table(["true cause", "detected", "right cause first", "right cause anywhere"], rows)


def precision(score: Score) -> str:
    """One row a rule: how often it is right when it comes first, and how often the training is ill when it speaks."""
    rows = [[says, *map(str, score.of_rule(says))] for says in score.said]
    return table(["rule", "right when first", "ill when it speaks"], rows)


def confusion(score: Score) -> str:
    """True cause against what was said first, entries that are not zero."""
    rows = [[cause, says, count] for (cause, says), count in sorted(score.confusion.items())]
    return table(["true cause", "said first", "cases"], rows)


def wrong(score: Score) -> str:
    """Each case that was judged wrongly, with what was said first."""
    return "\n".join(map(_line, score.wrong)) or "None."


def _line(each: Judged) -> str:
    truth = f"ill: {' or '.join(each.case.causes)}" if each.case.causes else "healthy"
    said = ", ".join(f"{complaint.says} ({complaint.severity})" for complaint in each.complaints) or "nothing"
    first = f"\n  - {each.first.sentence}" if each.first and each.first.sentence else ""
    return f"- `{each.case.full_name}` is {truth}; said: {said}.{first}"
