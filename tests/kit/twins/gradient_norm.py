"""‖g‖₂, ‖g‖₂ / √n, ‖g‖₂ / ‖W‖₂ and ‖W‖₂; over a window, squares are averaged over its steps before the root."""

from __future__ import annotations

import math

import numpy as np


def square(arrays) -> float:
    return sum(float(entry) ** 2 for array in arrays for entry in array.ravel())


def columns(steps) -> dict[str, float]:
    gradient = math.sqrt(sum(square(step.gradients) for step in steps) / len(steps))
    weight = math.sqrt(sum(square(step.weights) for step in steps) / len(steps))
    entries = sum(weight.size for weight in steps[0].weights)
    return {
        "gradient_norm": gradient,
        "gradient_rms": gradient / math.sqrt(entries),
        "gradient_to_weight": gradient / weight if weight else np.nan,
        "weight_norm": weight,
    }
