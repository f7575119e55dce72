"""The gap between validation and training by epoch, as a stack of the parts that add up to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from diagnostics.figures import marks, style
from diagnostics.figures.panels import small_multiples
from diagnostics.figures.scales import Limits, Linear, depth_ticks
from diagnostics.figures.seeds import arm_names, require

PARTS = {"lag": "start", "mode": "run-2", "data": "run-4"}
"""The parts, each with the palette entry that gives its colour."""
WORDS = {
    "lag": "lag: weights at the end of the epoch − during it",
    "mode": "mode: inference − training mode",
    "data": "data: validation − training examples",
}


def gap(
    frame: pd.DataFrame, column: str = "accuracy", *, arms: Sequence[str] | None = None, width: int = style.WIDE
) -> Figure:
    """Small multiples by arm: each epoch's gap as stacked bars of its parts, up or down from 0, and their sum as a dot.

    Args:
        frame: ``arm``, ``seed``, ``epoch``, ``lag``, ``mode``, ``data`` and ``gap``; one row per epoch, seed and arm. Means
            over the seeds are shown, because they add up as the parts do; medians would not.
        column: the metric, for the axis.
        arms: the panels in order; by default as the frame has them.
        width: width in CSS pixels.

    Returns:
        The figure.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    require(frame, ["arm", "seed", "epoch", *PARTS, "gap"])
    groups = frame.groupby(["arm", "epoch"], observed=True, sort=False)[[*PARTS, "gap"]]
    means = cast(pd.DataFrame, groups.mean()).reset_index()
    names, scale = arm_names(frame, arms), Linear()
    limits = scale.limits(np.concatenate([_ends(means).ravel(), means["gap"], [0.0]]))
    handles: list[Artist] = [Patch(color=style.colour(meaning), label=WORDS[part]) for part, meaning in PARTS.items()]
    handles.append(marks.swatch("gap: the sum of the parts", style.colour("ink"), marker="o", ms=4, lw=1))
    y = f"validation {column} − reported training {column} (mean over replicates)"
    last = float(means["epoch"].to_numpy().max()) + 1
    ticks = depth_ticks(1, last)
    with small_multiples(names, y=y, x="epoch", handles=handles, width=width) as grid:
        for name, axes in grid.laid_out(scale, limits, x=(0.4, last + 0.6), ticks=ticks):
            _panel(axes, means.loc[means["arm"].astype(str) == name], limits)
    return grid.figure


def _panel(axes: Axes, rows: pd.DataFrame, limits: Limits) -> None:
    epochs = rows["epoch"].to_numpy(float) + 1
    for (part, meaning), (bottom, top) in zip(PARTS.items(), _ends(rows), strict=True):
        axes.bar(epochs, top - bottom, bottom=bottom, width=0.8, color=style.colour(meaning), label=part, zorder=2)
    if limits[0] < 0 < limits[1]:
        axes.axhline(0, color=style.colour("muted"), lw=0.7, zorder=2.5)
    axes.plot(epochs, rows["gap"], "o-", color=style.colour("ink"), ms=3.5, mew=0, lw=1, zorder=3)


def _ends(rows: pd.DataFrame) -> np.ndarray:
    """Lower and upper end of each bar, ``[parts, 2, rows]``: positive parts stack upwards from 0, negative parts downwards."""
    values = rows[list(PARTS)].to_numpy(float).T
    before = np.zeros_like(values[0])
    up, down, ends = before.copy(), before.copy(), []
    for value in values:
        start = np.where(value >= 0, up, down)
        ends.append(np.sort([start, start + value], axis=0))
        up, down = up + np.maximum(value, 0), down + np.minimum(value, 0)
    return np.array(ends)
