"""How values are distributed over the steps of one run: quantile bands from counts in bins, one panel per layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from diagnostics.figures import bins, marks, style
from diagnostics.figures.panels import headed, say_missing, small_multiples
from diagnostics.figures.scales import set_ticks, step_ticks
from diagnostics.figures.seeds import require
from diagnostics.runs.order import in_one_row
from diagnostics.wording.numerals import short
from probes.errors import UsageError

SHARES = {0.98: 0.18, 0.8: 0.2, 0.5: 0.26}
"""What the bands hold, the widest first, and how dense their colour is."""
POINTS = 48
"""Most points of a band: of more steps, neighbours are added up, as counts can be."""
MOST_LAYERS = 8
"""Most panels; of more layers, the first, the last, and between them those whose values change most."""
GLANCES = 6
"""Readings from which it is told how much a layer's values change."""
OUTER = (0.1, 0.9)
"""Shares of the values that tell where most of a layer's values lie."""
LONE = 0.06
"""Width of a single reading, as a share of the axis."""
FLAT = 0.02
"""Height, in bins, below which even the widest band is drawn as a line."""
LEAST = 1.5
"""Least height of the axis on either side that has values, in bins."""


def value_bands(
    frame: pd.DataFrame,
    column: str,
    edges: Sequence[float],
    *,
    label: str = "value",
    line: bool = True,
    width: int = style.WIDE,
) -> Figure:
    """Small multiples by layer: the median, and bands that hold 50, 80 and 98 % of the values at each step.

    Args:
        frame: of one run: ``step``, ``layer``, ``depth`` and `column`, in each row a vector of 2·K + 2 counts as
            ``probes.Histogram`` records them, or ``None``.
        column: the counts.
        edges: the K edges of the bins.
        label: what the values are.
        line: whether the median is drawn; that of values around 0 jumps from side to side.
        width: width in CSS pixels.

    Returns:
        The figure. All panels share an axis with equal decades on both sides of 0; what is two decades smaller than
        the largest values of the layer with the smallest is drawn as 0. A panel says how often NaN was counted.

    Raises:
        UsageError: when a column is missing, nothing was counted, or the counts do not fit the edges.
    """
    require(frame, ["step", "layer", "depth", column])
    known = frame.loc[frame[column].notna()]
    require(known, [column])
    _check(known[column].iloc[0], column, edges)
    found = {name: counted(rows, column) for name, rows in _chosen(known, column)}
    first = bins.least_edge([counts[:, :-1] for _, counts in found.values()], np.asarray(edges, float))
    shares = [half for share in SHARES for half in ((1 - share) / 2, (1 + share) / 2)]
    places = {
        name: bins.quantiles(bins.collapsed(counts[:, :-1], first), [*shares, 0.5])
        for name, (_, counts) in found.items()
    }
    notes = {name: _note(counts[:, -1]) for name, (_, counts) in found.items()}
    ends = (float(known["step"].to_numpy().min()), float(known["step"].to_numpy().max()))
    limits, handles = _limits(list(places.values())), _handles(line=line)
    texts = bins.ticks(np.asarray(edges, float)[first:], limits)
    layout = headed(len(found), label, handles, width)
    with small_multiples(
        list(found),
        y=label,
        x="step",
        handles=handles,
        width=width,
        layout=layout,
        notes=notes if any(notes.values()) else None,
    ) as grid:
        for name, axes in grid.axes.items():
            axes.set_xlim(ends[0], ends[1] if ends[1] > ends[0] else ends[0] + 1)
            axes.set_ylim(*limits)
            set_ticks(axes.yaxis, list(texts), texts.__getitem__, labels=name in grid.first_column)
            set_ticks(axes.xaxis, step_ticks(*ends) if name in grid.last_row else [], short)
            _panel(axes, found[name][0], places[name], line=line)
            grid.figure.follow(axes, column, x="step", y="value", layers=[name])
    return grid.figure


def counted(rows: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """A layer's counts over the steps; neighbouring steps are added up where there are many.

    Args:
        rows: of one layer.
        column: the counts.

    Returns:
        First step of each point ``[points]``, and counts ``[points, 2·K + 2]``.
    """
    rows = rows.sort_values("step")
    steps, counts = rows["step"].to_numpy(float), np.stack(rows[column].to_list()).astype(float)
    # The first reading stays alone: it is what training began with.
    stride = max(-(-(len(steps) - 1) // (POINTS - 1)), 1)
    starts = np.concatenate([[0], np.arange(1, len(steps), stride)])
    return steps[starts], np.add.reduceat(counts, starts, axis=0)


def _chosen(known: pd.DataFrame, column: str) -> list[tuple[str, pd.DataFrame]]:
    """The layers that have a panel, from input to output, with their rows."""
    order = in_one_row(known).drop_duplicates("layer").sort_values("depth")["layer"].astype(str).tolist()
    rows = {name: own for name, own in known.groupby(known["layer"].astype(str), sort=False)}
    if len(order) > MOST_LAYERS:
        inner = sorted(order[1:-1], key=lambda name: -_change(rows[name], column))[: MOST_LAYERS - 2]
        order = [name for name in order if name in {order[0], order[-1], *inner}]
    return [(name, rows[name]) for name in order]


def _change(rows: pd.DataFrame, column: str) -> float:
    """By how many bins the bulk of a layer's values moves over a training; the sign of the values does not count."""
    rows = rows.sort_values("step").iloc[np.unique(np.linspace(0, len(rows) - 1, GLANCES).astype(int))]
    counts = np.stack(rows[column].to_list())[:, :-1].astype(float)
    places = bins.quantiles(counts, OUTER)
    known = places[:, ~np.isnan(places).any(axis=0)]
    return float(np.ptp(known, axis=1).sum()) if known.size else 0.0


def _panel(axes: Axes, steps: np.ndarray, places: np.ndarray, *, line: bool) -> None:
    known = ~np.isnan(places[-1])
    if not known.any():
        say_missing(axes, "no number")
        return
    x, places = steps[known], places[:, known]
    if len(x) == 1:  # a single reading, as an area that can be seen
        span = axes.get_xlim()[1] - axes.get_xlim()[0]
        x, places = np.array([x[0], x[0] + LONE * span]), np.repeat(places, 2, axis=1)
    for at, density in enumerate(SHARES.values()):
        axes.fill_between(x, places[2 * at], places[2 * at + 1], color=style.colour("end"), alpha=density, lw=0)
    # A band without height, such as that of a gradient that is 0, could not be seen.
    middle = places[-1] if line else np.where(places[1] - places[0] < FLAT, places[-1], np.nan)
    axes.plot(x, middle, color=style.colour("end"), lw=1.1)


def _limits(places: Sequence[np.ndarray]) -> tuple[float, float]:
    """From the lowest to the highest place that any panel draws; a side without values keeps a little room."""
    every = np.concatenate([each.ravel() for each in places])
    shown = every[~np.isnan(every)]
    low, high = float(shown.min(initial=0.0)), float(shown.max(initial=0.0))
    return min(low - 0.4, -0.6 if high > LEAST else -LEAST), max(high + 0.4, 0.6 if low < -LEAST else LEAST)


def _note(nan: np.ndarray) -> str:
    return f"{int(nan.sum()):,} NaN" if nan.any() else ""


def _handles(*, line: bool) -> list[Artist]:
    end, density, words = style.colour("end"), 0.0, []
    for share, own in SHARES.items():
        density = 1 - (1 - density) * (1 - own)  # bands lie on one another
        words.append(Patch(color=end, alpha=density, lw=0, label=f"{100 * share:.0f} % of the values"))
    return [*([marks.swatch("median", end, lw=1.1)] if line else []), *words[::-1]]


def _check(counts: Sequence[float], column: str, edges: Sequence[float]) -> None:
    if len(counts) != 2 * len(edges) + 2:
        raise UsageError(
            what="counts and edges do not belong together",
            where=f"value_bands(frame, {column!r}, edges)",
            got=f"{len(counts)} counts and {len(edges)} edges",
            do="give the edges of the probe that counted: K edges make 2·K + 2 counts",
        )
