"""Share of units whose every entry in the window is 0; a single window is the first check, so its dead units are born dead."""

from __future__ import annotations

import keras
import numpy as np

LAYER = keras.layers.Dense(1, activation="relu")


def columns(steps) -> dict[str, float]:
    examples = sum(len(step.activation) for step in steps)
    by_unit = [np.moveaxis(step.activation, step.unit_axis, 0) for step in steps]
    silent = [all(entry == 0 for step in by_unit for entry in step[unit].ravel()) for unit in range(len(by_unit[0]))]
    if not examples:
        return dict.fromkeys(("dead_fraction", "births", "deaths", "revivals", "dead_unit_examples"), np.nan)
    return {
        "dead_fraction": sum(silent) / len(silent),
        "births": sum(silent),
        "deaths": 0,
        "revivals": 0,
        "dead_unit_examples": examples,
    }
