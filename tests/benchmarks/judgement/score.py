"""Counts over judged cases, each share with its interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

from tests.benchmarks.judgement.judge import Judged


@dataclass(frozen=True)
class Share:
    """``hits`` of ``total``, with the 95 % interval of Wilson (1927)."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share; NaN of none."""
        return self.hits / self.total if self.total else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Low and high end; 0 and 1 of none."""
        if not self.total:
            return 0.0, 1.0
        found = binomtest(self.hits, self.total).proportion_ci(method="wilson")
        return float(found.low), float(found.high)

    def __str__(self) -> str:
        """Hits of total, share and interval."""
        if not self.total:
            return "-"
        low, high = self.interval
        return f"{self.hits} of {self.total}: {self.value:.2f} ({low:.2f} to {high:.2f})"


def share(cases: Sequence[Judged], is_hit: Callable[[Judged], bool]) -> Share:
    """The share of cases for which something holds."""
    return Share(sum(map(is_hit, cases)), len(cases))


@dataclass(frozen=True)
class Score:
    """The scores of one judge over some cases."""

    judge: str
    cases: tuple[Judged, ...]

    @property
    def ill(self) -> list[Judged]:
        """The cases that are ill."""
        return [each for each in self.cases if each.case.causes]

    @property
    def healthy(self) -> list[Judged]:
        """The cases that are not."""
        return [each for each in self.cases if not each.case.causes]

    @property
    def overall(self) -> dict[str, Share]:
        """The shares that sum it up."""
        flagged = [each for each in self.cases if each.is_flagged]
        return {
            "ill detected (recall)": share(self.ill, lambda each: each.is_flagged),
            "right cause first": share(self.ill, lambda each: each.is_right_first),
            "right cause anywhere": share(self.ill, lambda each: each.is_right),
            "flagged are ill (precision)": share(flagged, lambda each: bool(each.case.causes)),
            "healthy with a complaint": share(self.healthy, lambda each: each.is_flagged),
            "healthy with an error": share(self.healthy, lambda each: each.has_error),
        }

    def of_cause(self, cause: str) -> tuple[Share, Share, Share]:
        """Of the ill cases that count for a cause: detected, right cause first, right cause anywhere."""
        cases = [each for each in self.ill if each.case.cause == cause]
        return (
            share(cases, lambda each: each.is_flagged),
            share(cases, lambda each: each.is_right_first),
            share(cases, lambda each: each.is_right),
        )

    @property
    def said(self) -> list[str]:
        """The judge's own names of what it said, most often first."""
        counts = Counter(complaint.says for each in self.cases for complaint in each.complaints)
        return [name for name, _ in counts.most_common()]

    def of_rule(self, says: str) -> tuple[Share, Share]:
        """Of the cases whose first complaint is this one: the share where that is right. Of all that get it: the share that are ill."""
        first = [each for each in self.cases if each.first is not None and each.first.says == says]
        all_of_it = [each for each in self.cases if any(complaint.says == says for complaint in each.complaints)]
        return share(first, lambda each: each.is_right_first), share(all_of_it, lambda each: bool(each.case.causes))

    @property
    def confusion(self) -> Counter[tuple[str, str]]:
        """Number of cases by true cause and what was said first."""
        return Counter((each.case.cause, each.first.says if each.first else "nothing") for each in self.cases)

    @property
    def wrong(self) -> list[Judged]:
        """The cases that were judged wrongly."""
        return [each for each in self.cases if each.is_wrong]
