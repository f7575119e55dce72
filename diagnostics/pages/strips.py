"""Effects as small pictures on a card: where each interval lies, and the range that it is compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnostics.wording import numerals

if TYPE_CHECKING:  # verdicts need scipy.stats, half a second to load, and a run's page has none
    from diagnostics.verdict.claims import JudgedPart
    from diagnostics.verdict.verdict import Verdict

MARGIN = 0.06
"""Free share of a strip at either end."""
EXACT = "check of the instrument"
"""The test of what holds to the bit, which needs no interval."""


@dataclass(frozen=True)
class Strip:
    """One part of a claim. Places are in per cent of the strip's width; without a strip, they are all 0.

    Args:
        label: the case; empty where it is the only one.
        word: its verdict.
        text: effect and interval.
        effect: place of the effect.
        low: place of the interval's lower end.
        high: place of its upper end.
        start: where the range begins that it is compared with.
        end: where that range ends.
        zero: where 0 is; ``None`` where the strip does not reach it.
    """

    label: str
    word: str
    text: str
    effect: float = 0.0
    low: float = 0.0
    high: float = 0.0
    start: float = 0.0
    end: float = 0.0
    zero: float | None = None

    @property
    def drawn(self) -> bool:
        """Whether there is something to see beside the text."""
        return self.high > 0


def strips(parts: Sequence[JudgedPart]) -> tuple[Strip, ...]:
    """The parts of a claim; those that are compared with the same range share a scale.

    Args:
        parts: of one claim.
    """
    return tuple(_strip(part, _scale([each.verdict for each in parts if _alike(each, part)])) for part in parts)


def found(verdict: Verdict) -> str:
    """The effect with its interval, with as many digits as it takes to see on which side of a bound its ends are."""
    bounds = [bound for bound in _compared(verdict) if math.isfinite(bound)]
    return numerals.found(verdict.effect, verdict.low, verdict.high, bounds)


def _alike(one: JudgedPart, other: JudgedPart) -> bool:
    return _compared(one.verdict) == _compared(other.verdict)


def _compared(verdict: Verdict) -> tuple[float, float]:
    """The range that the effect is compared with; open ends are infinite."""
    if verdict.margin is not None:
        return verdict.threshold - verdict.margin, verdict.threshold + verdict.margin
    return (verdict.threshold, math.inf) if verdict.expects == "greater" else (-math.inf, verdict.threshold)


def _scale(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    values = [value for each in verdicts for value in (each.effect, each.low, each.high, *_compared(each))]
    known = [value for value in values if math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    room = MARGIN * (high - low)
    return low - room, high + room


def _strip(part: JudgedPart, scale: tuple[float, float]) -> Strip:
    verdict = part.verdict
    text = Strip(part.label, verdict.word, found(verdict))
    if verdict.test == EXACT or scale[0] == scale[1] or math.isnan(verdict.effect):
        return text
    places = (verdict.effect, verdict.low, verdict.high, *_compared(verdict))
    zero = _place(0.0, scale) if scale[0] < 0 < scale[1] else None
    return Strip(part.label, verdict.word, text.text, *(_place(value, scale) for value in places), zero=zero)


def _place(value: float, scale: tuple[float, float]) -> float:
    share = (min(max(value, scale[0]), scale[1]) - scale[0]) / (scale[1] - scale[0])
    return round(100 * share, 2)
