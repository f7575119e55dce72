"""Mean, standard deviation and largest size over all entries of the window; units whose entries are all the same."""

from __future__ import annotations

import math

import numpy as np


def entries_of(step) -> list[list[float]]:
    """The entries of each unit; a single unit up to rank 1."""
    activation = step.activation
    by_unit = np.moveaxis(activation, step.unit_axis, 0) if activation.ndim > 1 else activation[None]
    return [[float(entry) for entry in unit.ravel()] for unit in by_unit]


def columns(steps) -> dict[str, float]:
    parts = zip(*(entries_of(step) for step in steps), strict=True)
    by_unit = [[entry for part in unit for entry in part] for unit in parts]
    entries = [entry for unit in by_unit for entry in unit]
    if not entries:
        return dict.fromkeys(("activation_mean", "activation_std", "activation_largest", "constant_fraction"), np.nan)
    mean = sum(entries) / len(entries)
    squares = sum((entry - mean) ** 2 for entry in entries)
    constant = [all(entry == unit[0] for entry in unit) for unit in by_unit]
    return {
        "activation_mean": mean,
        "activation_std": math.sqrt(squares / len(entries)),
        "activation_largest": float(np.max(np.abs(entries))),
        "constant_fraction": sum(constant) / len(constant) if len(by_unit[0]) > 1 else np.nan,
    }
