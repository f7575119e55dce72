"""Entries of the gradients counted one by one between half decades, negative, near 0 and positive; then those that are NaN."""

from __future__ import annotations

from tests.kit.twins.histogram import counted


def columns(steps) -> dict[str, float]:
    entries = (entry for step in steps for array in step.gradients for entry in array.ravel())
    return counted("gradient_histogram", entries, -12, 2)
