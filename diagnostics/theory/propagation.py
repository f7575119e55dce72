"""Signal propagation at initialisation: how activations and gradients scale through a deep dense stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from diagnostics.statistics.slopes import theil_sen
from diagnostics.theory.activations import Activation, Function, activation
from diagnostics.theory.quadrature import gaussian_mean
from probes.errors import UsageError, unknown_name

Number = TypeVar("Number", int, float)

INITIALIZERS = ("glorot", "he", "lecun", "orthogonal")
# Beyond these a float64 square over- or underflows, and every activation has long reached its limit of gain.
SMALLEST, LARGEST = 1e-280, 1e280


@dataclass(frozen=True)
class SignalPropagation:
    """The theory's prediction for a stack of dense layers before the first update.

    Args:
        second_moments: q of each layer's pre-activation, ``[depth]``; held within 1e±280.
        gains: χ of each layer, ``[depth]``: factor on the squared gradient when it is backpropagated through that layer.
        log10_gradient: log₁₀ of ``activation_gradient_rms`` relative to the last layer, ``[depth]``; the last is 0.
    """

    second_moments: np.ndarray
    gains: np.ndarray
    log10_gradient: np.ndarray

    @property
    def depth_slope(self) -> float:
        """Theil-Sen slope of the expected profile, in decades per layer; NaN below three layers."""
        return theil_sen(self.log10_gradient, np.arange(len(self.log10_gradient))).slope

    @property
    def attenuation(self) -> float:
        """Decades that the gradient loses between the last layer and the first."""
        return float(-self.log10_gradient[0])


def weight_variance(initializer: str, fan_in: int, fan_out: int) -> float:
    """The weight variance of a Keras initialiser, times fan-in.

    Formula: σ_w² = fan_in · Var(w): He 2, LeCun 1, Glorot 2 fan_in / (fan_in + fan_out). Uniform, normal and Keras'
    truncated normal have the same variance (Keras widens the normal before truncating it). Orthogonal: fan_in / max(fan_in, fan_out).

    Args:
        initializer: Keras' name with or without its distribution: ``"he"``, ``"he_uniform"``, ``"HeNormal"``, ...
        fan_in: inputs of a unit.
        fan_out: units.

    Returns:
        σ_w², > 0, without unit.

    Raises:
        UsageError: unknown initialiser.

    References:
        Glorot and Bengio 2010; He et al. 2015, arXiv 1502.01852; LeCun et al. 1998, Efficient BackProp.

    Examples:
        >>> weight_variance("he_normal", fan_in=100, fan_out=100)
        2.0
        >>> round(weight_variance("glorot_uniform", fan_in=64, fan_out=100), 4)
        0.7805
    """
    family = initializer.lower().replace("_", "").removesuffix("uniform").removesuffix("normal")
    if family not in INITIALIZERS:
        raise unknown_name("initializer", initializer, INITIALIZERS)
    return {
        "he": 2.0,
        "lecun": 1.0,
        "glorot": 2.0 * fan_in / (fan_in + fan_out),
        "orthogonal": fan_in / max(fan_in, fan_out),
    }[family]


def signal_propagation(
    phi: str | Activation,
    sigma_w2: ArrayLike,
    *,
    depth: int,
    input_second_moment: float,
    sigma_b2: float = 0.0,
) -> SignalPropagation:
    """Second moments and gradients in a stack of equally wide dense layers at initialisation.

    Formula: q₁ = σ_w² m + σ_b², q_{l+1} = σ_w² E[φ(√q_l z)²] + σ_b², χ_l = σ_w² E[φ′(√q_l z)²], z ~ N(0, 1);
    log₁₀ |dL/da_l| − log₁₀ |dL/da_L| = ½ Σ_{k=l+1..L} log₁₀ χ_k.

    Args:
        phi: the activation.
        sigma_w2: σ_w², one for all layers or one for each, ``[depth]`` (the first layer often has another fan-in).
        depth: number L of layers.
        input_second_moment: m, mean of the squared entries of the input.
        sigma_b2: variance of the biases.

    Returns:
        The expected profile, exact for infinite width and for gradients independent of the forward weights.

    Raises:
        UsageError: negative variance or moment, or no layer.

    References:
        Poole et al. 2016, arXiv 1606.05340; Schoenholz et al. 2017, arXiv 1611.01232.

    Examples:
        >>> he = signal_propagation("relu", 2.0, depth=4, input_second_moment=1.0)
        >>> he.gains.round(6).tolist()  # each layer passes the gradient on at its size
        [1.0, 1.0, 1.0, 1.0]
    """
    function = activation(phi)
    variances = np.broadcast_to(np.asarray(sigma_w2, np.float64), (_positive("depth", depth),))
    for name, value in (("sigma_w2", float(variances.min())), ("input_second_moment", input_second_moment)):
        _positive(name, value)
    q, moments, gains = input_second_moment, [], []
    for layer, variance in enumerate(variances):
        carried = _mean_square(function.value, q) if layer else q
        q = float(np.clip(variance * carried + sigma_b2, SMALLEST, LARGEST))
        moments.append(q)
        gains.append(variance * _mean_square(function.derivative, q))
    return SignalPropagation(np.array(moments), np.array(gains), _backward(gains))


def dense_stack(
    phi: str | Activation,
    initializer: str,
    *,
    depth: int,
    width: int,
    inputs: int,
    input_second_moment: float,
    gain: float = 1.0,
) -> SignalPropagation:
    """Signal propagation through ``depth`` dense layers of one width, as Keras would initialise them, biases zero.

    Formula: that of ``signal_propagation``, with σ_w² of the first layer from its own fan-in.

    Args:
        phi: the activation.
        initializer: as for ``weight_variance``.
        depth: number of layers.
        width: units of each layer.
        inputs: entries of the input.
        input_second_moment: mean of the squared entries of the input.
        gain: factor on the initial weights.

    Returns:
        The expected profile.

    Examples:
        >>> shape = {"depth": 20, "width": 100, "inputs": 64, "input_second_moment": 0.4}
        >>> round(dense_stack("sigmoid", "glorot", **shape).depth_slope, 3)
        0.627
    """
    first = weight_variance(initializer, inputs, width)
    others = weight_variance(initializer, width, width)
    variances = gain**2 * np.array([first] + [others] * (_positive("depth", depth) - 1))
    return signal_propagation(phi, variances, depth=depth, input_second_moment=input_second_moment)


def normalised_stack(phi: str | Activation, *, depth: int) -> SignalPropagation:
    """Signal propagation through dense layers, each followed by batch normalisation and then the activation.

    Formula: χ = E[φ′(z)²] / Var φ(z): normalising divides the gradient by the deviation that the layer gave its output,
    for any weight variance. ReLU: ½ / ((π − 1) / 2π) = π / (π − 1) ≈ 1.467, so that gradients grow backwards.

    Args:
        phi: the activation.
        depth: number of layers.

    Returns:
        The expected profile, exact for infinite width and batch; q is 1 by normalisation.

    References:
        Yang et al. 2019, A mean field theory of batch normalization, arXiv 1902.08129.

    Examples:
        >>> round(float(normalised_stack("relu", depth=5).gains[0]), 3)
        1.467
    """
    function = activation(phi)
    variance = gaussian_mean(lambda x: function.value(x) ** 2) - gaussian_mean(function.value) ** 2
    gains = np.full(_positive("depth", depth), _mean_square(function.derivative, 1.0) / variance)
    return SignalPropagation(np.ones(depth), gains, _backward(gains))


def _mean_square(function: Function, q: float) -> float:
    return gaussian_mean(lambda x: function(x) ** 2, std=float(np.sqrt(q)))


def _backward(gains: ArrayLike) -> np.ndarray:
    """½ Σ_{k>l} log₁₀ χ_k for every layer l; summed as logarithms to avoid underflow in deep stacks."""
    with np.errstate(divide="ignore"):
        steps = 0.5 * np.log10(np.asarray(gains, np.float64))
    return np.append(np.cumsum(steps[:0:-1])[::-1], 0.0)


def _positive(name: str, value: Number) -> Number:
    if not value > 0:
        raise UsageError(
            what="invalid stack of layers",
            where=f"the argument {name}",
            got=repr(value),
            do=f"pass a {name} above zero",
        )
    return value
