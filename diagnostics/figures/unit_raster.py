"""When units were dead: one line per unit and spell, one panel per arm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures import marks, style
from diagnostics.figures.panels import say_missing, small_multiples
from diagnostics.figures.scales import set_ticks, step_ticks
from diagnostics.figures.seeds import require
from diagnostics.wording.numerals import short

MOST_UNITS = 400
"""Most rows of a panel, which has a third as many pixels; more units are thinned."""


def unit_raster(frame: pd.DataFrame, *, width: int = style.WIDE) -> Figure:
    """Small multiples by arm: a horizontal line from death to revival, units of the first layer at the bottom.

    Args:
        frame: ``arm`` (categorical), ``seed``, ``layer``, ``unit``, ``start``, ``end``, ``open``; the first seed is drawn.
        width: width in CSS pixels.

    Returns:
        The figure. The panel of an arm in which nothing died says so.

    Raises:
        UsageError: when a column is missing or nothing died in any arm.
    """
    require(frame, ["arm", "seed", "layer", "unit", "start", "end", "open"])
    names = [str(name) for name in frame["arm"].cat.categories]
    own = frame.loc[frame["seed"] == frame["seed"].to_numpy().min()]
    layers = sorted(own["layer"].astype(str).unique(), key=lambda name: (len(name), name))
    last = float(frame["end"].to_numpy().max())
    shades = [style.colour("run-2"), style.colour("muted")]
    handles = [
        marks.swatch(text, shade, lw=2.2) for text, shade in zip(("first layer", "deeper layers"), shades, strict=True)
    ]
    y = "units that died at least once, by layer"
    with small_multiples(names, y=y, x="step", handles=handles, width=width) as grid:
        for name, axes in grid.axes.items():
            axes.set_xlim(0, last)
            set_ticks(axes.xaxis, step_ticks(0, last) if name in grid.last_row else [], short)
            set_ticks(axes.yaxis, [], short)
            _panel(axes, own.loc[own["arm"] == name], layers, shades)
    return grid.figure


def _panel(axes: Axes, table: pd.DataFrame, layers: Sequence[str], shades: Sequence[str]) -> None:
    if table.empty:
        say_missing(axes, "no unit died")
        return
    order = table["layer"].astype(str).map(layers.index).to_numpy() * 1e6 + table["unit"].to_numpy()
    rows, place = np.unique(order, return_inverse=True)
    keep = place % -(-len(rows) // MOST_UNITS) == 0
    deeper = (order >= 1e6) if layers[0].endswith("1") else np.ones(len(order), bool)
    for shade, which in zip(shades, (~deeper & keep, deeper & keep), strict=True):
        axes.hlines(place[which], table["start"].to_numpy()[which], table["end"].to_numpy()[which], color=shade, lw=0.8)
    axes.set_ylim(-1, len(rows))
