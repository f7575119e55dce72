"""A quantity of several runs by layer, one line per run: layers downwards from the input, one panel per moment of training."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures import layer_panels, marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.layer_grid import Grid, together
from diagnostics.figures.layer_rows import Rows, around
from diagnostics.figures.overlay import looks_of
from diagnostics.figures.scales import Limits, Scale, set_ticks
from diagnostics.figures.seeds import MOMENTS, moments, require

TICKS = 4
"""About how many ticks a panel has at most."""


def layer_overlay(frame: pd.DataFrame, column: str, *, width: int = style.WIDE) -> Figure:
    """The profiles of all runs on common axes, at the start, the middle and the end of each run.

    Args:
        frame: ``arm`` (the run), ``step``, ``layer``, ``depth``, ``kind`` and `column`.
        column: the quantity.
        width: width in CSS pixels.

    Returns:
        The figure. Layers of the same name share a row; a line joins the layers of one net and kind, or, where names show blocks
        of several kinds, the medians of the blocks.

    Raises:
        UsageError: when a column is missing, or nothing was measured.
    """
    require(frame, ["arm", "step", "layer", "depth", "kind", column])
    require(frame.loc[frame[column].notna()], [column])
    axis, runs = together(frame, column)
    scale, looks = quantity(column).scale, looks_of(list(runs))
    at = {arm: moments(rows.steps) for arm, rows in runs.items()}
    shown = {name: f"{name} of training" for name in MOMENTS if any(name in own for own in at.values())}
    drawn = {(arm, name): around(rows, at[arm][name]) for arm, rows in runs.items() for name in at[arm]}
    values = np.concatenate(list(drawn.values()))
    limits = scale.limits(values)
    label = f"{quantity(column).label}"
    entries: list[Artist] = [*(marks.swatch(arm, **look) for arm, look in looks.items()), *_edges(values, scale)]
    with style.styled():
        top = layer_panels.head(label, entries, width) - layer_panels.LINE // 2
        figure, panels = Grid(axis, list(shown.values()), top, width).panels("")
        for name, (_, axes) in zip(shown, panels, strict=True):
            axes.set_xscale(scale.name)
            axes.set_xlim(*limits)
            set_ticks(axes.xaxis, scale.ticks(limits, TICKS), scale.label)
            axes.xaxis.grid(visible=True)
            for arm in runs:
                if (arm, name) in drawn:
                    _run(axes, axis, drawn[arm, name], limits, looks[arm])
        layer_panels.title(figure, label, entries, width)
    return figure


def _run(axes: Axes, axis: Rows, values: np.ndarray, limits: Limits, look: dict) -> None:
    if blocks := layer_panels.blocks_in(axis):
        layer_panels.medians(axes, values, blocks, **look)
        return
    for kind, net in dict.fromkeys(zip(axis.kinds, axis.nets, strict=True)):
        own = np.array([row for row, each in enumerate(zip(axis.kinds, axis.nets, strict=True)) if each == (kind, net)])
        layer_panels.line(axes, values[own], own, limits, marker="o", ms=2.6, **look)


def _edges(values: np.ndarray, scale: Scale) -> list[Artist]:
    """Legend entries for the markers at the panels' edges."""
    seen = {
        "zero": ("<", scale.name == "log" and bool((values <= 0).any())),
        "not finite": (">", bool(np.isinf(values).any())),
    }
    look = {"ls": "", "ms": 4.5, "mew": 0}
    return [
        marks.swatch(name, style.colour("muted"), marker=sign, **look) for name, (sign, there) in seen.items() if there
    ]
