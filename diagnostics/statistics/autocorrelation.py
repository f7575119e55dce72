"""Whether successive examples resemble each other more than in a random order."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

NORMAL_95 = 1.959963984540054
"""The standard normal distribution leaves 5 % outside of plus and minus this."""


def autocorrelation(series: ArrayLike) -> tuple[float, float]:
    """Lag-1 autocorrelation of numbers or vectors, and what it stays within if their order is random.

    Formula: r = Σ uₜ·uₜ₊₁ / ((n − 1) tr C), with uₜ the deviation from the mean and C the covariance of the entries. For
    independent examples r has mean 0 and variance tr(C²) / ((n − 1) (tr C)²).

    Args:
        series: ``[n]`` or ``[n, entries]`` in the order in which they came; rows with NaN are left out. Entries are scaled
            to unit variance, so that none outweighs the others; constant ones are left out.

    Returns:
        r, about -1 to 1, and the bound on |r| that 5 % of random orders exceed; NaN for fewer than 3 examples, or if all
        are the same.

    References:
        Box, Jenkins and Reinsel 2008, Time Series Analysis, ch. 2.
    """
    values = np.asarray(series, np.float64)
    values = values.reshape(len(values), math.prod(values.shape[1:]))
    values = values[np.isfinite(values).all(axis=1)]
    spread = values.std(axis=0) if len(values) else np.zeros(0)
    varying = spread > 0
    if len(values) < 3 or not varying.any():
        return math.nan, math.nan
    apart = (values[:, varying] - values[:, varying].mean(axis=0)) / spread[varying]
    covariance = apart.T @ apart / len(apart)
    return _compared((apart[:-1] * apart[1:]).sum(), np.trace(covariance), np.square(covariance).sum(), len(apart))


def label_autocorrelation(labels: ArrayLike) -> tuple[float, float]:
    """The same of labels, whatever their numbering: that of their one-hot vectors, unscaled.

    Formula: uₜ·uₜ₊₁ = [yₜ = yₜ₊₁] − p(yₜ) − p(yₜ₊₁) + Σ p², tr C = 1 − Σ p², tr(C²) = Σ p² − 2 Σ p³ + (Σ p²)².

    Args:
        labels: ``[n]`` in the order in which they came; NaN is left out.

    Returns:
        As for `autocorrelation`.
    """
    values = np.asarray(labels, np.float64)
    values = values[np.isfinite(values)]
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(values) < 3 or len(counts) < 2:
        return math.nan, math.nan
    share = counts / len(values)
    squares, own = float(np.square(share).sum()), share[codes]
    products = (codes[:-1] == codes[1:]) - own[:-1] - own[1:] + squares
    return _compared(products.sum(), 1 - squares, squares - 2 * float((share**3).sum()) + squares**2, len(values))


def _compared(products: float, trace: float, trace_of_square: float, count: int) -> tuple[float, float]:
    pairs = count - 1
    return float(products / (pairs * trace)), NORMAL_95 * math.sqrt(trace_of_square / pairs) / float(trace)
