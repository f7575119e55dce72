"""Colours by value: the mesh, its colour bar, and special colours for what the scale cannot show."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LogNorm, Normalize, PowerNorm, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from diagnostics.figures.scales import Limits, Scale, set_ticks

ZERO, INFINITE, MISSING = "#6b7783", "#00c8ff", "#b9bfc6"
"""Colours outside the colour map, for values that the scale cannot show; none is green, which beside the map stands for healthy."""
SHADES = 250
"""Colours of the map: with the special ones, as many as a picture with a palette can have."""


def paint(
    axes: Axes,
    values: np.ndarray,
    scale: Scale,
    limits: Limits,
    extent: tuple[float, float, float, float],
    *,
    bend: float = 1.0,
) -> None:
    """Colour a panel by value.

    Args:
        axes: the panel.
        values: ``[rows, columns]``, the first row at the top.
        scale: of the colours.
        limits: lowest and highest value with a colour of its own.
        extent: left, right, bottom and top edge in the axes' units.
        bend: below 1, small values have more of the colours; see :func:`norm`.
    """
    # Just outside the limits, where the special colours are: the largest number there is would overflow on its way to a colour.
    below, above = (limits[0] / 2, limits[1] * 2) if scale.name == "log" else (limits[0], 2 * limits[1] - limits[0])
    shown = np.where(np.isposinf(values), min(above, np.finfo(float).max), values)
    if scale.name == "log":
        shown = np.where(shown <= 0, below, shown)
    # "none" puts one pixel per value into the SVG, which the browser enlarges: a few hundred bytes per panel.
    axes.imshow(
        np.ma.masked_invalid(shown),
        norm=norm(scale, limits, bend),
        cmap=colour_map(),
        aspect="auto",
        extent=extent,
        interpolation="none",
        zorder=0.9,  # above the grid lines
    )


def norm(scale: Scale, limits: Limits, bend: float = 1.0) -> Normalize:
    """Values between the limits as 0 to 1, on a linear scale raised to the power of `bend`."""
    return LogNorm(*limits) if scale.name == "log" else PowerNorm(bend, *limits)


def colour_map() -> Colormap:
    """The colours, with special ones below, above and for gaps."""
    return colormaps["magma"].resampled(SHADES).with_extremes(under=ZERO, over=INFINITE, bad=MISSING)


def sheet(levels: int) -> str:
    """Classes ``q0``, ``q1``, ... with the map's colours as background, then one for not finite values and one for zeros."""
    shades = [*(to_hex(colour_map()((level + 0.5) / levels)) for level in range(levels)), INFINITE, ZERO]
    return "".join(f".q{level}{{background:{shade}}}" for level, shade in enumerate(shades))


def bar(
    figure: Figure,
    scale: Scale,
    limits: Limits,
    box: tuple[float, float, float, float],
    total: tuple[float, float],
    *,
    bend: float = 1.0,
) -> None:
    """Draw the colours of a scale with their values below.

    Args:
        figure: where to draw.
        scale: of the colours.
        limits: lowest and highest value.
        box: left, top, width and height in CSS pixels.
        total: width and height of the figure.
        bend: of the colours that were painted.
    """
    (left, top, across, tall), (width, height) = box, total
    axes = figure.add_axes((left / width, 1 - (top + tall) / height, across / width, tall / height))
    place, levels = norm(scale, limits, bend), np.linspace(0, 1, 128)
    axes.imshow(np.atleast_2d(levels), cmap=colour_map(), aspect="auto", extent=(0, 1, 0, 1))
    marked = {float(place(tick)): scale.label(tick) for tick in scale.ticks(limits, 7)}
    set_ticks(axes.xaxis, list(marked), marked.__getitem__)
    axes.yaxis.set_visible(False)
    axes.spines[:].set_visible(False)


def special_legend(
    figure: Figure, values: np.ndarray, scale: Scale, place: tuple[float, float], total: tuple[float, float]
) -> None:
    """A key for zeros, infinities and gaps, where they occur.

    Args:
        figure: where to draw.
        values: all values that are drawn.
        scale: of the colours.
        place: left and top in CSS pixels.
        total: width and height of the figure.
    """
    occurs = {
        ("zero or negative" if np.any(values < 0) else "zero", ZERO): scale.name == "log" and bool(np.any(values <= 0)),
        ("infinite or NaN", INFINITE): bool(np.isposinf(values).any()),
        ("missing", MISSING): bool(np.isnan(values).any()),
    }
    handles = [Patch(color=color, label=text) for (text, color), seen in occurs.items() if seen]
    if not handles:
        return
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(place[0] / total[0], 1 - place[1] / total[1]),
        ncols=3,
        borderaxespad=0,
        borderpad=0.1,
        handlelength=1,
        handleheight=1,
        columnspacing=1.2,
    )
