"""Which half a case belongs to: *tuning* may set thresholds, *scored* is only ever scored.

The halves were drawn once by `drawn`, before any case was judged, and are kept in ``halves.csv``. A case that is added later is
drawn by the same function against those that are there, and none of them moves.

A scored case whose judgement was looked at is no fresh one any more. ``seen.txt`` names these, each with the number of the look; what
was changed after a look may owe something to them, so that only the other scored cases, the *fresh* ones, say how good the rules
are.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, get_args

from tests.benchmarks.judgement.case import Case

Half = Literal["tuning", "scored"]
HALVES: tuple[Half, ...] = get_args(Half)
SEED = "judgement-1"
FILE = Path(__file__).with_name("halves.csv")
SEEN = Path(__file__).with_name("seen.txt")
PARTS = (*HALVES, "look-1", "look-2", "look-3", "seen", "fresh", "known", "both")
"""What can be chosen: a half; the scored cases of the first, second or third look, of any, or of none; all that rules may be set on;
everything.
"""


def drawn(cases: Iterable[Case], earlier: Mapping[str, Half] | None = None) -> dict[str, Half]:
    """A half for every case, by full name: equal numbers of each cause, of each family of healthy cases, and of each kind.

    Formula: cases in the order of sha256(seed, name); each goes to the half that has fewer of its cause (healthy: of its family),
    if both have as many to the one that has fewer cases of its kind, and then by the last bit of its hash.

    Args:
        cases: those to be drawn for.
        earlier: halves that are fixed already.
    """
    cases = list(cases)
    halves: dict[str, Half] = {
        case.full_name: earlier[case.full_name] for case in cases if earlier and case.full_name in earlier
    }
    counts: Counter[tuple[str, Half]] = Counter()
    for case in cases:
        if case.full_name in halves:
            _count(counts, case, halves[case.full_name])
    for case in sorted(cases, key=hash_of):
        if case.full_name not in halves:
            halves[case.full_name] = _emptier(counts, case)
            _count(counts, case, halves[case.full_name])
    return halves


def frozen() -> dict[str, Half]:
    """The halves in ``halves.csv``."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {name: half for name, half in csv.reader(file) if half in HALVES}  # pyright: ignore[reportReturnType]


def seen() -> dict[str, int]:
    """The scored cases whose judgement was looked at, by full name, and at which look; 0: they were written with the rules in view."""
    lines = [line.split() for line in SEEN.read_text(encoding="utf-8").splitlines()]
    return {name: int(look) for look, name in lines}


def is_in(part: str, name: str) -> bool:
    """Whether a case belongs to one of ``PARTS``.

    Args:
        part: the part.
        name: the case's full name.
    """
    half, look = frozen().get(name), seen().get(name)
    return {
        "tuning": half == "tuning",
        "scored": half == "scored",
        "look-1": look == 1,
        "look-2": look == 2,
        "look-3": look == 3,
        "seen": look is not None,
        "fresh": half == "scored" and look is None,
        "known": half == "tuning" or look is not None,
        "both": True,
    }[part]


def freeze(cases: Iterable[Case]) -> None:
    """Draw for the cases that ``halves.csv`` lacks, and add them to it."""
    halves = drawn(cases, frozen() if FILE.exists() else None)
    with FILE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(sorted(halves.items()))


def _emptier(counts: Counter[tuple[str, Half]], case: Case) -> Half:
    for key in _strata(case):
        first, second = (counts[key, half] for half in HALVES)
        if first != second:
            return HALVES[0] if first < second else HALVES[1]
    return HALVES[int(hash_of(case)[-1], 16) % 2]


def _count(counts: Counter[tuple[str, Half]], case: Case, half: Half) -> None:
    for key in _strata(case):
        counts[key, half] += 1


def _strata(case: Case) -> tuple[str, str]:
    """What the halves have alike: the cause of ill cases, the family of healthy ones; and the kind."""
    return (case.cause if case.causes else case.family), f"all that are {case.kind}"


def hash_of(case: Case) -> str:
    """What the order of cases is drawn by."""
    return hashlib.sha256(f"{SEED}/{case.full_name}".encode()).hexdigest()


if __name__ == "__main__":
    from tests.benchmarks.judgement.case import all_cases

    freeze(all_cases().values())
