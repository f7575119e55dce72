"""Exact counts and probabilities: dropout masks, parameters, networks born dead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import special


def born_dead_probability(widths: Sequence[int]) -> float:
    """Upper bound on the probability that a ReLU network is born dead: constant, with no gradient for any input.

    Formula: 1 − Π_l (1 − 2^(−N_l)), for weights symmetric around 0 and biases 0. It is exactly the probability that one
    given non-zero input is blocked, because a layer is silent on it with probability 2^(−N_l). A network that is
    dead for all inputs is dead for that one, hence the bound; it is attained when all inputs lie on one ray from 0.

    Args:
        widths: units N_l of each hidden ReLU layer.

    Returns:
        A probability, in [0, 1]; 0 without hidden layers. Accurate even where it is tiny (2⁻¹⁰⁰ does not round to 0).

    References:
        Lu et al. 2019, Dying ReLU and initialization, arXiv 1903.06733.

    Examples:
        >>> round(born_dead_probability([2, 2]), 4)  # 1 − (3/4)²
        0.4375
    """
    silent = np.exp2(-np.asarray(widths, np.float64))
    with np.errstate(divide="ignore"):
        return float(-np.expm1(np.log1p(-silent).sum()))


def subnetwork_count(units: int, dropped: int) -> int:
    """Number of dropout masks that drop exactly ``dropped`` units.

    Formula: C(units, dropped), largest at dropped = units / 2.

    Args:
        units: units of the layer.
        dropped: number of dropped units.

    Returns:
        The exact count, ≥ 0.

    Examples:
        >>> subnetwork_count(units=4, dropped=2)
        6
    """
    return math.comb(units, dropped)


def log2_subnetwork_count(units: float, dropped: float) -> float:
    """log₂ of the number of masks, for layers of any size.

    Formula: log₂ C(n, k) = −log₂(n + 1) − log₂ B(n − k + 1, k + 1).

    Args:
        units: n.
        dropped: k, in [0, n]; need not be whole (n · rate).

    Returns:
        Bits.

    Examples:
        >>> round(log2_subnetwork_count(4, 2), 3)  # log₂ 6
        2.585
    """
    return float(-(np.log(units + 1) + special.betaln(units - dropped + 1, dropped + 1)) / np.log(2))


def mask_entropy(units: int, rate: float) -> float:
    """Entropy of a dropout mask: the information in one draw.

    Formula: n · (−p log₂ p − q log₂ q), largest (n bits) at p = ½.

    Args:
        units: n.
        rate: p, in [0, 1]; both ends give 0.

    Returns:
        Bits, in [0, n].

    Examples:
        >>> round(mask_entropy(100, rate=0.5), 6)
        100.0
    """
    return float(units * (special.entr(rate) + special.entr(1 - rate)) / np.log(2))


class ParameterCount(NamedTuple):
    """Parameters of a layer by whether the optimizer changes them."""

    trained: int
    moving: int


def batch_normalisation_parameters(channels: int) -> ParameterCount:
    """Parameters of a batch normalisation layer.

    Formula: 2 C trained (γ, β) and 2 C that are not (moving mean, moving variance); 4 C together.

    Args:
        channels: C.

    Returns:
        Both counts.

    Examples:
        >>> batch_normalisation_parameters(64)
        ParameterCount(trained=128, moving=128)
    """
    return ParameterCount(trained=2 * channels, moving=2 * channels)
