"""A quantity of one run by layer: its profile at three moments, and beside it every step as a map, with shared rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures import colour_scale, layer_panels, style
from diagnostics.figures.columns import Quantity, quantity
from diagnostics.figures.drawing import Drawing
from diagnostics.figures.heat_map import column_width
from diagnostics.figures.layer_panels import FOOT, HEAD, Band, Guide, Names
from diagnostics.figures.layer_rows import Rows, readings, thinned
from diagnostics.figures.scales import Limits, set_ticks, step_ticks
from diagnostics.wording.numerals import short

APART, UNDER = 10, 14
"""Room between two panels one above the other, and for the name of the axis of steps, in CSS pixels."""
GAP, RIGHT = 22, 14
"""Room between the panels and at the right, in CSS pixels."""
SHARE = 0.42
"""Share of the width for the profile, where both panels are side by side."""
BAR_INSET = 14
"""Room for half a tick label at either end of the colour bar."""
BAR = 420
"""Greatest width of the colour bar."""


def by_layer(
    frame: pd.DataFrame | Rows,
    column: str,
    *,
    guides: Sequence[Guide] = (),
    band: Band | None = None,
    width: int = style.WIDE,
) -> Figure:
    """Profile and map of one run: layers downwards from the input, values or steps to the right.

    Where a run has more readings than the map has columns, a column shows the reading that is farthest from the layer's
    median: a spike or a gap is never averaged away.

    Args:
        frame: ``step``, ``layer``, ``depth``, ``kind`` and `column`; one row per layer and step of one run. Or the readings
            themselves, for who draws them several times.
        column: the quantity.
        guides: reference values and their names, drawn in the profile.
        band: what other trainings measured, behind the profile.
        width: width in CSS pixels; a narrow figure has the map below the profile.

    Returns:
        The figure. Zeros on a logarithmic scale and values that are not finite are marked at the edge and by colours.

    Raises:
        UsageError: when a column is missing, or nothing was measured.
    """
    rows, axis = readings(frame, column), quantity(column)
    limits = layer_panels.limits_of(rows, axis, guides, band)
    names, stacked = Names.of(rows, width), width < 2 * style.NARROW
    free = width - names.room - RIGHT
    wide = free if stacked else SHARE * (free - GAP)
    entries = layer_panels.handles(rows, guides, log=axis.scale.name == "log", band=band)
    room = names.room + wide
    top = layer_panels.head(axis.label, entries, room)
    below = top + names.height + FOOT + APART + HEAD if stacked else top
    total = below + names.height + FOOT + UNDER
    box = (names.room, below, wide, names.height) if stacked else (room + GAP, top, free - wide - GAP, names.height)
    with style.styled():
        figure = Drawing(figsize=(width / style.PIXELS_PER_INCH, total / style.PIXELS_PER_INCH))
        left = layer_panels.place(figure, (names.room, top, wide, names.height))
        layer_panels.profile(left, rows, axis, limits, guides, band)
        names.label(left, rows)
        layer_panels.title(figure, axis.label, entries, room)
        right = layer_panels.place(figure, box)
        shown = layer_panels.limits_of(rows, axis, guides, None)  # colours tell this run's readings apart
        _map(right, rows, axis, shown)
        names.label(right, rows, shown=stacked, painted=True)
        _bar(figure, rows, axis, shown, box)
        figure.follow(left, column, x="value", y="layer", layers=rows.names)
        figure.follow(right, column, x="step", y="layer", layers=rows.names)
    return figure


def _map(axes: Axes, rows: Rows, axis: Quantity, limits: Limits) -> None:
    steps, values = thinned(rows, log=axis.scale.name == "log")
    end = steps[-1] + column_width(steps)
    colour_scale.paint(axes, values, axis.scale, limits, (float(steps[0]), end, len(values) - 0.5, -0.5))
    axes.set_xlim(steps[0], end)
    set_ticks(axes.xaxis, step_ticks(float(rows.steps[0]), float(rows.steps[-1])), short)
    axes.grid(visible=False)


def _bar(figure: Drawing, rows: Rows, axis: Quantity, limits: Limits, box: tuple[float, float, float, float]) -> None:
    """The map's title, colours and special colours, above it."""
    width, height = (side * style.PIXELS_PER_INCH for side in figure.get_size_inches())
    left, top = box[0], box[1] - HEAD
    figure.text(
        left / width,
        1 - (top + 2) / height,
        "the same, step by step",
        va="top",
        color=style.colour("muted"),
    )
    right, bottom = (left + box[2]) / width, 2 / height
    figure.text(right, bottom, "step →", va="bottom", ha="right", color=style.colour("muted"))
    place = (left + BAR_INSET, top + 24, min(box[2], BAR) - 2 * BAR_INSET, 9)
    colour_scale.bar(figure, axis.scale, limits, place, (width, height))
    known = rows.values[~np.isnan(rows.values)]
    colour_scale.special_legend(figure, known, axis.scale, (left, top + 60), (width, height))
