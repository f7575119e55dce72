"""How long dead units stay dead: Kaplan-Meier curves, one panel per arm, the other arms in grey."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics import survival
from diagnostics.figures import marks, style
from diagnostics.figures.panels import say_missing, small_multiples
from diagnostics.figures.scales import Linear, step_ticks
from diagnostics.figures.seeds import require
from diagnostics.wording import numerals

SHARE = Linear(margin=0.02, always=(0.0, 1.0))
MARGIN = 0.03
"""Room for half a tick label at the right, as a share of the axis."""
LABEL = "share of dead units not yet revived"


def time_to_revival(frame: pd.DataFrame, *, width: int = style.WIDE) -> Figure:
    """Small multiples by arm: the share of spells that last longer, with its 95 % interval; the first arm is the control.

    Args:
        frame: ``arm`` (categorical), ``seed``, ``length``, ``open``; seeds are pooled.
        width: width in CSS pixels.

    Returns:
        The figure. Each panel states the number of spells, how many ended, and the log-rank test against the first arm, its
        p-value by exchanging the two arms within seeds.

    Raises:
        UsageError: when a column is missing or nothing died in any arm.
    """
    require(frame, ["arm", "seed", "length", "open"])
    names = [str(name) for name in frame["arm"].cat.categories]
    groups = {name: frame.loc[frame["arm"] == name] for name in names}
    found = {name: survival.time_to_revival(table) for name, table in groups.items()}
    last = float(frame["length"].to_numpy().max())
    handles = [
        marks.swatch(f"this {'arm' if len(names) > 1 else 'run'}, 95 % interval", style.colour("end"), lw=1.8),
        marks.swatch("still dead when the run ended", style.colour("end"), ls="", marker="|", ms=7),
        *([marks.swatch("the other arms", style.colour("context"), lw=0.9)] if len(names) > 1 else []),
    ]
    notes = {name: _note(found[name], groups[name], groups[names[0]], first=name == names[0]) for name in names}
    several, end = len(names) > 1, last * (1 + MARGIN)
    grey = [_stairs(curve) for curve in found.values() if curve.spells]
    with small_multiples(
        names, y=LABEL, x="steps since death", handles=handles, width=width, notes=notes, titled=several
    ) as grid:
        for name, axes in grid.laid_out(SHARE, (0.0, 1.02), x=(0, end), ticks=step_ticks(0, last)):
            if several:
                marks.behind(axes, grey)
            _curve(axes, found[name])
            _cut_off(axes, found[name], groups[name])
            if not found[name].spells:
                say_missing(axes, "no unit died")
    return grid.figure


def _stairs(curve: survival.RevivalCurve) -> tuple[np.ndarray, np.ndarray]:
    """The corners of the curve: it keeps its height up to the next step."""
    return np.repeat(curve.steps, 2)[1:], np.repeat(curve.still_dead, 2)[:-1]


def _curve(axes: Axes, curve: survival.RevivalCurve) -> None:
    if not curve.spells:
        return
    axes.step(curve.steps, curve.still_dead, where="post", zorder=3, color=style.colour("end"), lw=1.8)
    low, high = np.nan_to_num(curve.low, nan=1.0), np.nan_to_num(curve.high, nan=1.0)
    axes.fill_between(curve.steps, low, high, step="post", color=style.colour("end"), alpha=0.16, linewidth=0)


def _cut_off(axes: Axes, curve: survival.RevivalCurve, table: pd.DataFrame) -> None:
    """A mark where a spell was still open at the last check (censored)."""
    times = np.unique(table.loc[table["open"].to_numpy(bool), "length"].to_numpy(float))
    if times.size:
        height = curve.still_dead[np.searchsorted(curve.steps, times, side="right") - 1]
        axes.plot(times, height, "|", color=style.colour("end"), ms=7, mew=1, clip_on=False, zorder=3.1)


def _note(curve: survival.RevivalCurve, table: pd.DataFrame, control: pd.DataFrame, *, first: bool) -> str:
    if not curve.spells:
        return ""
    counts = f"{curve.revivals:,} of {curve.spells:,} were revived"
    test = "" if first else numerals.p_value(survival.compare_revival(table, control).p_value)
    return f"{counts}, {test}" if test else counts
