"""A measure against a numeric setting of the arms, such as the dropout rate: one panel per series, the other series in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures import marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.panels import say_missing, small_multiples
from diagnostics.figures.scales import Limits, round_steps
from diagnostics.figures.seeds import NOTHING, Track, Tracks, require, tracks, values_of

_LINE: dict = {"marker": "o", "ms": 4.5, "mew": 0, "lw": 1.6, "zorder": 3}


def by_setting(
    frame: pd.DataFrame,
    column: str,
    *,
    x: str = "setting",
    label: str = "",
    theory: Mapping[str, Sequence[Sequence[float]]] | None = None,
    guide: tuple[float, str] | None = None,
    width: int = style.WIDE,
) -> Figure:
    """Small multiples by series: median over the seeds and their range at every setting, the other series in grey.

    Args:
        frame: ``series``, ``setting``, ``seed`` and ``value``; one row per run.
        column: the value's name in ``figures.columns``.
        x: name of the setting, with its unit.
        label: name of the value, with its unit; the column's by default.
        theory: points ``(setting, value)`` by series, drawn as a dashed line.
        guide: a reference value and its name in the legend.
        width: width in CSS pixels.

    Returns:
        The figure. The panel of a series without values says so.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    require(frame, ["series", "setting", "seed", "value"])
    lines = tracks(frame.assign(measured="measured"), "value", by=("series", "measured"), along="setting")
    names, axis = [str(name) for name in frame["series"].drop_duplicates()], quantity(column)
    curves = {name: np.asarray(points, float).reshape(-1, 2) for name, points in (theory or {}).items()}
    drawn = [values_of(lines), *(points[:, 1] for points in curves.values()), [guide[0]] if guide else []]
    limits = axis.scale.limits(np.concatenate(drawn))
    handles = _handles(len(names) > 1, bool(curves), guide)
    text = label or axis.label
    settings = frame["setting"].to_numpy(float)
    low, high = float(settings.min()), float(settings.max())
    pad = 0.04 * (high - low) or 0.5
    span = (low - pad, high + pad)
    with small_multiples(names, y=text, x=x, handles=handles, width=width) as grid:
        for name, axes in grid.laid_out(axis.scale, limits, x=span, ticks=round_steps(span, 5)):
            _panel(axes, name, lines, limits)
            if name in curves:
                axes.plot(*curves[name].T, color=style.colour("theory"), lw=1.3, ls=(0, (4, 2)), zorder=4)
            if guide:
                marks.guide_line(axes, guide[0], limits)
    return grid.figure


def _panel(axes: Axes, name: str, lines: Tracks, limits: Limits) -> None:
    own: Track = lines.get((name, "measured"), NOTHING)
    if len(lines) > 1:
        marks.behind(axes, [(line.x, line.median) for line in lines.values()])
    if own.measured:
        marks.band(axes, own, style.colour("end"), limits, **_LINE)
    else:
        say_missing(axes)


def _handles(others: bool, theory: bool, guide: tuple[float, str] | None) -> list:
    handles = [marks.swatch("measured, median and range over seeds", style.colour("end"), **_LINE)]
    if others:
        handles.append(marks.swatch("the other series", style.colour("context"), lw=0.9))
    if theory:
        handles.append(marks.swatch("theory", style.colour("theory"), lw=1.3, ls=(0, (4, 2))))
    if guide:
        handles.append(marks.swatch(guide[1], style.colour("muted"), lw=0.9, ls=(0, (1, 2))))
    return handles
