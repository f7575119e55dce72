"""A quantity against depth, one panel per arm, at the start, the middle and the end of training, with theory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diagnostics.figures import marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.panels import say_missing, small_multiples
from diagnostics.figures.scales import Limits, depth_ticks
from diagnostics.figures.seeds import (
    MOMENTS,
    NOTHING,
    Track,
    arm_names,
    moments_by_arm,
    of_arms,
    require,
    tracks,
    values_of,
    with_moment,
)

DEPTH = "layer, counted from the input"
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
        theory: ``arm``, ``depth``, ``log10_relative``; arms without theory are left out.
        guide: a reference value and its name in the legend, such as ``(1e-3, "10⁻³, rule of thumb")``.
        notes: a short second title line by arm, such as its measured slope.
        arms: the panels in order; by default as the frame has them.
        width: width in CSS pixels; decides how many panels fit side by side.

    Returns:
        The figure. A panel without values says so.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    require(frame, ["arm", "seed", "step", "depth", column])
    frame = of_arms(frame, arms)
    by_arm = moments_by_arm(frame)
    lines = tracks(with_moment(frame, by_arm), column, by=("arm", "moment"), along="depth")
    axis, names = quantity(column), arm_names(frame, arms)
    limits = axis.scale.limits(np.append(values_of(lines), [guide[0]] if guide else []))
    depths = (int(frame["depth"].to_numpy().min()), int(frame["depth"].to_numpy().max()))
    handles = [*_handles(by_arm, theory, guide), *marks.edge_legend(lines, axis.scale)]
    x = (depths[0] - 0.6, depths[1] + 0.6)
    with small_multiples(names, y=axis.label, x=DEPTH, handles=handles, width=width, notes=notes) as grid:
        for name, axes in grid.laid_out(axis.scale, limits, x=x, ticks=depth_ticks(*depths)):
            own = {moment: lines.get((name, moment), NOTHING) for moment in MOMENTS}
            _panel(axes, own, limits)
            if guide:
                marks.guide_line(axes, guide[0], limits)
            if theory is not None:
                _theory_line(axes, theory, name, own["start"])
    return grid.figure


def anchor(log10_relative: np.ndarray, depths: np.ndarray, measured: Track) -> np.ndarray:
    """Theory's profile in the quantity's own unit: shifted in log₁₀ so that its median deviation is 0.

    Args:
        log10_relative: theory at each of `depths`, up to a constant.
        depths: layers, any order.
        measured: the arm's measurement at its first step, along depth.

    Returns:
        Values at `depths`; NaN when no measured value at these depths is finite and positive.
    """
    usable = measured.where((measured.median > 0) & np.isfinite(measured.median))
    _, ours, theirs = np.intersect1d(usable.x, depths, return_indices=True)
    if not ours.size:
        return np.full(len(depths), np.nan)
    return 10 ** (log10_relative + np.median(np.log10(usable.median[ours]) - log10_relative[theirs]))


def _panel(axes: Axes, own: Mapping[str, Track], limits: Limits) -> None:
    if not any(line.measured for line in own.values()):
        say_missing(axes)
        return
    # A line joins the layers measured at any moment; a layer that is missing at this moment only leaves a gap.
    known = {x for line in own.values() for x in line.x[~np.isnan(line.median)]}
    for moment, line in own.items():
        there = line.where(np.isin(line.x, list(known)))
        marks.band(axes, there, style.colour(moment), limits, **_LINE[moment])


def _theory_line(axes: Axes, theory: pd.DataFrame, arm: str, start: Track) -> None:
    own = (theory["arm"] == arm).to_numpy()
    depths = theory["depth"].to_numpy(float)[own]
    line = anchor(theory["log10_relative"].to_numpy(float)[own], depths, start)
    order = np.argsort(depths)
    axes.plot(depths[order], line[order], color=style.colour("theory"), lw=1.3, ls=(0, (4, 2)), zorder=4)


def _handles(
    by_arm: Mapping[str, Mapping[str, int]], theory: pd.DataFrame | None, guide: tuple[float, str] | None
) -> list[Line2D]:
    handles = [marks.swatch(text, style.colour(key), **_LINE[key]) for key, text in _moment_texts(by_arm).items()]
    if theory is not None:
        handles.append(marks.swatch("theory (first step)", style.colour("theory"), lw=1.3, ls=(0, (4, 2))))
    if guide:
        handles.append(marks.swatch(guide[1], style.colour("muted"), lw=0.9, ls=(0, (1, 2))))
    return handles


def _moment_texts(by_arm: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """Legend texts of the moments; with the step's number where all arms share it."""
    texts = {}
    for name in MOMENTS:
        steps = {known[name] for known in by_arm.values() if name in known}
        if steps:
            texts[name] = f"{name} (step {steps.pop():,})" if len(steps) == 1 else f"{name} of training"
    return texts
