"""Marks shared by the figures: a band with its line, and markers at the edge for values that the scale cannot show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from diagnostics.figures import style
from diagnostics.figures.scales import Limits, Scale
from diagnostics.figures.seeds import Track
from diagnostics.figures.svg_size import SHARED

ZERO, INFINITE = "v", "^"
EDGE_SIZE = 4.5
MOST_AT_EDGE = 16
"""Markers at an edge of a panel; where more neighbours need one, every second, third, ... has it."""
BAND = 0.16
"""Opacity of a band."""
LONE = 6.0
"""Size of the marker of a line that has one point."""


def band(axes: Axes, line: Track, color: str, limits: Limits, *, opacity: float = BAND, **looks) -> None:
    """Draw the median as a line and the range over seeds as a band.

    Infinite ends of the band reach the edge of the panel, and so do zeros on a logarithmic axis. Medians that the
    scale cannot show get a marker at the edge: ▽ zero or negative, △ infinite.

    Args:
        axes: the panel; its scale and limits are set already.
        line: what to draw.
        color: hex colour of both.
        limits: the limits of y.
        opacity: of the band.
        looks: line properties.
    """
    low, high = np.clip(line.low, *limits), np.clip(line.high, *limits)
    if np.any(high > low):
        axes.fill_between(line.x, low, high, color=color, alpha=opacity, linewidth=0)
    below = (line.median <= 0) & (axes.get_yscale() == "log")
    endless = np.isinf(line.median) & ~below
    shown = np.where(below | endless, np.nan, line.median)
    single = np.count_nonzero(~np.isnan(shown)) == 1  # a lone dot, large enough to be found
    size = {"ms": LONE} if single and "marker" in looks else {}
    axes.plot(line.x, shown, **{"color": color, **looks, **size})
    alone = lonely(shown)
    if "marker" not in looks and alone.any():
        axes.plot(line.x[alone], shown[alone], "o", color=color, ms=3, mew=0)
    for sign, where, heights in ((ZERO, below, limits[0]), (INFINITE, endless, np.clip(line.median, *limits))):
        if where.any():
            some = np.flatnonzero(where)[:: -(-np.count_nonzero(where) // MOST_AT_EDGE)]
            edge = np.broadcast_to(heights, where.shape)[some]
            axes.plot(line.x[some], edge, sign, color=color, ms=EDGE_SIZE, mew=0, clip_on=False)


def lonely(values: np.ndarray) -> np.ndarray:
    """Which values have no neighbour: a line without markers would not show them.

    Args:
        values: along a line; NaN where there is none.
    """
    there = ~np.isnan(np.pad(values, 1, constant_values=np.nan))
    return there[1:-1] & ~there[:-2] & ~there[2:]


def band_key(seeds: int, color: str) -> list[Patch]:
    """Legend entry for the bands, where several replicates have a range.

    Args:
        seeds: how many replicates there are.
        color: hex colour of one of the bands.
    """
    return [Patch(color=color, alpha=BAND, lw=0, label=f"range over {seeds} replicates")] if seeds > 1 else []


def edge_legend(lines: Mapping[tuple[str, ...], Track], scale: Scale) -> list[Line2D]:
    """Legend entries for the markers at the edge that :func:`band` will draw for these lines."""
    medians = np.concatenate([line.median for line in lines.values()] or [np.empty(0)])
    below = (medians <= 0) & (scale.name == "log")
    occurs = {("zero or negative", ZERO): below.any(), ("not finite", INFINITE): (np.isinf(medians) & ~below).any()}
    known = [entry for entry, seen in occurs.items() if seen]
    muted = style.colour("muted")
    return [Line2D([], [], ls="", marker=sign, color=muted, ms=EDGE_SIZE, label=text) for text, sign in known]


def behind(axes: Axes, lines: Iterable[tuple[np.ndarray, np.ndarray]], width: float = 0.8) -> None:
    """Draw every arm's line in grey, the panel's own included, which its coloured line then covers.

    All panels have the same grey lines, so that a page holds them once.

    Args:
        axes: the panel; its scale and limits are set already.
        lines: places and values of each line; values that are not finite leave a gap.
        width: in points.
    """
    ends = _just_outside(axes)  # farther out, matplotlib cuts lines at the figure's edge: in every panel elsewhere
    pieces = [np.column_stack([x, np.clip(np.where(np.isfinite(y), y, np.nan), *ends)]) for x, y in lines if len(x) > 1]
    grey = LineCollection(pieces, colors=style.colour("context"), linewidths=width, zorder=1.8, gid=SHARED)
    axes.add_collection(grey, autolim=False)


def _just_outside(axes: Axes) -> Limits:
    low, high = axes.get_ylim()
    if axes.get_yscale() == "log":
        factor = (high / low) ** 0.05
        return low / factor, high * factor
    room = 0.05 * (high - low)
    return low - room, high + room


def guide_line(axes: Axes, value: float, limits: Limits) -> None:
    """A thin dotted line at a reference value, if it lies inside the panel."""
    if limits[0] < value < limits[1]:
        axes.axhline(value, color=style.colour("muted"), lw=0.9, ls=(0, (1, 2)), zorder=1.5)


def swatch(label: str, color: str, **line) -> Line2D:
    """A legend entry."""
    return Line2D([], [], color=color, label=label, **line)
