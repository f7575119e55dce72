"""‖c(g)‖₂ with each variable's gradient clipped to the kit's norm; the square is averaged over the window's steps."""

from __future__ import annotations

import math

from tests.kit.arrays import CLIP_NORM


def clipped_square(gradient) -> float:
    square = sum(float(entry) ** 2 for entry in gradient.ravel())
    factor = CLIP_NORM / math.sqrt(square) if square > CLIP_NORM**2 else 1.0
    return sum((factor * float(entry)) ** 2 for entry in gradient.ravel())


def columns(steps) -> dict[str, float]:
    total = sum(clipped_square(gradient) for step in steps for gradient in step.gradients)
    return {"gradient_norm_clipped": math.sqrt(total / len(steps))}
