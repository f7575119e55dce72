"""A measure against a numeric setting of the arms, such as the dropout rate: one panel per series, the other series in grey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures import marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.panels import say_missing, small_multiples
from diagnostics.figures.scales import Limits, Linear, Log
from diagnostics.figures.seeds import NOTHING, Tracks, replicates, require, tracks, values_of
from diagnostics.figures.together import BAND as JOINED_BAND
from diagnostics.figures.together import Line, together
from diagnostics.wording.numerals import short

_LINE: dict = {"marker": "o", "ms": 4.5, "mew": 0, "lw": 1.6, "zorder": 3}


DECADE = 10
"""Largest over smallest setting from which on the axis is logarithmic."""
NARROWEST, USUAL, BETWEEN = 125, 190, 6
"""Width of a panel on a phone and on a desktop, and the room between two numbers below it, in CSS pixels."""


class Along(NamedTuple):
    """The horizontal axis: whether it is logarithmic, its limits and where it is labelled."""

    decades: bool
    limits: Limits
    ticks: list[float]


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

    Where there are many series and their names end in a setting, such as the learning rate, a panel holds all its settings.

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
    joined = None if curves else together(names)
    panels = joined.panels if joined else {name: [Line(name, "")] for name in names}
    own = joined.legend(**_LINE) if joined else _own_handles(len(names) > 1)
    handles = [*own, *_handles(bool(curves), guide, replicates(frame))]
    text = label or axis.label
    settings = frame["setting"].to_numpy(float)
    place = along(settings, NARROWEST if width < 2 * style.NARROW else USUAL)
    with small_multiples([*panels], y=text, x=x, handles=handles, width=width) as grid:
        laid_out = grid.laid_out(axis.scale, limits, x=place.limits, ticks=place.ticks, decades=place.decades)
        for name, axes in laid_out:
            if not joined and len(names) > 1:
                marks.behind(axes, [(line.x, line.median) for line in lines.values()])
            _panel(axes, panels[name], lines, limits)
            if name in curves:
                axes.plot(*curves[name].T, color=style.colour("theory"), lw=1.3, ls=(0, (4, 2)), zorder=4)
            if guide:
                marks.guide_line(axes, guide[0], limits)
    return grid.figure


def along(settings: np.ndarray, room: float) -> Along:
    """How the settings are laid out: by decades where they span more than one, and labelled one by one where there is room.

    Args:
        settings: the setting of each run.
        room: width of a panel in CSS pixels.
    """
    known = np.unique(settings)
    scale = Log() if known[0] > 0 and known[-1] > DECADE * known[0] else Linear(margin=0.04)
    limits = scale.limits(known)
    places = np.log(known) if scale.name == "log" else known
    widest = max(len(short(value)) for value in known.tolist()) * style.PIXELS_PER_CHARACTER + BETWEEN
    if len(known) < 2 or widest < room * np.diff(places).min() / np.ptp(places):
        return Along(scale.name == "log", limits, known.tolist())
    ticks = scale.ticks(limits, 5)
    whole = [tick for tick in ticks if tick == int(tick)]
    return Along(scale.name == "log", limits, whole if (known == known.astype(int)).all() and whole else ticks)


def _panel(axes: Axes, series: Sequence[Line], lines: Tracks, limits: Limits) -> None:
    found = {one: lines.get((one.arm, "measured"), NOTHING) for one in series}
    if not any(line.measured for line in found.values()):
        say_missing(axes)
        return
    for one, line in found.items():
        opacity = JOINED_BAND if one.colour else marks.BAND
        marks.band(axes, line, one.colour or style.colour("end"), limits, opacity=opacity, **_LINE)


def _own_handles(others: bool) -> list[Artist]:
    handles: list[Artist] = [marks.swatch("measured, median", style.colour("end"), **_LINE)]
    if others:
        handles.append(marks.swatch("the other panels", style.colour("context"), lw=0.9))
    return handles


def _handles(theory: bool, guide: tuple[float, str] | None, seeds: int) -> list[Artist]:
    handles: list[Artist] = []
    if theory:
        handles.append(marks.swatch("theory", style.colour("theory"), lw=1.3, ls=(0, (4, 2))))
    if guide:
        handles.append(marks.swatch(guide[1], style.colour("muted"), lw=0.9, ls=(0, (1, 2))))
    return [*handles, *marks.band_key(seeds, style.colour("end"))]
