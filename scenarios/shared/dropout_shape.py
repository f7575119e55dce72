"""Shape of a distribution before and after a dropout, and the value that alpha dropout sets."""

from __future__ import annotations

import numpy as np
from scipy import stats

EDGES = np.linspace(-4, 6, 51)
"""Bins of 0.2: activations of variance 1 have next to nothing beyond them, and what does lie there counts in the last ones."""


def shape_change(before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    """How the shape of a distribution changes: Kolmogorov-Smirnov distance, standardised third and fourth moment.

    Args:
        before: values, ``[n]``.
        after: values, ``[m]``.

    Returns:
        ks_distance in [0, 1]; skewness and kurtosis after minus before, without unit.
    """
    return {
        "ks_distance": float(stats.ks_2samp(before, after, method="asymp").statistic),  # pyright: ignore
        "skewness": float(stats.skew(after) - stats.skew(before)),
        "kurtosis": float(stats.kurtosis(after) - stats.kurtosis(before)),
    }


def histogram(values: np.ndarray) -> dict[str, float]:
    """The share of values in each bin, by the bin's middle; what lies beyond the last bins counts in them.

    Args:
        values: ``[n]``, n ≥ 1.

    Returns:
        Shares in [0, 1] that add up to 1.
    """
    counts, _ = np.histogram(np.clip(values, EDGES[0], EDGES[-1]), EDGES)
    middles = (EDGES[:-1] + EDGES[1:]) / 2
    return {f"{middle:.3f}": float(count) / len(values) for middle, count in zip(middles, counts, strict=True)}


def dropped_value(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """What alpha dropout set its input to, found from input and output alone.

    Formula: with v the lowest output, at which all that was dropped ends, and y = a x + b fitted to all else: (v − b) / a.

    Args:
        before: its input, ``[n]``; none below α′, as behind SELU and ReLU.
        after: its output, ``[n]``.

    Returns:
        α′, and the value v in the output.
    """
    lowest = float(after.min())
    kept = after > lowest + 1e-4
    a, b = np.polyfit(before[kept], after[kept], 1)
    return float((lowest - b) / a), lowest
