"""A scalar of several runs over the steps on shared axes, one line per run; one panel per split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diagnostics.figures import marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.curves import thin
from diagnostics.figures.panels import Layout, headed, say_missing, small_multiples
from diagnostics.figures.scales import step_ticks
from diagnostics.figures.seeds import arm_names, require, tracks, values_of

DASHES: Sequence = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
"""Line styles, so that runs can be told apart without colour, and when there are more runs than colours."""
WIDEST, LOW = 340, 190
"""Few panels are side by side here, so each may be wide; it must be high enough for several lines."""


def overlay(frame: pd.DataFrame, column: str, *, width: int = style.WIDE) -> Figure:
    """Lines of all runs together: median over seeds and their range, on axes that all panels share.

    Args:
        frame: ``arm`` (the run), ``seed``, ``step``, ``split`` and `column`.
        column: the quantity on the vertical axis.
        width: width in CSS pixels.

    Returns:
        The figure.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    require(frame, ["arm", "seed", "step", "split", column])
    rows, axis = thin(frame, column), quantity(column)
    lines = tracks(rows, column, by=("split", "arm"), along="step")
    names = [str(name) for name in dict.fromkeys(rows["split"].tolist())]
    looks, limits = looks_of(arm_names(frame)), axis.scale.limits(values_of(lines))
    handles = [*_handles(looks), *marks.edge_legend(lines, axis.scale)]
    layout = _layout(len(names), axis.label, handles, width)
    low, high = float(rows["step"].to_numpy().min()), float(rows["step"].to_numpy().max())
    pad = 0.02 * (high - low) + 0.1
    x, ticks = (low - pad, high + pad), step_ticks(low, high)
    with small_multiples(names, y=axis.label, x="step", handles=handles, width=width, layout=layout) as grid:
        for name, axes in grid.laid_out(axis.scale, limits, x=x, ticks=ticks):
            own = {arm: line for (where, arm), line in lines.items() if where == name and line.measured}
            for arm, line in own.items():
                marks.band(axes, line, limits=limits, **looks[arm])
            if not own:
                say_missing(axes)
    return grid.figure


def looks_of(names: Sequence[str]) -> dict[str, dict]:
    """Colour and line style of each run, in their order; colours come round again with another line style."""
    colours = [style.colour(f"run-{number}") for number in range(1, style.RUNS + 1)]
    return {
        name: {
            "color": colours[place % style.RUNS],
            "ls": DASHES[(place + place // style.RUNS) % len(DASHES)],
            "lw": 1.6,
            "zorder": 3 + 0.01 * place,
        }
        for place, name in enumerate(names)
    }


def _handles(looks: Mapping[str, dict]) -> list[Line2D]:
    return [marks.swatch(name, **look) for name, look in looks.items()]


def _layout(count: int, label: str, handles: Sequence[Line2D], width: int) -> Layout:
    layout = headed(count, label, handles, width)
    return Layout(panel=LOW, narrowest=240, widest=WIDEST if count > 1 else 520, head=layout.head, most=3)
