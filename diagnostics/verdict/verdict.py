"""Verdicts: whether the effects measured over several replicates support a statement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from diagnostics.statistics.evidence import Evidence, sample
from diagnostics.statistics.order import OrderStatistics
from diagnostics.statistics.student import student
from diagnostics.wording import numerals, statements
from probes.errors import UsageError, unknown_name

Word = Literal["supported", "refuted", "mixed", "open"]
EXPECTATIONS = ("greater", "less", "equal")
ALONE = 0.025
"""One-sided level of a verdict that stands alone: its interval has 95 %."""

__all__ = ["EXPECTATIONS", "Verdict", "Word", "combine", "judge", "paired_effects", "tails", "verdict_of"]


@dataclass(frozen=True)
class Verdict:
    """A verdict on a statement, with the evidence for it.

    Args:
        word: supported, refuted or open.
        effect: what was measured, such as the mean of the paired effects, in ``unit``.
        low, high: bounds of its interval, in ``unit``; the interval decides the word.
        confidence: level of the interval.
        seeds: number of replicates with an effect.
        p_value: one-sided, for the word; for an open verdict the smaller of the two; NaN if there is no test.
        test: the method.
        expects: the direction that the statement predicts: greater, less or equal.
        threshold: the value that the effect is compared with, in ``unit``.
        margin: half-width of the equivalence region, in ``unit``; None unless ``equal``.
        unit: unit of effect, bounds, threshold and margin.
        statistic: what the effect is: ``"mean"``, ``"median"``, ``"share"``, ...
        note: a caveat, such as failed runs; empty if there is none.
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
    note: str = ""

    @property
    def is_bounded(self) -> bool:
        """Whether the interval has at least one end."""
        return math.isfinite(self.low) or math.isfinite(self.high)

    @property
    def bound(self) -> str:
        """What an open verdict has established: how large the effect can be at most, or the range that it lies in."""
        if not math.isfinite(self.low) or not math.isfinite(self.high):
            ends = [f"above {numerals.short(self.low)}"] * math.isfinite(self.low)
            ends += [f"below {numerals.short(self.high)}"] * math.isfinite(self.high)
            return f"{ends[0]} {self.unit}".rstrip() if ends else "no bound yet"
        if self.low <= self.threshold <= self.high and self.threshold == 0:
            return f"differs by less than {numerals.short(max(-self.low, self.high))} {self.unit}".rstrip()
        return f"between {numerals.short(self.low)} and {numerals.short(self.high)} {self.unit}".rstrip()

    def _repr_html_(self) -> str:
        return statements.statement(self.word, str(self).partition(": ")[2])

    def __str__(self) -> str:
        """One line: word, effect with interval, replicates, p-value, note."""
        number = f"{numerals.short(self.effect)} {numerals.interval(self.low, self.high)} {self.unit}".rstrip()
        facts = [number, f"{self.seeds} replicate{'s' * (self.seeds != 1)}", numerals.p_value(self.p_value), self.note]
        return f"{self.word}: {', '.join(fact for fact in facts if fact)}"


def judge(
    effects: ArrayLike,
    *,
    expects: str,
    threshold: float = 0.0,
    margin: float | None = None,
    unit: str = "",
    level: float = ALONE,
) -> Verdict:
    """Judge a statement about an effect from its value at each replicate.

    Formula: ``greater`` is supported when low > threshold and refuted when high < threshold, ``less`` the reverse;
    ``equal`` is supported when [low, high] lies within threshold ± margin (two one-sided tests) and refuted when it lies
    entirely outside. All other cases are open. The interval is Student's t for the mean, or the sign test for the median
    where an effect is infinite.

    Args:
        effects: paired difference at each replicate, ``[replicates]``, in ``unit``. NaN marks a missing pair: dropped and noted.
            ±Inf marks an outcome that was never reached: it enters by rank.
        expects: ``"greater"``, ``"less"`` or ``"equal"``.
        threshold: the value that the effect is compared with, in ``unit``.
        margin: for ``equal``: the largest difference that does not matter, in ``unit``.
        unit: unit shown to readers, such as ``"decades per layer"``.
        level: one-sided error; 0.025 gives the usual 95 % interval. ``judge_claims`` spends less, see ``statistics.looks``.

    Returns:
        The verdict.

    Raises:
        UsageError: unknown expectation, non-finite threshold, or a margin that is missing, negative or not allowed.

    Examples:
        >>> print(judge([0.61, 0.63, 0.62, 0.64, 0.65], expects="greater", unit="decades per layer"))
        supported: 0.63 [0.61, 0.65] decades per layer, 5 replicates, p < 0.001
        >>> judge([0.02, -0.01, 0.03, -0.02], expects="greater").bound
        'differs by less than 0.0429'
    """
    values = np.asarray(effects, np.float64).ravel()
    used = sample(values)
    evidence = student(used) if np.isfinite(used).all() else OrderStatistics(used)
    missing = values.size - used.size
    note = f"{missing} replicate{'s' * (missing != 1)} missing" if missing else ""
    held = {"expects": expects, "threshold": threshold, "margin": margin}
    return verdict_of(evidence, **held, unit=unit, level=level, seeds=used.size, note=note)


def verdict_of(
    evidence: Evidence,
    *,
    expects: str,
    threshold: float,
    margin: float | None,
    unit: str,
    level: float,
    seeds: int,
    note: str = "",
) -> Verdict:
    """Judge a statement from what a statistical method knows about an effect; arguments as for ``judge``."""
    _check(expects, threshold, margin)
    support, refute = tails(evidence, expects, threshold, margin)
    word: Word = "supported" if support <= level else "refuted" if refute <= level else "open"
    low, high = evidence.bounds(level) if seeds else (math.nan, math.nan)
    return Verdict(
        word=word,
        effect=evidence.estimate,
        low=low,
        high=high,
        confidence=1 - 2 * level,
        seeds=seeds,
        p_value={"supported": support, "refuted": refute}.get(word, min(support, refute)) if seeds else math.nan,
        test=evidence.name,
        expects=expects,
        threshold=threshold,
        margin=margin,
        unit=unit,
        statistic=evidence.statistic,
        note=note,
    )


def tails(evidence: Evidence, expects: str, threshold: float, margin: float | None) -> tuple[float, float]:
    """The one-sided p-values for a statement and against it.

    Formula: ``equal``: for it, the larger of the two one-sided tests against the margins; against it, the smaller of the two
    tests beyond them.

    References:
        Schuirmann 1987 for the two one-sided tests.
    """
    if expects == "equal":
        low, high = threshold - (margin or 0.0), threshold + (margin or 0.0)
        within = max(evidence.p_above(low), evidence.p_below(high))
        return within, min(evidence.p_above(high), evidence.p_below(low))
    above, below = evidence.p_above(threshold), evidence.p_below(threshold)
    return (above, below) if expects == "greater" else (below, above)


def paired_effects(treated: Mapping[int, float], control: Mapping[int, float]) -> np.ndarray:
    """Difference of two arms, replicate by replicate.

    Formula: treated[r] − control[r].

    Args:
        treated: measured value by replicate in one arm.
        control: the same in the arm it is compared with.

    Returns:
        ``[replicates]`` in ascending order, NaN where only one arm has the replicate or both values are infinite: such
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


def combine(words: Iterable[str], quantifier: str = "all") -> Word:
    """The word on a statement from those of its parts.

    Args:
        words: the verdict word of each part.
        quantifier: ``"all"``: the statement says that every part holds, so one counterexample refutes it; ``"any"``: it says that
            some part does, so one instance supports it.

    Returns:
        For ``all``: mixed when some parts are supported and others refuted, refuted when any is refuted, supported when all are;
        for ``any``: supported when any is, refuted when all are. Otherwise open, as without parts.

    Examples:
        >>> combine(["supported", "refuted"]), combine(["refuted", "open"]), combine(["supported", "open"])
        ('mixed', 'refuted', 'open')
        >>> combine(["refuted", "open", "supported"], "any")
        'supported'
    """
    found = set(words)
    decisive, rest = ("refuted", "supported") if quantifier == "all" else ("supported", "refuted")
    if quantifier == "all" and ("mixed" in found or {"supported", "refuted"} <= found):
        return "mixed"
    if decisive in found:
        return decisive
    return rest if found == {rest} else "open"


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
