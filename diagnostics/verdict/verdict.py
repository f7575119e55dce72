"""Verdicts: whether the effects measured over several seeds support a statement."""

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
    """A verdict on a statement, with the evidence for it.

    Args:
        word: supported, refuted or inconclusive.
        effect: mean or median of the paired effects, in ``unit``.
        low, high: bounds of its confidence interval, in ``unit``.
        confidence: level of the interval; 1 for an exact statement.
        seeds: number of seeds with an effect.
        p_value: two-sided test against the threshold; for ``equal``, test against both margins; NaN if there is no test.
        test: name of the test, or the reason there is none.
        expects: the direction that the statement predicts: greater, less or equal.
        threshold: the value that the effect is compared with, in ``unit``.
        margin: half-width of the equivalence region, in ``unit``; None unless ``equal``.
        unit: unit of effect, bounds, threshold and margin.
        statistic: ``"mean"`` or ``"median"``, whichever the effect is.
        note: a caveat, such as missing seeds; empty if there is none.
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
    """Judge a statement about an effect from its value at each seed.

    Formula: ``greater`` is supported when low > threshold and refuted when high < threshold, ``less`` the reverse;
    ``equal`` is supported when [low, high] lies within threshold ± margin and refuted when it lies entirely outside.
    All other cases are inconclusive, as is an interval below 95 % confidence; ``intervals.interval_of`` computes it.

    Args:
        effects: paired difference at each seed, ``[seeds]``, in ``unit``. NaN marks a missing pair: dropped and noted.
            ±Inf marks an outcome that was never reached: it enters by rank, and a verdict then needs six seeds.
        expects: ``"greater"``, ``"less"`` or ``"equal"``.
        threshold: the value that the effect is compared with, in ``unit``.
        margin: for ``equal``: the largest difference that does not matter, in ``unit``.
        unit: unit shown to readers, such as ``"decades per layer"``.
        exact: the statement is deterministic, such as bit-equality: it is supported if it holds at every seed and
            refuted by one counterexample, with any number of seeds.

    Returns:
        The verdict.

    Raises:
        UsageError: unknown expectation, non-finite threshold, or a margin that is missing, negative or not allowed.

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
        treated: measured value by seed in one arm.
        control: the same in the arm it is compared with.

    Returns:
        ``[seeds]`` in ascending order of seed, NaN where only one arm has the seed or both values are infinite: such
        pairs count as missing, not equal.

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
    """Combine the verdicts on a statement's parts.

    Args:
        words: the verdict word of each part.

    Returns:
        Mixed when some parts are supported and others refuted, or any is mixed; else inconclusive when any part is
        inconclusive or there are none; else the word that all share.

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
    """Whether the statement holds at every seed; with seeds missing, only a counterexample decides it."""
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
            what="the threshold is not a finite number",
            where="the argument threshold",
            got=repr(threshold),
            do="pass a finite number",
        )
    if (margin is not None) != (expects == "equal") or (margin is not None and not margin >= 0):
        raise UsageError(
            what="'equal' needs an equivalence margin; 'greater' and 'less' take none",
            where="the arguments expects and margin",
            got=f"expects={expects!r}, margin={margin!r}",
            do="with 'equal', pass the largest negligible difference (0 or more); otherwise omit margin",
        )
