"""Depth slope: how fast a quantity changes from layer to layer, in decades per layer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

FEWEST_POINTS = 3  # two points fix a line without any residual to judge it by


class Slope(NamedTuple):
    """A depth slope with its interval, in decades per layer; all NaN where it is undefined."""

    slope: float
    low: float
    high: float


def theil_sen(logarithms: ArrayLike, depths: ArrayLike) -> Slope:
    """The Theil-Sen slope of logarithms.

    Formula: median over pairs i < j of (yⱼ − yᵢ) / (dⱼ − dᵢ), with the 95 % interval of its rank distribution.

    Args:
        logarithms: log₁₀ of the quantity, ``[layers]``; entries that are not finite are dropped.
        depths: depth of each layer, ``[layers]``.

    Returns:
        The slope in decades per layer; NaN with fewer than three distinct depths.

    References:
        Sen 1968, Estimates of the regression coefficient based on Kendall's tau.
    """
    y, x = np.asarray(logarithms, np.float64), np.asarray(depths, np.float64)
    kept = np.isfinite(y) & np.isfinite(x)
    if np.unique(x[kept]).size < FEWEST_POINTS:
        return Slope(np.nan, np.nan, np.nan)
    slope, _, low, high = np.asarray(stats.theilslopes(y[kept], x[kept], alpha=0.95), np.float64).tolist()
    return Slope(slope, low, high)


def depth_slope(values: ArrayLike, depths: ArrayLike) -> Slope:
    """The depth slope of a quantity over a chain of layers.

    Formula: Theil-Sen slope of log₁₀ q against depth. A positive slope of the gradient means that it shrinks on its way back.

    Args:
        values: q of each layer, ``[layers]``; NaN, Inf, zero and negative entries have no logarithm and are dropped.
        depths: depth of each layer, ``[layers]``.

    Returns:
        Slope and 95 % interval in decades per layer; NaN with fewer than three usable layers.

    Examples:
        >>> slope = depth_slope([1e-4, 1e-3, 1e-2, 1e-1], [1, 2, 3, 4])  # the gradient loses a decade per layer
        >>> round(slope.slope, 6)
        1.0
    """
    return theil_sen(decades(values), depths)


def decades(values: ArrayLike) -> np.ndarray:
    """log₁₀ of positive finite values, NaN elsewhere.

    Args:
        values: any array.

    Returns:
        float64 array of the same shape.

    Examples:
        >>> decades([100.0, 1.0, 0.0, -1.0]).tolist()
        [2.0, 0.0, nan, nan]
    """
    q = np.asarray(values, np.float64)
    usable = np.isfinite(q) & (q > 0)
    return np.log10(np.where(usable, q, 1.0), out=np.full(q.shape, np.nan), where=usable)


def attenuation(slope: float, layers: int) -> float:
    """How much a quantity shrinks from the last layer of a chain to the first.

    Formula: slope × (layers − 1).

    Args:
        slope: in decades per layer.
        layers: number of layers in the chain.

    Returns:
        Decades; negative where the quantity grows backwards, NaN for an empty chain.

    Examples:
        >>> attenuation(0.5, layers=21)
        10.0
    """
    return slope * (layers - 1) if layers > 0 else float("nan")
