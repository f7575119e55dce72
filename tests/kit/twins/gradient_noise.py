"""‖ḡ‖/s and B s²/|G|² from every pair of parts; over a window each of the four is averaged over its steps."""

from __future__ import annotations

import math

import numpy as np


def flat(part) -> list[float]:
    return [float(entry) for array in part for entry in array.ravel()]


def dot(one, other) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def columns(steps) -> dict[str, float]:
    means = errors = traces = signals = 0.0
    for step in steps:
        parts = [flat(part) for part in step.parts]
        number = len(parts)
        mean = [sum(entries) / number for entries in zip(*parts, strict=True)]
        if all(part == parts[0] for part in parts):  # and not what is left of it by rounding
            mean = parts[0]
        deviations = [[entry - middle for entry, middle in zip(part, mean, strict=True)] for part in parts]
        error = sum(dot(each, each) for each in deviations) / (number * (number - 1))
        means, errors, traces = means + dot(mean, mean), errors + error, traces + step.examples * error
        products = [dot(parts[i], parts[j]) for i in range(number) for j in range(number) if i != j]
        signals += sum(products) / (number * (number - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        snr = math.sqrt(means / errors) if errors else float(np.float64(means) / 0)
    return {"gradient_snr": snr, "gradient_noise_scale": traces / signals if signals > 0 else np.nan}
