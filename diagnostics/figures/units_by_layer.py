"""When the units of one run were dead, one panel per layer; the colour shows whether the spell ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from diagnostics.figures import style
from diagnostics.figures.heat_map import column_width
from diagnostics.figures.panels import headed, say_missing, small_multiples
from diagnostics.figures.scales import round_steps, set_ticks, step_ticks
from diagnostics.figures.seeds import require
from diagnostics.runs.order import in_one_row
from diagnostics.survival import spells
from diagnostics.wording.numerals import short

ENDED, LASTING = "#8593a3", "#9c5a2e"
"""Colours of spells that ended and of those that did not; distinct on light and dark paper, and in grey."""
MOST_COLUMNS = 240
"""Most columns of a panel, which has no more pixels; with more checks, several share a column."""
MOST_UNITS = 256
"""Most units of a panel; more are thinned evenly along their order."""
GAP = 38
"""Distance between panels in CSS pixels; each has its own tick labels, for its own number of units."""
MOST_LAYERS = 24
"""Most layers shown; of more, those with the fewest dead units are left out."""


class Raster(NamedTuple):
    """One layer's units.

    Args:
        states: ``[units, columns]``: 0 alive, 1 dead and revived later, 2 dead until the last check; longest dead first.
        lasting: how many units are dead at the last check.
        revivals: how many spells ended.
        units: number of units, including those without a row.
    """

    states: np.ndarray
    lasting: int
    revivals: int
    units: int

    @property
    def note(self) -> str:
        """How many units ended dead, and how many revivals there were."""
        return f"{self.lasting:,} of {self.units:,} dead, {self.revivals:,} revival{'s' * (self.revivals != 1)}"


def units_by_layer(
    events: pd.DataFrame, checks: pd.DataFrame, units: Mapping[str, int], *, width: int = style.WIDE
) -> Figure:
    """Small multiples by layer: units upwards, checks to the right, coloured where the unit was dead.

    Args:
        events: of one run: ``step``, ``layer``, ``unit``, ``event``.
        checks: all checks, with or without dead units: ``step``, ``layer``, ``depth``.
        units: number of units by layer.
        width: width in CSS pixels.

    Returns:
        The figure. Units are sorted by how long they were dead, the longest at the bottom; a spell shorter than a
        column still fills one.

    Raises:
        UsageError: when a column is missing, there was no check, or the events are inconsistent.
    """
    require(checks, ["step", "layer", "depth"])
    steps = np.unique(checks["step"].to_numpy(np.int64))
    columns = np.linspace(steps[0], steps[-1], min(len(steps), MOST_COLUMNS))
    table = spells(events, int(steps[-1]))
    order = in_one_row(checks).drop_duplicates("layer").sort_values("depth")["layer"].astype(str).tolist()
    rasters = {name: raster(table.loc[table["layer"] == name], columns, units[name]) for name in _shown(order, table)}
    area = (columns[0], columns[-1] + column_width(columns))
    y = "units of the layer, those dead longest at the bottom"
    handles = [
        Patch(color=ENDED, label="dead, revived later"),
        Patch(color=LASTING, label="dead until the last check"),
    ]
    notes = {name: data.note for name, data in rasters.items()}
    layout = replace(headed(len(rasters), y, handles, width), gap=GAP)
    with small_multiples(
        list(rasters), y=y, x="step", handles=handles, width=width, notes=notes, layout=layout
    ) as grid:
        for name, axes in grid.axes.items():
            _panel(axes, rasters[name], area)
            grid.figure.follow(axes, "dead_fraction", x="step", y="unit", layers=[name])
            set_ticks(axes.xaxis, step_ticks(columns[0], columns[-1]) if name in grid.last_row else [], short)
    return grid.figure


def raster(table: pd.DataFrame, columns: np.ndarray, units: int) -> Raster:
    """The states of one layer's units.

    Args:
        table: its spells: ``unit``, ``start``, ``end``, ``open``.
        columns: steps, ascending, ``[columns]``.
        units: number of units.
    """
    states = np.zeros((units, len(columns)), np.uint8)
    # A spell begins in the column whose checks found it, the last one up to its step.
    first = np.searchsorted(columns, table["start"].to_numpy() + 1e-6, side="right") - 1
    last = np.where(table["open"], len(columns), np.searchsorted(columns, table["end"].to_numpy() - 1e-6))
    for unit, start, end, lasting in zip(table["unit"], first, last, table["open"], strict=True):
        states[unit, start : max(end, start + 1)] = 2 if lasting else 1
    longest = np.argsort(-(states > 0).sum(axis=1), kind="stable")
    kept = longest[np.linspace(0, units - 1, min(units, MOST_UNITS)).astype(int)] if units else longest
    lasting = int(table["open"].to_numpy(bool).sum())
    return Raster(states[kept], lasting, len(table) - lasting, units)


def _shown(order: list[str], table: pd.DataFrame) -> list[str]:
    dead: dict[str, int] = table["layer"].value_counts().to_dict()
    kept = set(sorted(order, key=lambda name: -dead.get(name, 0))[:MOST_LAYERS])
    return [name for name in order if name in kept]


def _panel(axes: Axes, data: Raster, area: tuple[float, float]) -> None:
    axes.set_xlim(*area)
    axes.set_ylim(0, max(data.units, 1))
    set_ticks(axes.yaxis, [tick for tick in round_steps((0, max(data.units, 1)), 3) if tick == int(tick)], short)
    axes.grid(visible=False)
    if not data.states.any():
        say_missing(axes, "no unit was ever dead")
        return
    axes.imshow(
        np.ma.masked_equal(data.states, 0),
        cmap=ListedColormap([ENDED, LASTING]),
        vmin=1,
        vmax=2,
        origin="lower",
        aspect="auto",
        extent=(*area, 0, data.units),
        interpolation="none",
    )
