"""Entries of tanh whose derivative, 1 − a², is below 1 % of its maximum, over all entries of the window."""

from __future__ import annotations

import math

import keras
import numpy as np

LAYER = keras.layers.Activation("tanh")


def columns(steps) -> dict[str, float]:
    entries = [float(entry) for step in steps for entry in step.activation.ravel()]
    if not entries or any(math.isnan(entry) for entry in entries):
        return {"saturated_fraction": np.nan}
    return {"saturated_fraction": sum(1 - entry**2 < 0.01 for entry in entries) / len(entries)}
