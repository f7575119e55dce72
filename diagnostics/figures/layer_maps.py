"""Every step of several runs by layer as colours, one panel per run: layers downwards from the input, in rows that all share."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from diagnostics.figures import colour_scale, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.heat_map import column_width
from diagnostics.figures.layer_grid import Grid, together
from diagnostics.figures.layer_rows import thinned
from diagnostics.figures.scales import set_ticks, step_ticks
from diagnostics.figures.seeds import require
from diagnostics.wording.numerals import short

LINE, INSET, BAR = 16, 14, 420
"""Height of a line of text, room for half a tick label beside the colour bar, and its greatest width, in CSS pixels."""
UNDER_TITLE = 60
"""Room for the colour bar, its ticks and the special colours below the title."""


def layer_maps(frame: pd.DataFrame, column: str, *, width: int = style.WIDE) -> Figure:
    """One map per run, on one scale of colours.

    Args:
        frame: ``arm`` (the run), ``step``, ``layer``, ``depth``, ``kind`` and `column`.
        column: the quantity.
        width: width in CSS pixels.

    Returns:
        The figure. Layers of the same name share a row, which stays empty in a run without that layer.

    Raises:
        UsageError: when a column is missing, or nothing was measured.
    """
    require(frame, ["arm", "step", "layer", "depth", "kind", column])
    require(frame.loc[frame[column].notna()], [column])
    axis, runs = together(frame, column)
    scale, label = quantity(column).scale, f"colour: {quantity(column).label}"
    known = np.concatenate([rows.values[~np.isnan(rows.values)] for rows in runs.values()])
    limits, text = scale.limits(known), style.wrapped(label, width)
    above = LINE * (text.count("\n") + 1)
    with style.styled():
        figure, panels = Grid(axis, list(runs), above + UNDER_TITLE, width).panels("step", painted=True)
        for name, axes in panels:
            there = np.asarray(~np.isnan(runs[name].values).all(axis=1))
            steps, values = thinned(runs[name].only(there), log=scale.name == "log")
            whole = np.full((len(there), values.shape[1]), np.nan)
            whole[there] = values
            end = steps[-1] + column_width(steps)
            for first, last in _stretches(there):
                colour_scale.paint(
                    axes, whole[first:last], scale, limits, (float(steps[0]), end, last - 0.5, first - 0.5)
                )
            axes.set_xlim(steps[0], end)
            axes.set_ylim(len(there) - 0.5, -0.5)
            set_ticks(axes.xaxis, step_ticks(float(steps[0]), float(runs[name].steps[-1])), short)
            axes.grid(visible=False)
        total = (width, figure.get_figheight() * style.PIXELS_PER_INCH)
        figure.text(0, 1 - 2 / total[1], text, va="top", color=style.colour("muted"))
        colour_scale.bar(figure, scale, limits, (INSET, above + 6, min(BAR, width - 2 * INSET), 9), total)
        colour_scale.special_legend(figure, known, scale, (0, above + 38), total)
    return figure


def _stretches(there: np.ndarray) -> list[tuple[int, int]]:
    """First row of each stretch of layers that a run has, and the row behind it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
