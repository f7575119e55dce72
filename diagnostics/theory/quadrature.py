"""Expectations under a normal distribution, accurate to rounding even for functions with a kink."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from diagnostics.theory.activations import Function

REACH = 14.0  # the normal density is below 1e-43 from here on
NODES = 16  # per panel: exact for polynomials up to degree 31
FINEST = 1e-9  # first panel beside the kink: resolves a sigmoid whose input has a deviation of up to 1e8


def gaussian_mean(function: Function, mean: float = 0.0, std: float = 1.0, kink: float = 0.0) -> float:
    """The mean of a function of a normal variable.

    Formula: E[f(x)], x ~ N(mean, std²), by Gauss-Legendre panels that meet at the kink and shrink towards it.

    Args:
        function: f, elementwise on float64 arrays, smooth on both sides of ``kink``.
        mean: mean of x.
        std: standard deviation of x, ≥ 0; with 0 the result is f(mean).
        kink: where f may have a corner or a jump.

    Returns:
        The mean in the unit of f; NaN where ``mean`` or ``std`` is not finite.

    Examples:
        >>> import numpy as np
        >>> round(gaussian_mean(np.square), 6), round(gaussian_mean(np.abs), 6)  # 1 and √(2/π)
        (1.0, 0.797885)
    """
    if not (np.isfinite(mean) and np.isfinite(std)):
        return float("nan")
    if std == 0:
        return float(function(np.array([mean]))[0])
    split = (kink - mean) / std
    z, weight = _grid(float(np.clip(split, -REACH, REACH)))
    # Beside the kink, kink + std·(z − split) keeps the sign that mean + std·z would lose to rounding.
    x = kink + std * (z - split) if abs(split) < REACH else mean + std * z
    return float(np.dot(weight, function(x)))


@lru_cache(maxsize=64)
def _grid(split: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes z and weights (density included) on [−REACH, REACH], with panels meeting at ``split``."""
    offsets = np.concatenate([np.geomspace(FINEST, 0.5, 25), np.arange(1, 2 * REACH + 1, 0.5)])
    edges = np.concatenate([split - offsets[::-1], [split], split + offsets])
    edges = np.unique(np.clip(edges, -REACH, REACH))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half = np.diff(edges)[:, None] / 2
    z = (edges[:-1, None] + half * (1 + nodes)).ravel()
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return z, (half * weights).ravel() * density
