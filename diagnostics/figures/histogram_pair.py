"""Two overlaid histograms, before and after a layer, one panel per arm."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures import marks, style
from diagnostics.figures.columns import LOG
from diagnostics.figures.panels import say_missing, small_multiples
from diagnostics.figures.scales import round_steps
from diagnostics.figures.seeds import arm_names, require

FLOOR = 1e-4
"""Lower end of the axis; bins with a smaller share are drawn here."""

EMPTY = np.empty((2, 0))
_LOOKS = {"before": ("start", 1.4), "after": ("end", 1.8)}


def histogram_pair(
    frame: pd.DataFrame, column: str = "share", *, x: str = "activation", width: int = style.WIDE
) -> Figure:
    """Small multiples by arm: the share of values in each bin, before and after, mean over the seeds.

    Args:
        frame: ``arm``, ``seed``, ``moment`` (before or after), ``bin`` (the middle of equally wide bins) and `column`.
        column: the share of values in the bin, in [0, 1].
        x: what the values are, with their unit.
        width: width in CSS pixels.

    Returns:
        The figure, with the share on a logarithmic axis. A panel without values says so.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    require(frame, ["arm", "seed", "moment", "bin", column])
    shares = _means(frame, column)
    names, label = arm_names(frame), "share of values per bin"
    bins = np.sort(frame["bin"].unique().astype(float))
    step = float(np.diff(bins).min()) if len(bins) > 1 else 1.0
    ends = (float(bins[0]) - step, float(bins[-1]) + step)
    handles = [marks.swatch(f"{name} dropout", style.colour(tone), lw=lw) for name, (tone, lw) in _LOOKS.items()]
    with small_multiples(names, y=label, x=x, handles=handles, width=width) as grid:
        for name, axes in grid.laid_out(LOG, (FLOOR, 1.0), x=ends, ticks=round_steps(ends, 5)):
            _panel(axes, {moment: shares.get((name, moment), EMPTY) for moment in _LOOKS}, step)
    return grid.figure


def _means(frame: pd.DataFrame, column: str) -> dict[tuple[str, str], np.ndarray]:
    """Bin and mean share, ``[2, bins]``, by arm and moment; an arm or moment that was not measured is left out."""
    known = frame.loc[frame[column].notna()].assign(share=frame[column])
    means = known.pivot_table(values="share", index=["arm", "moment"], columns="bin", aggfunc="mean", observed=True)
    bins = means.columns.to_numpy(float)
    return {
        (str(arm), str(moment)): np.array([bins, row])
        for (arm, moment), row in zip(means.index, means.to_numpy(), strict=True)
    }


def _panel(axes: Axes, shares: Mapping[str, np.ndarray], step: float) -> None:
    for moment, (middles, heights) in shares.items():
        if len(middles):
            tone, lw = _LOOKS[moment]
            edges = np.append(middles - step / 2, middles[-1] + step / 2)
            axes.stairs(np.clip(heights, FLOOR, 1), edges, baseline=FLOOR, color=style.colour(tone), lw=lw)
    if not any(share.size for share in shares.values()):
        say_missing(axes)
