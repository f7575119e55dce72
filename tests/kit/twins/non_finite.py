"""Entries that are NaN, Inf or −Inf, counted one by one over the window."""

from __future__ import annotations

import math


def count(arrays) -> float:
    return sum(not math.isfinite(entry) for array in arrays for entry in array.ravel())


def columns(steps) -> dict[str, float]:
    return {
        "gradient_nonfinite": count(gradient for step in steps for gradient in step.gradients),
        "activation_nonfinite": count(step.activation for step in steps),
    }
