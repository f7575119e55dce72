"""‖u‖₂ / ‖W‖₂ with u = W after − W before; over a window both squares are summed; missing if all weights are 0."""

from __future__ import annotations

import math

import numpy as np


def columns(steps) -> dict[str, float]:
    update = weight = 0.0
    for step in steps:
        for before, after in zip(step.weights, step.weights_after, strict=True):
            for old, new in zip(before.ravel(), after.ravel(), strict=True):
                update += (float(new) - float(old)) ** 2
                weight += float(old) ** 2
    return {"update_ratio": math.sqrt(update / weight) if weight else np.nan}
