"""By channel: mean and variance of the window's inputs against the moving ones, averaged over its steps."""

from __future__ import annotations

import math

import keras
import numpy as np

LAYER = keras.layers.BatchNormalization()
NAMES = ("bn_batch_mean", "bn_batch_variance", "bn_mean_gap", "bn_variance_ratio")


def moving(steps, name: str, channel: int) -> float:
    return sum(float(dict(step.state)[name][channel]) for step in steps) / len(steps)


def channel_columns(steps, channel: int) -> tuple[float, float, float, float]:
    by_channel = [np.moveaxis(step.input, step.unit_axis, 0) for step in steps]
    entries = [float(entry) for step in by_channel for entry in step[channel].ravel()]
    center, spread = moving(steps, "moving_mean", channel), moving(steps, "moving_variance", channel)
    mean = sum(entries) / len(entries)
    variance = sum((entry - mean) ** 2 for entry in entries) / len(entries)
    if spread == 0:
        return mean, variance, np.nan, np.nan
    deviation = math.sqrt(spread) if spread > 0 else np.nan
    return mean, variance, abs(mean - center) / deviation, variance / spread


def columns(steps) -> dict[str, float]:
    channels = len(dict(steps[0].state)["moving_mean"])
    if not sum(step.input.size for step in steps):
        return dict.fromkeys(NAMES, np.nan)
    by_channel = [channel_columns(steps, channel) for channel in range(channels)]
    known = [each for each in range(channels) if moving(steps, "moving_variance", each) != 0]
    counted = (range(channels), range(channels), known, known)
    means = [np.mean([by_channel[c][i] for c in use]) if len(use) else np.nan for i, use in enumerate(counted)]
    return dict(zip(NAMES, means, strict=True))
