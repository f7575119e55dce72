"""Entries counted one by one between half decades from 10⁻⁶ to 10³, negative, near 0 and positive; then those that are NaN."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np


def columns(steps) -> dict[str, float]:
    return counted("histogram", (entry for step in steps for entry in step.activation.ravel()), -6, 3)


def counted(name: str, entries: Iterable[float], lowest: int, highest: int) -> dict[str, float]:
    """The counts between half decades from 10^lowest to 10^highest, by the names of their columns."""
    entries = list(entries)
    halves = [digit * 10.0**power for power in range(lowest, highest) for digit in (1, 3)]
    positive = [*map(np.float32, halves), np.float32(10.0**highest)]
    bounds = [-edge for edge in reversed(positive)] + positive
    counts = [
        sum(low <= entry < high for entry in entries) for low, high in zip([-math.inf, *bounds], bounds, strict=False)
    ]
    counts += [sum(entry >= bounds[-1] for entry in entries), sum(math.isnan(entry) for entry in entries)]
    return {f"{name}[{place}]": float(count) for place, count in enumerate(counts)}
