"""Entries of the gradients counted one by one between half decades, negative, near 0 and positive; then those that are NaN."""

from __future__ import annotations

import math

import numpy as np

POSITIVE = [np.float32(digit * 10.0**power) for power in range(-12, 2) for digit in (1, 3)] + [np.float32(1e2)]
BOUNDARIES = [-edge for edge in reversed(POSITIVE)] + POSITIVE


def columns(steps) -> dict[str, float]:
    entries = [entry for step in steps for array in step.gradients for entry in array.ravel()]
    edges = [-math.inf, *BOUNDARIES]
    counts = [sum(low <= entry < high for entry in entries) for low, high in zip(edges, BOUNDARIES, strict=False)]
    counts += [sum(entry >= BOUNDARIES[-1] for entry in entries), sum(math.isnan(entry) for entry in entries)]
    return {f"gradient_histogram[{place}]": count for place, count in enumerate(counts)}
