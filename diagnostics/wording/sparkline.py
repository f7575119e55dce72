"""A series of numbers as one word of text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BARS = "▁▂▃▄▅▆▇█"
LOST = "×"


def sparkline(values: Sequence[float] | np.ndarray, width: int = 40) -> str:
    """The course of a series: a bar for each group of consecutive values, as high as the group's mean.

    Args:
        values: the series.
        width: most characters.

    Returns:
        Bars from the lowest to the highest mean; a cross for a group with a value that is not finite.

    Examples:
        >>> sparkline([4, 3, 2, 1]), sparkline([1, 2, float("nan")]), sparkline([])
        ('█▆▃▁', '▁█×', '')
    """
    series = np.asarray(values, float)
    groups = np.array_split(series, min(width, len(series))) if len(series) else []
    means = np.array([group.mean() if np.isfinite(group).all() else np.nan for group in groups])
    known = means[np.isfinite(means)]
    low, size = (known.min(), np.ptp(known)) if known.size else (0.0, 0.0)
    heights = np.nan_to_num((means - low) / (size or 1.0)) * (len(BARS) - 1)
    return "".join(LOST if np.isnan(mean) else BARS[round(height)] for mean, height in zip(means, heights, strict=True))
