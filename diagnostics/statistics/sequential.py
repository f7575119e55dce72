"""Evidence that holds however often one looks at a growing series."""

from __future__ import annotations

import numpy as np
from scipy.special import betaln

WEIGHT = 6 / np.pi**2
"""Weights 6 / (π² k²) of the start points k = 1, 2, ... sum to at most 1, however long the series grows."""


def exceedance_evidence(exceeds: np.ndarray) -> float:
    """An e-value against "each reading exceeds a fixed bound with probability at most 1/2, whatever came before".

    Formula: Σₖ wₖ Eₖ over start points tₖ = 2ᵏ⁻¹ − 1, with Eₖ = 2ⁿ B(s + ½, n − s + ½) / B(½, ½) of the n readings from tₖ on, of
    which s exceed the bound, if s > n / 2, and else 0; a start that has not come yet counts as 1. At probability 1/2 each Eₖ is at
    most a martingale that begins at 1, and it grows with s, so that by Ville's inequality the sum ever reaches 1 / level with a
    probability of at most level. The start points let a series that was good for long be told when it turns bad.

    Args:
        exceeds: ``[n]`` booleans, in order of time.

    Returns:
        The evidence at the end, above 0; 1 / level rejects at that level, and however often it is computed on the way.

    References:
        Ramdas et al. 2023, Game-theoretic statistics and safe anytime-valid inference, Statistical Science 38:576.
    """
    total, used, start, k = 0.0, 0.0, 0, 1
    while start < len(exceeds):
        part = exceeds[start:]
        total += WEIGHT / k**2 * _one_sided(len(part), int(part.sum()))
        used += WEIGHT / k**2
        start, k = 2**k - 1, k + 1
    return total + (1.0 - used)


def _one_sided(count: int, above: int) -> float:
    """The mixture of likelihood ratios p : 1/2 under Jeffreys' prior; 0 unless more than half of the readings exceed."""
    if 2 * above <= count:
        return 0.0
    return float(np.exp(min(count * np.log(2) + betaln(above + 0.5, count - above + 0.5) - betaln(0.5, 0.5), 700.0)))
