"""Verdicts: what the effects of several seeds say about a statement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from diagnostics.statistics.intervals import CONFIDENCE, Interval, interval_of
from diagnostics.statistics.significance import adjust, location_test
from diagnostics.wording import numerals, statements
from probes.errors import UsageError, unknown_name

Word = Literal["supported", "refuted", "mixed", "inconclusive"]
EXPECTATIONS = ("greater", "less", "equal")

__all__ = ["EXPECTATIONS", "Verdict", "Word", "adjust", "combine", "judge", "paired_effects"]


@dataclass(frozen=True)
class Verdict:
    """A word on a statement, with all that it rests on.

    Args:
        word: supported, refuted or inconclusive.
        effect: location of the paired effects, in ``unit``.
        low, high: its interval, in ``unit``.
        confidence: of the interval; 1 for an exact statement.
        seeds: number of effects that it rests on.
        p_value: two-sided against the threshold; of both margins for ``equal``; NaN where there is no test.
        test: the test's name, or why there is none.
        expects: what the statement says of the effect: greater, less or equal.
        threshold: what it is compared with, in ``unit``.
        margin: half-width of equivalence, in ``unit``; None unless ``equal``.
        unit: of effect, bounds, threshold and margin.
        statistic: what the effect is: mean or median.
        note: what a reader must know besides, such as missing seeds; else empty.
    """

    word: Word
    effect: float
    low: float
    high: float
    confidence: float
    seeds: int
    p_value: float
    test: str
    expects: str
    threshold: float
    margin: float | None
    unit: str
    statistic: str
    note: str

    def _repr_html_(self) -> str:
        return statements.statement(self.word, str(self).partition(": ")[2])

    def __str__(self) -> str:
        """One line: word, effect with interval, seeds, p-value, note."""
        number = f"{numerals.short(self.effect)} {numerals.interval(self.low, self.high)} {self.unit}".rstrip()
        facts = [number, f"{self.seeds} seed{'s' * (self.seeds != 1)}", numerals.p_value(self.p_value), self.note]
        return f"{self.word}: {', '.join(fact for fact in facts if fact)}"


def judge(
    effects: ArrayLike,
    *,
    expects: str,
    threshold: float = 0.0,
    margin: float | None = None,
    unit: str = "",
    exact: bool = False,
) -> Verdict:
    """Judge a statement about an effect from its value at every seed.

    Formula: ``greater`` is supported when low > threshold and refuted when high < threshold, ``less`` the reverse;
    ``equal`` is supported when [low, high] lies within threshold ± margin and refuted when it lies wholly outside.
    Everything else is inconclusive, as is an interval of less than 95 %; ``intervals.interval_of`` makes the interval.

    Args:
        effects: paired difference of every seed, ``[seeds]``, in ``unit``. NaN is a missing pair: dropped, and noted.
            ±Inf is an outcome that was never reached: it counts by its rank, and then six seeds are needed.
        expects: ``"greater"``, ``"less"`` or ``"equal"``.
        threshold: what the effect is compared with, in ``unit``.
        margin: for ``equal``: the largest difference that does not matter, in ``unit``.
        unit: for people, such as ``"decades per layer"``.
        exact: the statement admits no chance, such as bit-equality: it is supported when it holds at every seed and
            refuted by one counterexample, with any number of seeds.

    Returns:
        The verdict.

    Raises:
        UsageError: unknown expectation, or a margin that is missing, negative or out of place.

    Examples:
        >>> print(judge([0.61, 0.63, 0.62, 0.64, 0.65], expects="greater", unit="decades per layer"))
        supported: 0.63 [0.61, 0.65] decades per layer, 5 seeds, p = 0.062
        >>> judge([0.0, 0.0, 0.1], expects="equal", margin=0.0, exact=True).word
        'refuted'
    """
    _check(expects, threshold, margin)
    values = np.asarray(effects, np.float64).ravel()
    used = values[~np.isnan(values)]
    if exact:
        interval, word = _exactly(used, values.size, expects, threshold, margin or 0.0)
        p_value, test = math.nan, "none: the statement is exact"
    else:
        interval = interval_of(used)
        word = _word(interval, expects, threshold, margin or 0.0)
        p_value, test = location_test(used - threshold, margin)
    return Verdict(
        word=word,
        effect=interval.estimate,
        low=interval.low,
        high=interval.high,
        confidence=interval.confidence,
        seeds=used.size,
        p_value=p_value,
        test=test,
        expects=expects,
        threshold=threshold,
        margin=margin,
        unit=unit,
        statistic=interval.statistic,
        note=_note(interval, values.size - used.size, exact),
    )


def paired_effects(treated: Mapping[int, float], control: Mapping[int, float]) -> np.ndarray:
    """Difference of two arms, seed by seed.

    Formula: treated[s] − control[s].

    Args:
        treated: the measure of every seed in one arm.
        control: the same in the arm that it is compared with.

    Returns:
        ``[seeds]`` in the order of the seeds, NaN where only one arm has the seed, or where both are infinite: such
        pairs are missing, not equal.

    Examples:
        >>> paired_effects({0: 1.5, 1: 2.0}, {0: 1.0, 2: 1.0}).tolist()
        [0.5, nan, nan]
    """
    seeds = sorted(treated.keys() | control.keys())
    with np.errstate(invalid="ignore"):
        return np.subtract(
            [treated.get(seed, np.nan) for seed in seeds],
            [control.get(seed, np.nan) for seed in seeds],
            dtype=np.float64,
        )


def combine(words: Iterable[str]) -> Word:
    """The word on a statement whose parts were judged one by one.

    Args:
        words: the word of every part.

    Returns:
        Mixed when some parts are supported and others refuted, or any is mixed; else inconclusive when any part is
        inconclusive or there is none; else the word that all share.

    Examples:
        >>> combine(["supported", "refuted"]), combine(["supported", "supported"])
        ('mixed', 'supported')
    """
    found = set(words)
    if "mixed" in found or {"supported", "refuted"} <= found:
        return "mixed"
    if "inconclusive" in found or not found:
        return "inconclusive"
    return "supported" if found == {"supported"} else "refuted"


def _word(interval: Interval, expects: str, threshold: float, margin: float) -> Word:
    if interval.confidence < CONFIDENCE:
        return "inconclusive"
    low, high = interval.low - threshold, interval.high - threshold
    if expects == "equal":
        holds, fails = -margin <= low and high <= margin, low > margin or high < -margin
    else:
        above, below = low > 0, high < 0
        holds, fails = (above, below) if expects == "greater" else (below, above)
    return "supported" if holds else "refuted" if fails else "inconclusive"


def _exactly(used: np.ndarray, wanted: int, expects: str, threshold: float, margin: float) -> tuple[Interval, Word]:
    """Whether the statement holds at every seed; one counterexample outweighs missing seeds, nothing else does."""
    if not used.size:
        return interval_of(used), "inconclusive"
    deviation = used - threshold
    holds = {"greater": deviation > 0, "less": deviation < 0, "equal": np.abs(deviation) <= margin}[expects]
    interval = Interval(float(np.median(used)), float(used.min()), float(used.max()), 1.0, "median")
    if holds.all():
        return interval, "supported" if used.size == wanted else "inconclusive"
    return interval, "refuted"


def _note(interval: Interval, missing: int, exact: bool) -> str:
    notes = [f"{missing} seed{'s' * (missing != 1)} missing"] if missing else []
    if not exact and interval.statistic == "median":
        notes.append(f"infinite effects: median with {numerals.percent(interval.confidence)} confidence")
    if 0 < interval.confidence < CONFIDENCE:
        notes.append("six seeds would reach 95 %")
    return "; ".join(notes)


def _check(expects: str, threshold: float, margin: float | None) -> None:
    if expects not in EXPECTATIONS:
        raise unknown_name("expectation", expects, EXPECTATIONS)
    if not math.isfinite(threshold):
        raise UsageError(
            what="an effect cannot be compared with this",
            where="the argument threshold",
            got=repr(threshold),
            do="pass a finite number",
        )
    if (margin is not None) != (expects == "equal") or (margin is not None and not margin >= 0):
        raise UsageError(
            what="'equal' needs a margin of equivalence, and nothing else takes one",
            where="the arguments expects and margin",
            got=f"expects={expects!r}, margin={margin!r}",
            do="with 'equal', pass the largest difference that does not matter (0 or more); else leave margin out",
        )
