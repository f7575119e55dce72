"""Shape of a distribution before and after a dropout, and the value that alpha dropout sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

EDGES = np.linspace(-4, 6, 51)
"""Edges of bins of width 0.2; activations of variance 1 hardly ever lie outside, and those that do count in the outermost bins."""


DISTANCES = ("ks_distance", "standardised_ks", "wasserstein")


def shape_change(before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    """How a distribution changes: three distances that weigh location, scale and shape differently, and two moments of the shape.

    Args:
        before: values, ``[n]``.
        after: values, ``[m]``.

    Returns:
        ks_distance in [0, 1]; wasserstein, in standard deviations of ``before``, ≥ 0; standardised_ks in [0, 1], after both have
        been given mean 0 and deviation 1; skewness and kurtosis, each after minus before, dimensionless.
    """
    standard = [(values - values.mean()) / (values.std() or 1.0) for values in (before, after)]
    return {
        "ks_distance": _ks(before, after),
        "wasserstein": float(stats.wasserstein_distance(before, after) / (before.std() or 1.0)),
        "standardised_ks": _ks(*standard),
        "skewness": float(stats.skew(after) - stats.skew(before)),
        "kurtosis": float(stats.kurtosis(after) - stats.kurtosis(before)),
    }


def beyond_standard(pairs: Sequence[tuple[np.ndarray, np.ndarray]], rate: float) -> dict[str, float]:
    """How much farther another dropout moves a distribution than standard dropout does from the same values.

    Args:
        pairs: values before and after the other dropout, by layer.
        rate: the share that standard dropout sets to 0.

    Returns:
        For each distance of `shape_change`, with ``_beyond_standard`` behind its name: the other dropout's minus standard
        dropout's, median over the layers.
    """
    random, found = np.random.default_rng(0), []
    for before, after in pairs:
        standard = before * (random.random(before.size) >= rate) / (1 - rate)
        other, usual = shape_change(before, after), shape_change(before, standard)
        found.append({name: other[name] - usual[name] for name in DISTANCES})
    return {f"{name}_beyond_standard": float(np.median([each[name] for each in found])) for name in DISTANCES}


def _ks(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.asarray(stats.ks_2samp(x, y, method="asymp"))[0])


def histogram(values: np.ndarray) -> dict[str, float]:
    """The share of values in each bin, by the bin's midpoint; values outside all bins count in the outermost ones.

    Args:
        values: ``[n]``, n ≥ 1.

    Returns:
        Shares in [0, 1] that add up to 1.
    """
    counts, _ = np.histogram(np.clip(values, EDGES[0], EDGES[-1]), EDGES)
    middles = (EDGES[:-1] + EDGES[1:]) / 2
    return {f"{middle:.3f}": float(count) / len(values) for middle, count in zip(middles, counts, strict=True)}


def dropped_value(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """The value to which alpha dropout sets dropped activations, recovered from its input and output.

    Formula: α′ = (v − b) / a, with v the lowest output, which all dropped activations share, and y = a x + b fitted to the rest.

    Args:
        before: the input, ``[n]``; no value below α′, which holds behind SELU and ReLU.
        after: the output, ``[n]``.

    Returns:
        α′, and the output value v.
    """
    lowest = float(after.min())
    kept = after > lowest + 1e-4
    a, b = np.polyfit(before[kept], after[kept], 1)
    return float((lowest - b) / a), lowest
