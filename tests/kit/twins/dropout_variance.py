"""Moments of the window's inputs and outputs, and the formulas of alpha dropout at rate 0.3 as the definitions write them."""

from __future__ import annotations

import keras
import numpy as np

RATE = 0.3
DROPPED = -1.7580993408473766
LAYER = keras.layers.AlphaDropout(RATE)


def mean_variance(arrays) -> tuple[float, float]:
    entries = [float(entry) for array in arrays for entry in array.ravel()]
    if not entries:
        return np.nan, np.nan
    mean = sum(entries) / len(entries)
    return mean, sum((entry - mean) ** 2 for entry in entries) / len(entries)


def columns(steps) -> dict[str, float]:
    mean, variance = mean_variance([step.input for step in steps])
    output_mean, output_variance = mean_variance([step.activation for step in steps])
    p, q = RATE, 1 - RATE
    a = (q + DROPPED**2 * q * p) ** -0.5
    b = -a * p * DROPPED
    return {
        "dropout_input_mean": mean,
        "dropout_input_variance": variance,
        "dropout_output_mean": output_mean,
        "dropout_output_variance": output_variance,
        "variance_ratio": output_variance / variance if variance else np.nan,
        "dropout_expected_mean": a * (q * mean + p * DROPPED) + b,
        "dropout_expected_variance": a**2 * (q * variance + q * p * (mean - DROPPED) ** 2),
    }
