"""Depth slope: how fast a quantity changes from layer to layer, in decades per layer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

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
    return _of_pairs(y[kept], x[kept])


def _of_pairs(y: np.ndarray, x: np.ndarray) -> Slope:
    """What ``scipy.stats.theilslopes`` gives, which would load all of ``scipy.stats``: a tenth of the time of a report."""
    over, rise = x[:, None] - x, y[:, None] - y
    slopes = np.sort(rise[over > 0] / over[over > 0])
    sizes = [len(y), *np.unique(x, return_counts=True)[1], *np.unique(y, return_counts=True)[1]]
    spreads = [size * (size - 1) * (2 * size + 5) / 18 for size in sizes]  # of Kendall's tau, less that of ties
    variance = spreads[0] - sum(spreads[1:])
    if variance < 0:  # nothing but ties
        return Slope(float(np.median(slopes)), np.nan, np.nan)
    reach = ndtri(0.975) * np.sqrt(variance)
    first, last = (int(np.round((len(slopes) + side * reach) / 2)) for side in (-1, 1))
    return Slope(float(np.median(slopes)), float(slopes[max(first - 1, 0)]), float(slopes[min(last, len(slopes) - 1)]))


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
