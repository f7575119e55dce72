"""B · √(mean of (dL/da)²), the mean over all entries of the window."""

from __future__ import annotations

import math

import numpy as np


def columns(steps) -> dict[str, float]:
    squares = [(step.examples * float(entry)) ** 2 for step in steps for entry in step.activation_gradient.ravel()]
    return {"activation_gradient_rms": math.sqrt(sum(squares) / len(squares)) if squares else np.nan}
