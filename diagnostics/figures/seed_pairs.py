"""A measure in two arms, seed by seed: a point per seed, and the line of no difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures import marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.panels import say_missing, small_multiples
from diagnostics.figures.scales import Limits, lay_out, round_steps, set_ticks
from diagnostics.figures.seeds import require
from diagnostics.wording.numerals import short

PAIR = ("control", "treated")
_POINT: dict = {"marker": "o", "ls": "", "ms": 5, "mew": 0, "alpha": 0.85}


def seed_pairs(frame: pd.DataFrame, column: str, *, x: str = "control", y: str = "", width: int = style.WIDE) -> Figure:
    """Small multiples by comparison: each point is a seed, with the control on the x axis and the treated arm on the y axis.

    Args:
        frame: ``label``, ``seed``, ``control`` and ``treated``; one row per comparison and seed.
        column: name of both values in ``figures.columns``.
        x: name of the control's value, with its unit.
        y: name of the treated arm's value, with its unit; the column's by default.
        width: width in CSS pixels.

    Returns:
        The figure; all panels and both axes have the same limits. A panel without a finite pair says so.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    require(frame, ["label", "seed", *PAIR])
    names = [str(name) for name in frame["label"].drop_duplicates()]
    axis = quantity(column)
    finite = frame.loc[np.isfinite(frame[list(PAIR)].to_numpy(float)).all(axis=1)]
    limits = axis.scale.limits(finite[list(PAIR)].to_numpy(float).ravel())
    text = y or axis.label
    handles = [
        marks.swatch("one seed", style.colour("end"), **_POINT),
        marks.swatch("no difference", style.colour("muted"), lw=0.9, ls=(0, (1, 2))),
    ]
    with small_multiples(names, y=text, x=x, handles=handles, width=width) as grid:
        for name, axes in grid.axes.items():
            lay_out(axes, axis.scale, limits, most=4, labels=name in grid.first_column)
            _panel(axes, finite.loc[finite["label"] == name, list(PAIR)].to_numpy(float), limits)
            set_ticks(axes.xaxis, round_steps(limits, 4) if name in grid.last_row else [], short)
    return grid.figure


def _panel(axes: Axes, pairs: np.ndarray, limits: Limits) -> None:
    axes.set_xscale(axes.get_yscale())
    axes.set_xlim(*limits)
    if not len(pairs):
        say_missing(axes)
        return
    axes.plot(limits, limits, color=style.colour("muted"), lw=0.9, ls=(0, (1, 2)), zorder=1.5)
    axes.plot(*pairs.T, color=style.colour("end"), **_POINT)
