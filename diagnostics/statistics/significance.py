"""P-values for paired effects, and their adjustment for many comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

WILCOXON_FROM = 6  # with fewer, no outcome of the signed-rank test has a two-sided p below 0.05


def location_test(deviations: np.ndarray, margin: float | None = None) -> tuple[float, str]:
    """Test whether paired effects differ from zero, or lie within a margin of it.

    Formula: Wilcoxon's signed-rank test from six effects on, the sign test below; zeros are dropped, all zeros give p = 1.
    With a margin, the larger p of the two one-sided tests against −margin and +margin.

    Args:
        deviations: effect minus threshold, ``[seeds]``, without NaN; infinite ones count by their rank.
        margin: half-width of equivalence, or None for the plain two-sided test.

    Returns:
        p-value in [0, 1] and the test's name; NaN and the reason below two effects.

    References:
        Wilcoxon 1945; Schuirmann 1987 for the two one-sided tests.

    Examples:
        >>> import numpy as np
        >>> location_test(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
        (0.0625, 'sign test')
    """
    if deviations.size < 2:
        return math.nan, "none: a test needs two seeds"
    test, name = (
        (_signed_rank, "Wilcoxon signed rank") if deviations.size >= WILCOXON_FROM else (_sign_count, "sign test")
    )
    if margin is None:
        return test(deviations, "two-sided"), name
    return max(test(deviations + margin, "greater"), test(deviations - margin, "less")), f"two one-sided: {name}"


def adjust(p_values: Sequence[float]) -> np.ndarray:
    """P-values adjusted for a scenario that makes many comparisons.

    Formula: Benjamini-Hochberg: min over j ≥ i of p₍ⱼ₎ m / j, which controls the false-discovery rate.

    Args:
        p_values: one for each comparison, ``[m]``; NaN (no test) stays NaN and does not count.

    Returns:
        ``[m]`` adjusted p-values, in [0, 1].

    References:
        Benjamini and Hochberg 1995.

    Examples:
        >>> adjust([0.01, 0.04, 0.03, float("nan")]).round(3).tolist()
        [0.03, 0.04, 0.04, nan]
    """
    adjusted = np.array(p_values, np.float64)
    tested = ~np.isnan(adjusted)
    if tested.any():
        adjusted[tested] = stats.false_discovery_control(adjusted[tested], method="bh")
    return adjusted


def _signed_rank(deviations: np.ndarray, alternative: str) -> float:
    moved = deviations[deviations != 0]
    return float(np.asarray(stats.wilcoxon(moved, alternative=alternative))[1]) if moved.size else 1.0


def _sign_count(deviations: np.ndarray, alternative: str) -> float:
    above, moved = int((deviations > 0).sum()), int((deviations != 0).sum())
    return float(stats.binomtest(above, moved, alternative=alternative).pvalue) if moved else 1.0
