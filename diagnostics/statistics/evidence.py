"""What a statistical method knows about one effect: a p-value for every threshold, and the interval that inverts it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike


class Evidence(Protocol):
    """One effect over replicates. ``bounds`` inverts the two p-values, so that an interval and a p-value never disagree."""

    @property
    def estimate(self) -> float:
        """The effect in its unit; NaN without a replicate."""
        ...

    @property
    def name(self) -> str:
        """The method, for readers."""
        ...

    @property
    def statistic(self) -> str:
        """What is estimated, such as ``"mean"``."""
        ...

    def p_above(self, threshold: float) -> float:
        """The one-sided p-value for the effect being above a threshold."""
        ...

    def p_below(self, threshold: float) -> float:
        """The one-sided p-value for the effect being below a threshold."""
        ...

    def bounds(self, level: float) -> tuple[float, float]:
        """The thresholds at which ``p_above`` and ``p_below`` reach a one-sided level."""
        ...


def sample(effects: ArrayLike) -> np.ndarray:
    """Effects as a float64 vector, without NaN."""
    values = np.asarray(effects, np.float64).ravel()
    return values[~np.isnan(values)]
