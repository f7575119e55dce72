"""Activation functions and their derivatives in NumPy, for the integrals of the theory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from probes.errors import unknown_name

SELU_SCALE = 1.0507009873554804934193349852946  # λ of Klambauer et al. 2017
SELU_ALPHA = 1.6732632423543772848170429916717  # α of Klambauer et al. 2017

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Activation:
    """An activation φ with its derivative; smooth except, at most, at 0.

    Args:
        name: its name in Keras.
        value: φ(x), elementwise.
        derivative: φ′(x), elementwise; at a kink either one-sided value.
    """

    name: str
    value: Function
    derivative: Function


def _leaky_relu(name: str, negative_slope: float) -> Activation:
    return Activation(
        name,
        lambda x: np.where(x > 0, x, negative_slope * x),
        lambda x: np.where(x > 0, 1.0, negative_slope),
    )


def _elu(name: str, scale: float, alpha: float) -> Activation:
    return Activation(
        name,
        lambda x: scale * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
        lambda x: scale * np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0))),
    )


def _normal_density(x: np.ndarray) -> np.ndarray:
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


ACTIVATIONS: dict[str, Activation] = {
    phi.name: phi
    for phi in (
        Activation("linear", lambda x: x, np.ones_like),
        _leaky_relu("relu", 0.0),
        _leaky_relu("leaky_relu", 0.2),  # the default of keras.activations.leaky_relu; the layer LeakyReLU has 0.3
        _elu("elu", 1.0, 1.0),
        _elu("selu", SELU_SCALE, SELU_ALPHA),
        Activation("sigmoid", special.expit, lambda x: special.expit(x) * special.expit(-x)),
        Activation("tanh", np.tanh, lambda x: 4 * special.expit(2 * x) * special.expit(-2 * x)),
        Activation("softsign", lambda x: x / (1 + np.abs(x)), lambda x: (1 + np.abs(x)) ** -2.0),
        Activation(
            "silu",
            lambda x: x * special.expit(x),
            lambda x: special.expit(x) * (1 + x * special.expit(-x)),
        ),
        Activation(
            "gelu",
            lambda x: x * special.ndtr(x),
            lambda x: special.ndtr(x) + x * _normal_density(x),
        ),
    )
}


def activation(name: str | Activation) -> Activation:
    """Look up an activation by name; an `Activation` is returned unchanged.

    Args:
        name: Keras' name, such as ``"relu"``; ``"swish"`` is ``"silu"``.

    Returns:
        The activation with its derivative.

    Raises:
        UsageError: the theory has no such activation.

    Examples:
        >>> activation("swish").name
        'silu'
    """
    if isinstance(name, Activation):
        return name
    found = ACTIVATIONS.get({"swish": "silu"}.get(name, name))
    if found is None:
        raise unknown_name("activation", name, ACTIVATIONS)
    return found


def leaky_relu(negative_slope: float) -> Activation:
    """Leaky ReLU with any slope for negative input.

    Formula: φ(x) = x for x > 0, negative_slope · x otherwise.

    Args:
        negative_slope: the slope for negative input, without unit.

    Returns:
        The activation, named ``leaky_relu``.

    Examples:
        >>> import numpy as np
        >>> leaky_relu(0.1).value(np.array([-2.0, 3.0])).tolist()
        [-0.2, 3.0]
    """
    return _leaky_relu("leaky_relu", negative_slope)


def elu(alpha: float) -> Activation:
    """ELU that saturates at −alpha.

    Formula: φ(x) = x for x > 0, alpha · (eˣ − 1) otherwise.

    Args:
        alpha: the limit for negative input is −alpha.

    Returns:
        The activation, named ``elu``.

    Examples:
        >>> import numpy as np
        >>> elu(1.0).value(np.array([-50.0, 2.0])).tolist()
        [-1.0, 2.0]
    """
    return _elu("elu", 1.0, alpha)
