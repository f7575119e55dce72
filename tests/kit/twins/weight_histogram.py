"""Weights before the update counted one by one between half decades, negative, near 0 and positive; then those that are NaN."""

from __future__ import annotations

from tests.kit.twins.histogram import counted


def columns(steps) -> dict[str, float]:
    entries = (entry for step in steps for array in step.weights for entry in array.ravel())
    return counted("weight_histogram", entries, -6, 3)
