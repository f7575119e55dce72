"""Sharpness over the steps of one run, against the sharpness beyond which gradient descent oscillates."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from diagnostics.figures import marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.panels import small_multiples
from diagnostics.figures.scales import step_ticks
from diagnostics.figures.seeds import require

COLUMN = "sharpness"


def stability(frame: pd.DataFrame, *, width: int = style.HALF) -> Figure:
    """The measured sharpness as a line with a dot for each measurement, and its limit as a dashed line where it is known.

    Args:
        frame: ``step``, ``sharpness``, ``limit`` (the sharpness that the learning rate of this step allows; NaN if unknown).
        width: width in CSS pixels.

    Returns:
        The figure; sharpness that is 0 or negative, as at a saddle, is marked at the lower edge.

    Raises:
        UsageError: when a column is missing, or nothing was measured.
    """
    require(frame, ["step", COLUMN, "limit"])
    rows = frame.loc[frame[COLUMN].notna()].sort_values("step")
    require(rows, [COLUMN])
    axis = quantity(COLUMN)
    steps, values, limit = (rows[name].to_numpy(float) for name in ("step", COLUMN, "limit"))
    limits = axis.scale.limits(np.concatenate([values, limit]))
    line = {"color": style.colour("end"), "marker": "o", "ms": 3, "mew": 0, "lw": 1.4}
    guide = {"color": style.colour("theory"), "lw": 1.1, "ls": (0, (3, 2))}
    below, known = values <= 0, bool(np.isfinite(limit).any())
    handles = [marks.swatch("measured", **line)]
    handles += [marks.swatch("allowed by the learning rate", **guide)] if known else []
    handles += (
        [marks.swatch("zero or negative", style.colour("muted"), ls="", marker="v", ms=4.5)] if below.any() else []
    )
    first, last = float(steps[0]), float(steps[-1])
    x = (first, last + 0.02 * (last - first) if last > first else first + 1)
    with small_multiples([COLUMN], y=axis.label, x="step", handles=handles, width=width, titled=False) as grid:
        for _, axes in grid.laid_out(axis.scale, limits, x=x, ticks=step_ticks(first, last), most=5):
            axes.plot(steps, np.where(below, np.nan, values), **line, zorder=3)
            axes.plot(steps[below], np.full(below.sum(), limits[0]), "v", color=line["color"], ms=4.5, clip_on=False)
            axes.plot(steps, limit, **guide, zorder=2, drawstyle="steps-post")
            grid.figure.follow(axes, COLUMN, x="step", y="value")
    return grid.figure
