"""A quantity against depth, one panel per arm, at the start, the middle and the end of training, with theory beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diagnostics.figures import marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.panels import Layout, explain, headed, panels, say_missing
from diagnostics.figures.scales import Limits, Scale, lay_out, round_steps, set_ticks
from diagnostics.figures.seeds import MOMENTS, arm_names, moments, over_seeds, require, with_moment
from diagnostics.numerals import short

_LINE: Mapping[str, dict] = {
    "start": {"marker": "o", "ms": 3.2, "mew": 0, "lw": 1.0, "zorder": 3.2},
    "middle": {"lw": 1.5, "zorder": 3.0},
    "end": {"lw": 2.0, "zorder": 3.1},
}


def depth_profile(
    frame: pd.DataFrame,
    column: str = "activation_gradient_rms",
    *,
    theory: pd.DataFrame | None = None,
    guide: tuple[float, str] | None = None,
    notes: Mapping[str, str] | None = None,
    arms: Sequence[str] | None = None,
    width: int = style.WIDE,
) -> Figure:
    """Small multiples by arm: the median over seeds at three moments, the range over seeds, and the theory line.

    Theory gives log₁₀ q up to a constant. The constant is chosen per arm so that the median deviation from the
    measurement at the first step is 0: the figure compares slope and shape, not height.

    Args:
        frame: ``arm``, ``seed``, ``step``, ``depth`` and `column`; one row per layer, step and seed.
        column: the quantity on the vertical axis, which all panels share.
        theory: ``arm``, ``depth``, ``log10_relative``; arms without theory are simply not in it.
        guide: a value of orientation and what it is called, such as ``(1e-3, "10⁻³, rule of thumb")``.
        notes: a short second title line by arm, such as its measured slope.
        arms: the panels in order; by default as the frame has them.
        width: width in CSS pixels; decides how many panels stand side by side.

    Returns:
        The figure. Panels without a single value say so.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    require(frame, ["arm", "seed", "step", "depth", column])
    table = over_seeds(with_moment(frame), column, ["arm", "moment", "depth"])
    axis = quantity(column)
    names = arm_names(frame, arms)
    limits = axis.scale.limits(_drawn(table, guide))
    handles = _handles(frame, theory, guide)
    with style.styled():
        grid = panels(names, width=width, layout=headed(Layout(), axis.label, handles, width), notes=notes)
        signs: set[str] = set()
        for name, axes in grid.axes.items():
            _set_axes(axes, table, axis.scale, limits, first=name in grid.first_column, last=name in grid.last_row)
            signs |= _panel(axes, table[table["arm"] == name], limits)
            if guide:
                marks.guide_line(axes, guide[0], limits)
            if theory is not None:
                _theory_line(axes, theory[theory["arm"] == name], table[table["arm"] == name])
        explain(grid, [*handles, *marks.edge_legend(signs)], y=axis.label, x="layer, counted from the input")
    return grid.figure


def anchor(theory: pd.DataFrame, measured: pd.DataFrame) -> pd.Series:
    """Theory's profile in the quantity's own unit: shifted in log₁₀ so that its median deviation is 0.

    Args:
        theory: ``depth``, ``log10_relative`` of one arm.
        measured: ``depth``, ``median`` at the first step of the same arm.

    Returns:
        Values by depth; empty when no measured value is finite and positive.
    """
    expected = theory.set_index("depth")["log10_relative"].astype(float)
    seen = measured.set_index("depth")["median"]
    seen = np.log10(seen[(seen > 0) & np.isfinite(seen)])
    shift = (seen - expected).median()
    return 10 ** (expected + shift) if np.isfinite(shift) else expected.iloc[:0]


def _drawn(table: pd.DataFrame, guide: tuple[float, str] | None) -> np.ndarray:
    values = table[["median", "low", "high"]].to_numpy(float).ravel()
    return np.append(values, guide[0]) if guide else values


def _set_axes(axes: Axes, table: pd.DataFrame, scale: Scale, limits: Limits, *, first: bool, last: bool) -> None:
    low, high = int(table["depth"].min()), int(table["depth"].max())
    lay_out(axes, scale, limits, labels=first)
    axes.set_xlim(low - 0.6, high + 0.6)
    inner = [tick for tick in round_steps((low, high), 4) if tick == int(tick) and tick > low + (high - low) / 8]
    set_ticks(axes.xaxis, [low, *inner], short, labels=last)
    axes.grid(visible=False, axis="x")


def _panel(axes: Axes, rows: pd.DataFrame, limits: Limits) -> set[str]:
    if rows["median"].isna().all():
        say_missing(axes)
        return set()
    signs: set[str] = set()
    for moment in MOMENTS:
        part = rows[rows["moment"] == moment]
        marks.band(axes, part, "depth", style.colour(moment), limits, **_LINE[moment])
        signs |= marks.edge_signs(axes, part, "depth", style.colour(moment), limits)
    return signs


def _theory_line(axes: Axes, theory: pd.DataFrame, rows: pd.DataFrame) -> None:
    if theory.empty or rows.empty:
        return
    line = anchor(theory, rows[rows["moment"] == "start"]).sort_index()
    axes.plot(line.index, line, color=style.colour("theory"), lw=1.3, ls=(0, (4, 2)), zorder=4)


def _handles(frame: pd.DataFrame, theory: pd.DataFrame | None, guide: tuple[float, str] | None) -> list[Line2D]:
    handles = [marks.swatch(text, style.colour(key), **_LINE[key]) for key, text in _moment_texts(frame).items()]
    if theory is not None:
        handles.append(marks.swatch("theory, first step", style.colour("theory"), lw=1.3, ls=(0, (4, 2))))
    if guide:
        handles.append(marks.swatch(guide[1], style.colour("muted"), lw=0.9, ls=(0, (1, 2))))
    return handles


def _moment_texts(frame: pd.DataFrame) -> dict[str, str]:
    """Legend texts of the moments; with the step's number where all arms share it."""
    by_arm = [moments(rows.to_numpy()) for _, rows in frame.groupby("arm", observed=True)["step"]]
    texts = {}
    for name in MOMENTS:
        steps = {known[name] for known in by_arm if name in known}
        if steps:
            texts[name] = f"{name} (step {steps.pop():,})" if len(steps) == 1 else f"{name} of training"
    return texts
