"""What came of trying remedies, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from diagnostics.measures.remedied import Remedied, confirmed, ranked
from diagnostics.rules.finding import Finding, Remedy
from diagnostics.runs.json_value import Json
from diagnostics.statistics.intervals import Interval, interval_of
from diagnostics.wording.numerals import short


@dataclass(frozen=True)
class Found:
    """A warning or error of the program as it is.

    Args:
        finding: as first found.
        seeds: in how many seeds it was found.
    """

    finding: Finding
    seeds: int


@dataclass(frozen=True)
class Outcome:
    """Everything that was tried.

    Args:
        seeds: the seeds.
        skills: of the program as it is, by seed.
        found: its warnings and errors, the one to fix first in front.
        tried: remedies with what they changed.
        not_tried: why, by remedy.
    """

    seeds: Sequence[int]
    skills: Sequence[float]
    found: Sequence[Found]
    tried: Sequence[Remedied] = ()
    not_tried: Mapping[str, str] = field(default_factory=dict)


def in_words(remedy: Remedy) -> str:
    """A remedy in words, such as ``learning_rate × 0.1``."""
    if set(remedy.settings) == {"factor"}:
        return f"{remedy.change} × {short(remedy.settings['factor'])}"
    told = ", ".join(
        f"{value}" if name in ("class", "policy", remedy.change) else f"{name} {value}"
        for name, value in remedy.settings.items()
    )
    return f"{remedy.change} ({told})" if told else remedy.change


def lines(outcome: Outcome) -> Iterator[str]:
    """The outcome in lines: before, what was tried from best to worst, what was not, what is confirmed."""
    count = len(outcome.seeds)
    yield f"As it is, {count} seeds: skill {_interval(interval_of(np.asarray(outcome.skills)), signed=False)}."
    yield "    (0 is the best constant prediction and 1 a perfect one, on held-out data.)"
    if not outcome.found:
        yield "Nothing to remedy: no warning in most of the seeds."
        return
    for one in outcome.found:
        yield f"{one.finding.severity}, {one.seeds} of {count} seeds: {one.finding.rule}: {one.finding.what}"
    if outcome.tried:
        yield "Tried, the best first: skill afterwards − before, mean and 95 % interval over seeds."
    width = max((len(one.remedy) for one in outcome.tried), default=0)
    for one in ranked(outcome.tried):
        yield f"    {one.remedy:<{width}}  {_interval(one.effect)}  {one.word}{_of_what(one)}"
    for remedy, why in outcome.not_tried.items():
        yield f"Not tried: {remedy}: {why}."
    causes = confirmed(outcome.tried)
    for cause in causes:
        best = next(one for one in ranked(outcome.tried) if one.cause == cause)
        yield f"Confirmed: {cause}. {best.remedy} cures it."
    if not causes:
        yield "No cause is confirmed: nothing that was tried cures one."


def as_json(outcome: Outcome) -> Json:
    """The outcome as JSON holds it."""
    return {
        "seeds": [*outcome.seeds],
        "skills": [*outcome.skills],
        "found": [
            {"rule": one.finding.rule, "severity": one.finding.severity, "seeds": one.seeds, "what": one.finding.what}
            for one in outcome.found
        ],
        "tried": [
            {
                "remedy": one.remedy,
                "cause": one.cause,
                "outcome": one.word,
                "effect": one.effect.estimate,
                "low": _known(one.effect.low),
                "high": _known(one.effect.high),
                "before": [*one.before],
                "after": [*one.after],
                "remaining": one.remaining,
            }
            for one in ranked(outcome.tried)
        ],
        "not_tried": dict(outcome.not_tried),
        "confirmed": [*confirmed(outcome.tried)],
    }


def _of_what(one: Remedied) -> str:
    if one.word == "cures":
        return f" {one.cause}"
    return f"; {one.cause} is still found" if one.word == "helps" else ""


def _interval(interval: Interval, *, signed: bool = True) -> str:
    sign = "+" if signed and interval.estimate > 0 else ""
    known = np.isfinite(interval.low) and np.isfinite(interval.high)
    ends = f"{short(interval.low)} to {short(interval.high)}" if known else "more seeds for an interval"
    return f"{sign}{short(interval.estimate)} ({ends})"


def _known(bound: float) -> float | None:
    """JSON knows no infinity."""
    return bound if np.isfinite(bound) else None
