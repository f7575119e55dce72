"""Mean and variance after standard and alpha dropout, in closed form."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from diagnostics.theory.activations import SELU_ALPHA, SELU_SCALE
from probes.errors import UsageError

ALPHA_PRIME = -SELU_SCALE * SELU_ALPHA  # where SELU saturates: −1.7580993408473766


class Moments(NamedTuple):
    """Mean and variance, scalars or arrays of one shape."""

    mean: Any
    variance: Any


def dropout_moments(mean: ArrayLike, variance: ArrayLike, rate: float) -> Moments:
    """Moments after standard (inverted) dropout.

    Formula: with p = rate, q = 1 − p: mean μ, variance σ²/q + (p/q) μ².

    Args:
        mean: μ of the input, any shape.
        variance: σ² of the input, the same shape.
        rate: share p of entries that are dropped, in [0, 1).

    Returns:
        Moments of the output in training mode.

    Raises:
        UsageError: rate outside [0, 1).

    References:
        Srivastava et al. 2014, Dropout; Li et al. 2019, arXiv 1801.05134.

    Examples:
        >>> after = dropout_moments(mean=1.0, variance=1.0, rate=0.5)
        >>> float(after.mean), float(after.variance)
        (1.0, 3.0)
    """
    p, (mu, sigma2) = _rate(rate), _float(mean, variance)
    return Moments(mu, sigma2 / (1 - p) + p / (1 - p) * mu**2)


def alpha_dropout_moments(mean: ArrayLike, variance: ArrayLike, rate: float) -> Moments:
    """Moments after alpha dropout.

    Formula: with (a, b) of ``alpha_dropout_affine``: mean a (q μ + p α′) + b, variance a² (q σ² + q p (μ − α′)²).

    Args:
        mean: μ of the input, any shape.
        variance: σ² of the input, the same shape.
        rate: share p of entries that are dropped, in [0, 1).

    Returns:
        Moments of the output in training mode: (0, 1) for an input of (0, 1), and for no other.

    Raises:
        UsageError: rate outside [0, 1).

    References:
        Klambauer et al. 2017, arXiv 1706.02515, section "New dropout technique".

    Examples:
        >>> after = alpha_dropout_moments(mean=0.0, variance=1.0, rate=0.1)
        >>> abs(round(float(after.mean), 6)), round(float(after.variance), 6)
        (0.0, 1.0)
    """
    p, (mu, sigma2) = _rate(rate), _float(mean, variance)
    q, (scale, shift) = 1 - p, alpha_dropout_affine(rate)
    return Moments(
        scale * (q * mu + p * ALPHA_PRIME) + shift,
        scale**2 * (q * sigma2 + q * p * (mu - ALPHA_PRIME) ** 2),
    )


def alpha_dropout_affine(rate: float) -> tuple[float, float]:
    """The map a x + b that alpha dropout applies after setting dropped entries to α′.

    Formula: a = (q + α′² q p)^(−1/2), b = −a p α′.

    Args:
        rate: share p of entries that are dropped, in [0, 1).

    Returns:
        (a, b), fixed by the rate alone.

    Raises:
        UsageError: rate outside [0, 1).

    Examples:
        >>> a, b = alpha_dropout_affine(0.1)
        >>> round(a, 4), round(b, 4)
        (0.9213, 0.162)
    """
    p = _rate(rate)
    scale = ((1 - p) * (1 + p * ALPHA_PRIME**2)) ** -0.5
    return scale, -scale * p * ALPHA_PRIME


def _float(*arrays: ArrayLike) -> tuple:
    return tuple(np.asarray(array, np.float64)[()] for array in arrays)


def _rate(rate: float) -> float:
    if not 0 <= rate < 1:
        raise UsageError(
            what="invalid dropout rate",
            where="the argument rate",
            got=repr(rate),
            do="pass the share of dropped entries, at least 0 and below 1",
        )
    return float(rate)
