"""A quantity over layers and steps as a coloured mesh, one panel per arm, all with the same colour scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures import colour_scale, style
from diagnostics.figures.columns import SHARE, quantity
from diagnostics.figures.panels import LINE, Layout, Panels, axis_titles, panels, say_missing
from diagnostics.figures.scales import Limits, Scale, depth_ticks, set_ticks, step_ticks
from diagnostics.figures.seeds import arm_names, of_arms, over_seeds, require
from diagnostics.wording.numerals import short

BAR = 44
"""Height in CSS pixels of the colour bar with its tick labels."""
MOST_COLUMNS = 240
"""Most columns of a panel, which has no more pixels; a run with more recorded steps is thinned."""
INSET = 12
"""Room for half a tick label at either end of the colour bar, in CSS pixels."""


class Mesh(NamedTuple):
    """One arm's values on an even grid of steps.

    Args:
        values: `[layers, columns]`, the first layer at the bottom.
        steps: `[columns]`, even from the first to the last recorded step.
        depths: `[layers]`, ascending.
    """

    values: np.ndarray
    steps: np.ndarray
    depths: np.ndarray


class Area(NamedTuple):
    """What all panels span: first and last layer; first step, last step, and where the last column ends."""

    shallow: float
    deep: float
    start: float
    last: float
    end: float

    @classmethod
    def of(cls, table: pd.DataFrame) -> Area:
        """The span of a table with ``depth`` and ``step``."""
        depths, steps = np.unique(table["depth"].to_numpy(float)), np.unique(table["step"].to_numpy(float))
        shown = np.linspace(steps[0], steps[-1], min(len(steps), MOST_COLUMNS))
        return cls(depths[0], depths[-1], steps[0], steps[-1], steps[-1] + column_width(shown))


def heat_map(
    frame: pd.DataFrame,
    column: str = "activation_gradient_rms",
    *,
    notes: Mapping[str, str] | None = None,
    arms: Sequence[str] | None = None,
    width: int = style.WIDE,
) -> Figure:
    """Small multiples by arm: the median over seeds, colour by value, layers upwards, steps to the right.

    Args:
        frame: ``arm``, ``seed``, ``step``, ``depth`` and `column`; one row per layer, step and seed.
        column: the quantity that colour shows, on a scale that all panels share.
        notes: a short second title line by arm.
        arms: the panels in order; by default as the frame has them.
        width: width in CSS pixels.

    Returns:
        The figure. Zeros on a logarithmic scale, infinities and missing values each have a special colour.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    require(frame, ["arm", "seed", "step", "depth", column])
    frame = of_arms(frame, arms)
    table = over_seeds(thin(frame), column, ["arm", "step", "depth"])
    axis, names = quantity(column), arm_names(frame, arms)
    seen, area = table["median"].to_numpy(float), Area.of(table)
    limits = axis.scale.limits(seen)
    colour_label = f"colour: {axis.label}"
    rows = layer_labels(frame, longest=12 if width < 2 * style.NARROW else 28) if len(names) == 1 else {}
    with style.styled():
        layout = _layout(rows).below(style.lines_of(colour_label, width))
        grid = panels(names, width=width, layout=layout.below(width < 2 * style.NARROW), notes=notes)
        for name, axes in grid.axes.items():
            own = table.loc[(table["arm"] == name).to_numpy()]
            _panel(axes, own, axis.scale, limits)
            _ticks(axes, area, rows, first=name in grid.first_column, last=name in grid.last_row)
        axis_titles(grid, y="layer, counted from the input", x="step")
        _colour_bar(grid, colour_label, axis.scale, limits)
        _special_legend(grid, seen, axis.scale, below=layout.head)
    return grid.figure


def thin(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the steps that :func:`mesh` shows for some arm; the others need not be summarised over seeds."""
    by_arm = [np.unique(steps.to_numpy()) for _, steps in frame.groupby("arm", observed=True)["step"]]
    shown = [steps[_last_readings(steps)[1]] for steps in by_arm]
    return frame.loc[np.isin(frame["step"].to_numpy(), np.concatenate(shown))]


def _last_readings(recorded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An even grid from the first to the last recorded step, and for each of its steps the index of the last reading up to it."""
    even = np.linspace(recorded[0], recorded[-1], min(len(recorded), MOST_COLUMNS))
    return even, np.searchsorted(recorded, even + 1e-6, side="right") - 1


def mesh(rows: pd.DataFrame) -> Mesh:
    """Spread one arm's medians over an even grid of steps; each column shows the last reading up to its step.

    Args:
        rows: ``step``, ``depth``, ``median`` of one arm.
    """
    wide = rows.pivot(index="depth", columns="step", values="median").sort_index()
    even, last = _last_readings(wide.columns.to_numpy(float))
    return Mesh(wide.to_numpy(float)[:, last], even, wide.index.to_numpy(float))


def layer_labels(frame: pd.DataFrame, longest: int, most: int = 40) -> dict[int, str]:
    """Layer names with their depth, for the rows of a single map; empty without names or with too many rows.

    Args:
        frame: ``depth``, and ``layer`` where there are names.
        longest: most characters of a name; a longer name keeps its end, which distinguishes siblings.
        most: most rows for which names do not overlap.
    """
    if "layer" not in frame or len(np.unique(frame["depth"].to_numpy())) > most:
        return {}
    names = frame.drop_duplicates("depth").set_index("depth")["layer"].astype(str).sort_index()
    short_names = (name if len(name) <= longest else f"…{name[1 - longest :]}" for name in names)
    return {int(depth): f"{name} {depth}" for depth, name in zip(names.index, short_names, strict=True)}


def _panel(axes: Axes, rows: pd.DataFrame, scale: Scale, limits: Limits) -> None:
    if bool(np.isnan(rows["median"].to_numpy(float)).all()):
        say_missing(axes)
        return
    data = mesh(rows)
    end = data.steps[-1] + column_width(data.steps)
    colour_scale.paint(
        axes,
        data.values[::-1],
        scale,
        limits,
        (data.steps[0], end, data.depths[0] - 0.5, data.depths[-1] + 0.5),
        bend=_bend(scale),
    )


def column_width(steps: np.ndarray) -> float:
    """How many steps a column of an even grid stands for; 1 when there is a single one."""
    return float(steps[-1] - steps[0]) / max(len(steps) - 1, 1) or 1.0


def _layout(rows: Mapping[int, str]) -> Layout:
    """Make room for layer names where they label the rows; small multiples show layer numbers only."""
    plain = Layout(panel=110, head=BAR + LINE, bottom=38)
    longest = max(map(len, rows.values()), default=0)
    return replace(plain, panel=max(110, 15 * len(rows)), left=plain.left + int(6 * longest), widest=760)


def _ticks(axes: Axes, area: Area, rows: Mapping[int, str], *, first: bool, last: bool) -> None:
    axes.set_ylim(area.shallow - 0.5, area.deep + 0.5)
    layers = list(rows) or depth_ticks(area.shallow, area.deep)
    set_ticks(axes.yaxis, layers if first else [], lambda tick: rows.get(int(tick), short(tick)))
    axes.set_xlim(area.start, area.end)
    set_ticks(axes.xaxis, step_ticks(area.start, area.last) if last else [], short)


def _colour_bar(grid: Panels, label: str, scale: Scale, limits: Limits) -> None:
    figure = grid.figure
    width, height = (side * style.PIXELS_PER_INCH for side in figure.get_size_inches())
    text = style.wrapped(label, width)
    figure.text(0, 1 - (6 + LINE) / height, text, va="top")
    top = 14 + LINE * (2 + text.count("\n"))
    colour_scale.bar(
        figure, scale, limits, (INSET, top, min(420, width - 2 * INSET), 10), (width, height), bend=_bend(scale)
    )


def _bend(scale: Scale) -> float:
    """A share of a few per cent must not be as dark as none."""
    return 0.5 if scale == SHARE else 1.0


def _special_legend(grid: Panels, values: np.ndarray, scale: Scale, *, below: float) -> None:
    """The key for special values: beside the colour bar, or below it on a phone."""
    width, height = (side * style.PIXELS_PER_INCH for side in grid.figure.get_size_inches())
    left, top = (460, below - 32) if width > 2 * style.NARROW else (0, below + 2)
    colour_scale.special_legend(grid.figure, values, scale, (left, top), (width, height))
