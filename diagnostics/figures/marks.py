"""Marks shared by the figures: a band with its line, and signs at the edge for values that the scale cannot show."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from diagnostics.figures import style
from diagnostics.figures.scales import Limits

ZERO, INFINITE = "v", "^"
EDGE_TEXTS = {ZERO: "zero or negative", INFINITE: "not finite"}
EDGE_SIZE = 4.5


def band(axes: Axes, rows: pd.DataFrame, x: str, color: str, limits: Limits, **line) -> None:
    """Draw the median as a line and the range over seeds as a band.

    Infinite ends of the band reach the edge of the panel, and so do zeros on a logarithmic axis.

    Args:
        axes: the panel; its scale and limits are set already.
        rows: columns `x`, ``median``, ``low``, ``high``.
        x: column of the horizontal position.
        color: hex colour of both.
        limits: the limits of y.
        line: further line properties.
    """
    rows = rows.sort_values(x)
    at = rows[x].to_numpy(float)
    low = np.clip(rows["low"].to_numpy(float), *limits)
    high = np.clip(rows["high"].to_numpy(float), *limits)
    if np.any(high > low):
        axes.fill_between(at, low, high, color=color, alpha=0.16, linewidth=0)
    middle = rows["median"].to_numpy(float)
    axes.plot(at, np.where(_shown(axes, middle), middle, np.nan), color=color, **line)


def edge_signs(axes: Axes, rows: pd.DataFrame, x: str, color: str, limits: Limits) -> set[str]:
    """Mark medians without a place on the scale: ▽ at the bottom for exact zeros, △ at the top for infinities.

    Returns:
        The signs drawn, for the legend.
    """
    at, middle = rows[x].to_numpy(float), rows["median"].to_numpy(float)
    zeros = (middle <= 0) & (axes.get_yscale() == "log")
    drawn = set()
    for sign, where, height in ((ZERO, zeros, limits[0]), (INFINITE, np.isposinf(middle), limits[1])):
        if where.any():
            axes.plot(at[where], np.full(where.sum(), height), sign, color=color, ms=EDGE_SIZE, mew=0, clip_on=False)
            drawn.add(sign)
    return drawn


def edge_legend(signs: set[str]) -> list[Line2D]:
    """Legend entries for the signs that were drawn."""
    muted = style.colour("muted")
    known = [sign for sign in EDGE_TEXTS if sign in signs]
    return [Line2D([], [], ls="", marker=sign, color=muted, ms=EDGE_SIZE, label=EDGE_TEXTS[sign]) for sign in known]


def guide_line(axes: Axes, value: float, limits: Limits) -> None:
    """A thin dotted line at a value of orientation, when it lies inside the panel."""
    if limits[0] < value < limits[1]:
        axes.axhline(value, color=style.colour("muted"), lw=0.9, ls=(0, (1, 2)), zorder=1.5)


def swatch(label: str, color: str, **line) -> Line2D:
    """A legend entry."""
    return Line2D([], [], color=color, label=label, **line)


def _shown(axes: Axes, values: np.ndarray) -> np.ndarray:
    return np.isfinite(values) & ((values > 0) | (axes.get_yscale() != "log"))
