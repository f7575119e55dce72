"""When results may be looked at, and which error each look may spend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LOOKS = (6, 10, 16, 24)
"""Numbers of replicates at which claims are judged; what lies between two looks waits for the next."""

TOTAL = 0.05
"""The probability of a false word, over all looks and all claims of a scenario."""

LEVEL = 1 / 64
"""One-sided level of one look. Four looks at this level err with 4.5 % in all (normal effects, by simulation), and 1/64 is the
smallest p-value of six sign flips, so that the first look can decide by every method."""


def at_look(replicates: int) -> int:
    """How many of these replicates are judged: the largest look that is complete; 0 before the first.

    Examples:
        >>> at_look(5), at_look(12), at_look(100)
        (0, 10, 24)
    """
    return max((look for look in LOOKS if look <= replicates), default=0)


def holm_levels(p_values: Sequence[float], level: float = LEVEL) -> np.ndarray:
    """The one-sided level at which each claim of a scenario is judged.

    Formula (Holm): the k-th smallest p of m is compared with level / (m − k + 1) as long as all before it passed; from the first
    that fails on, all share its level. A claim is decided exactly when its p is at most its level.

    Args:
        p_values: one for each claim, ``[m]``.
        level: for the whole family.

    Returns:
        ``[m]`` levels.

    References:
        Holm 1979, A simple sequentially rejective multiple test procedure.

    Examples:
        >>> (0.05 / holm_levels([0.001, 0.5, 0.02], 0.05)).round(6).tolist()
        [3.0, 1.0, 2.0]
    """
    levels = np.empty(len(p_values))
    left, passing = len(p_values), True
    for index in np.argsort(p_values, kind="stable"):
        levels[index] = level / left
        passing = passing and p_values[index] <= levels[index]
        left -= passing and left > 1
    return levels


def adjusted(p_value: float, level: float) -> float:
    """A one-sided p-value on a scale on which 0.05 decides, whatever the look and the number of claims.

    Args:
        p_value: one-sided.
        level: that which it is compared with.
    """
    return min(1.0, p_value * TOTAL / level)
