"""Mean and standard deviation over all entries of the window."""

from __future__ import annotations

import math

import numpy as np


def columns(steps) -> dict[str, float]:
    entries = [float(entry) for step in steps for entry in step.activation.ravel()]
    if not entries:
        return {"activation_mean": np.nan, "activation_std": np.nan}
    mean = sum(entries) / len(entries)
    squares = sum((entry - mean) ** 2 for entry in entries)
    return {"activation_mean": mean, "activation_std": math.sqrt(squares / len(entries))}
