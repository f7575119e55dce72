"""Moments and share of zeros of activations with normal input."""

from __future__ import annotations

import numpy as np
from scipy import special

from diagnostics.theory.activations import Activation, activation
from diagnostics.theory.dropout import Moments
from diagnostics.theory.quadrature import gaussian_mean


def activation_moments(phi: str | Activation, mean: float = 0.0, variance: float = 1.0) -> Moments:
    """Mean and variance of an activation of a normal variable.

    Formula: E φ(x) and E (φ(x) − E φ(x))², x ~ N(mean, variance).

    Args:
        phi: the activation.
        mean: mean of the pre-activation.
        variance: variance of the pre-activation, ≥ 0.

    Returns:
        Moments of the activation, in its unit.

    Examples:
        >>> relu = activation_moments("relu")
        >>> round(relu.mean, 4), round(relu.variance, 4)
        (0.3989, 0.3408)
    """
    function, std = activation(phi).value, float(np.sqrt(variance))
    centre = gaussian_mean(function, mean, std)
    return Moments(centre, gaussian_mean(lambda x: (function(x) - centre) ** 2, mean, std))


def selu_fixed_point() -> Moments:
    """The fixed point of a SELU network with LeCun initialisation.

    Formula: E selu(z) = 0 and Var selu(z) = 1 for z ~ N(0, 1), by the choice of λ and α.

    Returns:
        Mean 0 and variance 1 of the activations.

    References:
        Klambauer et al. 2017, arXiv 1706.02515.
    """
    return Moments(0.0, 1.0)


def relu_zero_fraction(mean: float = 0.0, variance: float = 1.0) -> float:
    """Share of exact zeros after ReLU of a normal pre-activation.

    Formula: Φ(−mean / std); ½ at any initialisation that is symmetric around zero.

    Args:
        mean: mean of the pre-activation.
        variance: its variance, ≥ 0; with 0 the share is 1 for mean ≤ 0 and 0 otherwise.

    Returns:
        A share, in [0, 1].

    Examples:
        >>> relu_zero_fraction(), round(relu_zero_fraction(mean=1.0), 4)
        (0.5, 0.1587)
    """
    if variance == 0:
        return float(mean <= 0)
    return float(special.ndtr(-mean / np.sqrt(variance)))
