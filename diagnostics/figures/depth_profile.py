"""A quantity against depth, one panel per arm, at the start, the middle and the end of training, with theory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures import marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.panels import say_missing, small_multiples
from diagnostics.figures.scales import Limits, depth_ticks
from diagnostics.figures.seeds import (
    MOMENTS,
    NOTHING,
    Track,
    Tracks,
    arm_names,
    moments_by_arm,
    of_arms,
    replicates,
    require,
    tracks,
    values_of,
    with_moment,
)
from diagnostics.figures.together import BAND as JOINED_BAND
from diagnostics.figures.together import Line, Together, together

DEPTH = "layer, counted from the input"
_LINE: Mapping[str, dict] = {
    "start": {"marker": "o", "ms": 3.2, "mew": 0, "lw": 1.0, "zorder": 3.2},
    "middle": {"lw": 1.5, "zorder": 3.0},
    "end": {"lw": 2.0, "zorder": 3.1},
}
_JOINED: Mapping[str, dict] = {
    "start": {"lw": 1.1, "ls": (0, (1, 1.2)), "zorder": 3.2},
    "end": {"lw": 1.6, "zorder": 3.1},
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

    Where there are many arms and their labels end in a setting, such as the learning rate, a panel holds all its settings, at the
    start and at the end only.

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
    joined = None if notes or theory is not None else together(names)
    panels = joined.panels if joined else {name: [Line(name, "")] for name in names}
    own = _joined_handles(by_arm, joined) if joined else _handles(by_arm, theory)
    handles = [*own, *_further_handles(guide, replicates(frame)), *marks.edge_legend(lines, axis.scale)]
    x = (depths[0] - 0.6, depths[1] + 0.6)
    with small_multiples([*panels], y=axis.label, x=DEPTH, handles=handles, width=width, notes=notes) as grid:
        for name, axes in grid.laid_out(axis.scale, limits, x=x, ticks=depth_ticks(*depths)):
            _panel(axes, panels[name], lines, limits)
            if guide:
                marks.guide_line(axes, guide[0], limits)
            if theory is not None:
                _theory_line(axes, theory, name, lines.get((name, "start"), NOTHING))
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


def _panel(axes: Axes, arms: Sequence[Line], lines: Tracks, limits: Limits) -> None:
    own = {(arm, moment): lines.get((arm.arm, moment), NOTHING) for arm in arms for moment in MOMENTS}
    if not any(line.measured for line in own.values()):
        say_missing(axes)
        return
    # A line joins the layers measured at any moment; a layer that is missing at this moment only leaves a gap.
    known = {x for line in own.values() for x in line.x[~np.isnan(line.median)]}
    for (arm, moment), line in own.items():
        there = line.where(np.isin(line.x, list(known)))
        if not arm.colour:
            marks.band(axes, there, style.colour(moment), limits, **_LINE[moment])
        elif moment in _JOINED:
            faint = JOINED_BAND if moment == "end" else JOINED_BAND / 3  # at the start all settings are often the same
            marks.band(axes, there, arm.colour, limits, opacity=faint, **_JOINED[moment])


def _theory_line(axes: Axes, theory: pd.DataFrame, arm: str, start: Track) -> None:
    own = (theory["arm"] == arm).to_numpy()
    depths = theory["depth"].to_numpy(float)[own]
    line = anchor(theory["log10_relative"].to_numpy(float)[own], depths, start)
    order = np.argsort(depths)
    axes.plot(depths[order], line[order], color=style.colour("theory"), lw=1.3, ls=(0, (4, 2)), zorder=4)


def _handles(by_arm: Mapping[str, Mapping[str, int]], theory: pd.DataFrame | None) -> list[Artist]:
    texts = _moment_texts(by_arm)
    handles: list[Artist] = [marks.swatch(text, style.colour(key), **_LINE[key]) for key, text in texts.items()]
    if theory is not None:
        handles.append(marks.swatch("theory (first step)", style.colour("theory"), lw=1.3, ls=(0, (4, 2))))
    return handles


def _joined_handles(by_arm: Mapping[str, Mapping[str, int]], joined: Together) -> list[Artist]:
    texts, muted = _moment_texts(by_arm), style.colour("muted")
    moments = [marks.swatch(text, muted, **_JOINED[key]) for key, text in texts.items() if key in _JOINED]
    return [*joined.legend(lw=1.6), *moments]


def _further_handles(guide: tuple[float, str] | None, seeds: int) -> list[Artist]:
    known = [marks.swatch(guide[1], style.colour("muted"), lw=0.9, ls=(0, (1, 2)))] if guide else []
    return [*known, *marks.band_key(seeds, style.colour("middle"))]


def _moment_texts(by_arm: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """Legend texts of the moments; with the step's number where all arms share it."""
    texts = {}
    for name in MOMENTS:
        steps = {known[name] for known in by_arm.values() if name in known}
        if steps:
            texts[name] = f"{name} (step {steps.pop():,})" if len(steps) == 1 else f"{name} of training"
    return texts
