"""Since when: a quantity of some layers over the steps of one run, beside that of all others."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diagnostics.figures import marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.layer_panels import Guide
from diagnostics.figures.layer_rows import Rows, readings
from diagnostics.figures.panels import small_multiples
from diagnostics.figures.scales import step_ticks
from diagnostics.figures.seeds import Track

POINTS = 120
"""Most points of a line; of more steps, several share a point, whose band has room for the extremes of all."""
NAMED, OTHERS = "end", "muted"
"""Colours of the layers concerned and of the others."""


def layer_courses(
    frame: pd.DataFrame | Rows,
    column: str,
    *,
    layers: Collection[str] = (),
    guides: Sequence[Guide] = (),
    since: int | None = None,
    width: int = style.HALF,
) -> Figure:
    """Median and range over the layers concerned at each step, and the same over the other layers.

    Args:
        frame: ``step``, ``layer``, ``depth``, ``kind`` and `column`; one row per layer and step of one run. Or the readings.
        column: the quantity.
        layers: those concerned; all, if none is.
        guides: thresholds with their names.
        since: the step that a thin line marks; ``None`` marks none.
        width: width in CSS pixels.

    Returns:
        The figure.

    Raises:
        UsageError: when a column is missing, or nothing was measured.
    """
    rows, axis = readings(frame, column), quantity(column)
    concerned = np.array([name in layers for name in rows.names])
    concerned = concerned if concerned.any() else ~concerned
    lines = {(NAMED,): course(rows, concerned)} | ({} if concerned.all() else {(OTHERS,): course(rows, ~concerned)})
    values = np.concatenate([np.concatenate(line[1:]) for line in lines.values()])
    limits = axis.scale.limits(np.append(values, [value for value, _ in guides]))
    handles = [*_handles(concerned, guides), *marks.edge_legend(lines, axis.scale)]
    first, last = float(rows.steps[0]), float(rows.steps[-1])
    x = (first, last + 0.015 * (last - first) if last > first else first + 1)
    with small_multiples([column], y=axis.label, x="step", handles=handles, width=width, titled=False) as grid:
        for _, axes in grid.laid_out(axis.scale, limits, x=x, ticks=step_ticks(first, last), most=5):
            for (look,), line in lines.items():
                marks.band(axes, line, style.colour(look), limits, lw=1.6 if look == NAMED else 1.1, zorder=3)
            for value, _ in guides:
                axes.axhline(value, color=style.colour("theory"), lw=1.1, ls=(0, (3, 2)), zorder=2)
            if since is not None and first < since < last:
                axes.axvline(since, color=style.colour("muted"), lw=0.9, ls=(0, (1, 2)), zorder=2)
            grid.figure.follow(axes, column, x="step", y="value")
    return grid.figure


def course(rows: Rows, chosen: np.ndarray) -> Track:
    """Median, least and greatest reading of some layers at each step; neighbouring steps share a point where there are many.

    Args:
        rows: the readings.
        chosen: which layers, ``[layers]``.
    """
    values = rows.values[chosen]
    there = ~np.isnan(values).all(axis=0)
    values, steps = values[:, there], rows.steps[there]
    size = max(-(-len(steps) // POINTS), 1)
    starts = np.arange(0, len(steps), size)
    parts = [values[:, start : start + size] for start in starts]
    middle = np.array([_median(part) for part in parts])
    low, high = (np.array([pick(part[~np.isnan(part)]) for part in parts]) for pick in (np.min, np.max))
    return Track(steps[starts].astype(float), middle, low, high)


def _median(part: np.ndarray) -> float:
    """The median of what was measured; an infinite one stays infinite, where interpolation would make it NaN."""
    known = np.sort(part[~np.isnan(part)])
    return float(known[(len(known) - 1) // 2])


def _handles(concerned: np.ndarray, guides: Sequence[Guide]) -> list[Line2D]:
    count, rest = int(concerned.sum()), int((~concerned).sum())
    named = "all layers" if not rest else f"the {count} layers named" if count > 1 else "the layer named"
    others = f"the {rest} others" if rest > 1 else "the other layer"
    return [
        marks.swatch(f"{named}: median and range" if count > 1 else named, style.colour(NAMED), lw=1.6),
        *([marks.swatch(others, style.colour(OTHERS), lw=1.1)] if rest else []),
        *(marks.swatch(text, style.colour("theory"), lw=1.1, ls=(0, (3, 2))) for _, text in guides),
    ]
