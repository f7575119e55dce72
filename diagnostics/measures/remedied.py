"""What a remedy changed: skill and findings of the same seeds before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from diagnostics.statistics.intervals import Interval, interval_of

Word = Literal["cures", "helps", "is not shown to help", "does not help", "harms"]
ORDER: tuple[Word, ...] = get_args(Word)
LEAST = 0.02
"""Skill below which a difference is of no use: 2 % of what there is to learn."""
LITTLE = 0.1
"""Skill that a remedy must be shown not to bring before it is said not to help: a tenth of what there is to learn."""


@dataclass(frozen=True)
class Remedied:
    """A remedy that was tried.

    Args:
        remedy: in words.
        cause: the rule whose finding suggests it.
        before: skill by seed, ``[seeds]``.
        after: skill of the same seeds with it.
        remaining: share of the seeds in which the cause is still found, 0 to 1.
        found_before: share of the seeds in which it was found without the remedy.
    """

    remedy: str
    cause: str
    before: Sequence[float]
    after: Sequence[float]
    remaining: float
    found_before: float = 1.0

    @property
    def effect(self) -> Interval:
        """Skill after − before, the mean over seeds with its 95 % interval."""
        return interval_of(np.subtract(self.after, self.before))

    @property
    def word(self) -> Word:
        """Whether it helps: the interval lies above 0 and the mean is at least ``LEAST``.

        A remedy that helps and removes the finding from most of the seeds that had it cures. It does not help where even the high
        end of the interval is below ``LITTLE``, or nothing changed in any seed; in between, more seeds would tell.
        """
        effect = self.effect
        if effect.high < 0:
            return "harms"
        if not (effect.low > 0 and effect.estimate >= LEAST):
            same = np.array_equal(self.before, self.after)
            return "does not help" if same or effect.high < LITTLE else "is not shown to help"
        return "cures" if self.remaining < self.found_before / 2 else "helps"


def ranked(tried: Sequence[Remedied]) -> list[Remedied]:
    """The best first: those that cure, those that help, and the others, each by their effect."""
    return sorted(tried, key=lambda one: (ORDER.index(one.word), -one.effect.estimate))


def confirmed(tried: Sequence[Remedied]) -> list[str]:
    """The causes that a remedy of theirs cures, in the order of ``ranked``."""
    return list(dict.fromkeys(one.cause for one in ranked(tried) if one.word == "cures"))
