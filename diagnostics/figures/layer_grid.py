"""The layers of several runs as one axis, downwards from the input, and panels side by side that share it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from diagnostics.figures import layer_panels, style
from diagnostics.figures.drawing import Drawing
from diagnostics.figures.layer_panels import FOOT, Names
from diagnostics.figures.layer_rows import Rows

GAP, RIGHT, TITLE, UNDER = 18, 14, 20, 14
"""Room between panels, at the right, for a panel's title, and for the name of the axis below, in CSS pixels."""
LEAST, MOST = 200, 3
"""Least width of a panel, names excluded, and most panels side by side."""


def together(frame: pd.DataFrame, column: str) -> tuple[Rows, dict[str, Rows]]:
    """The axis that all runs share, and each run's readings on it.

    Args:
        frame: ``arm`` (the run), ``step``, ``layer``, ``depth``, ``kind`` and `column`.
        column: the quantity.

    Returns:
        Rows without readings that name every layer of any run, from input to output; and by run its readings, NaN at the layers
        that it lacks.
    """
    known = frame.loc[frame[column].notna()]
    runs = {str(arm): Rows.of(own, column) for arm, own in known.groupby("arm", observed=True, sort=False)}
    facts = {
        name: (kind, net)
        for rows in runs.values()
        for name, kind, net in zip(rows.names, rows.kinds, rows.nets or [""] * len(rows.names), strict=True)
    }
    names = merged([rows.names for rows in runs.values()])
    nets = tuple(facts[name][1] for name in names)
    axis = Rows(np.empty((len(names), 0)), np.empty(0), tuple(names), tuple(facts[name][0] for name in names), nets)
    return axis, {arm: _on(axis, rows) for arm, rows in runs.items()}


def merged(orders: Sequence[Sequence[str]]) -> list[str]:
    """Names in the first order; what only a later one has follows the name that it follows there."""
    found: list[str] = []
    for order in orders:
        place = 0
        for name in order:
            if name in found:
                place = found.index(name) + 1
            else:
                found.insert(place, name)
                place += 1
    return found


@dataclass(frozen=True)
class Grid:
    """Panels with the layers of `axis` downwards.

    Args:
        axis: the layers.
        titles: one panel each.
        top: room above, in CSS pixels.
        width: width of the figure.
    """

    axis: Rows
    titles: Sequence[str]
    top: float
    width: int

    def panels(self, x: str, *, painted: bool = False) -> tuple[Drawing, Iterator[tuple[str, Axes]]]:
        """The figure, and its panels by title, named where they begin a line.

        Args:
            x: what is to the right, written below the last panel; empty where the figure's title says it.
            painted: whether panels are full of colours.
        """
        names = Names.of(self.axis, self.width)
        free = self.width - names.room - RIGHT
        columns = max(1, min(len(self.titles), MOST, int((free + GAP) // (LEAST + GAP))))
        lines, wide = -(-len(self.titles) // columns), (free - GAP * (columns - 1)) / columns
        line = TITLE + names.height + FOOT
        height = self.top + lines * line + UNDER
        size = (self.width / style.PIXELS_PER_INCH, height / style.PIXELS_PER_INCH)
        figure = Drawing(figsize=size)

        def drawn() -> Iterator[tuple[str, Axes]]:
            for number, title in enumerate(self.titles):
                row, column = divmod(number, columns)
                left, top = names.room + column * (wide + GAP), self.top + row * line + TITLE
                axes = layer_panels.place(figure, (left, top, wide, names.height))
                names.label(axes, self.axis, shown=column == 0, painted=painted)
                figure.text(left / self.width, 1 - (top - 5) / height, title, weight="bold", va="bottom")
                yield title, axes
            end = (names.room + wide + (columns - 1) * (wide + GAP)) / self.width
            figure.text(end, 2 / height, f"{x} →" if x else "", va="bottom", ha="right", color=style.colour("muted"))

        return figure, drawn()


def _on(axis: Rows, rows: Rows) -> Rows:
    """A run's readings in the order of the shared axis."""
    place = {name: row for row, name in enumerate(rows.names)}
    values = np.full((len(axis.names), len(rows.steps)), np.nan)
    for row, name in enumerate(axis.names):
        if name in place:
            values[row] = rows.values[place[name]]
    return axis._replace(values=values, steps=rows.steps)
