"""Divides the trainings of an experiment into tasks for several processes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHARE = 0.5
"""The largest task, as a share of what one process has to do: the last process to end is then not far behind the others."""


@dataclass(frozen=True)
class Task:
    """Trainings that one process does one after another.

    Attributes:
        arms: names of the arms.
        seeds: the seeds of each.
    """

    arms: tuple[str, ...]
    seeds: tuple[int, ...]


def divided(groups: Sequence[Mapping[str, float]], seeds: Sequence[int], processes: int) -> list[Task]:
    """Tasks of every arm with every seed, the longest first.

    Arms that share a compiled step stay together, because each process has to compile it again; only a group that would
    keep one process busy while the others have nothing left is divided, by arm and then by seed.

    Args:
        groups: for each group of arms that share a compiled step, how long each arm trains, in any unit.
        seeds: the seeds.
        processes: how many processes there are.
    """
    if processes == 1:
        return [Task(tuple(group), tuple(seeds)) for group in groups]
    largest = SHARE * len(seeds) * sum(sum(group.values()) for group in groups) / processes
    tasks: list[tuple[float, Task]] = []
    for group in groups:
        total = len(seeds) * sum(group.values())
        if total <= largest:
            tasks.append((total, Task(tuple(group), tuple(seeds))))
            continue
        for arm, cost in group.items():
            pieces = min(len(seeds), math.ceil(len(seeds) * cost / largest))
            tasks += [(cost * len(part), Task((arm,), part)) for part in _parts(seeds, pieces)]
    return [task for _, task in sorted(tasks, key=lambda item: -item[0])]


def _parts(seeds: Sequence[int], pieces: int) -> list[tuple[int, ...]]:
    ends = [len(seeds) * number // pieces for number in range(pieces + 1)]
    return [tuple(seeds[begin:end]) for begin, end in itertools.pairwise(ends)]
