"""A forest plot: one row per effect with its interval, and the value of theory or the threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures import marks, style
from diagnostics.figures.drawing import Drawing
from diagnostics.figures.scales import Limits, Linear, round_steps, set_ticks
from diagnostics.figures.seeds import require
from diagnostics.wording.numerals import estimate


@dataclass(frozen=True)
class Rows:
    """Positions of the rows and their texts, in CSS pixels.

    Args:
        height: of one row.
        left: room for the labels.
        right: room for the numbers, and for the verdict where there is one.
        stacked: whether label and numbers are above the row, as on a phone.
        apart: whether the numbers have a line of their own below the label, because both do not fit into one.
        head: room for the legend.
        foot: room for the ticks and the title of x below each block.
    """

    height: int
    left: int
    right: int
    stacked: bool
    apart: bool = False
    head: int = 40
    foot: int = 56


class Effect(NamedTuple):
    """One row of the table."""

    label: str
    effect: float
    low: float
    high: float
    reference: float
    word: str


NEAR = 1.0
"""The axis includes 0 if the distance from 0 to the nearest value is at most this multiple of the values' range."""


def effects(
    frame: pd.DataFrame,
    *,
    reference: str = "theory",
    x: str = "effect",
    zero: bool = True,
    width: int = style.WIDE,
) -> Figure:
    """One row per effect: a dot with its interval, a bar at the reference, and the numbers beside them.

    Effects in different units are drawn in separate blocks, each with its own axis.

    Args:
        frame: ``label``, ``effect``, ``low``, ``high``; optionally ``reference`` (NaN: none), ``unit`` and ``word``
            (a verdict, shown with its symbol and colour).
        reference: name of the reference in the legend, such as "theory" or "threshold".
        x: what the effect is, for the axis.
        zero: whether the axis always includes 0; otherwise it does only if the values are near 0.
        width: width in CSS pixels; on a narrow figure the texts are above their row.

    Returns:
        The figure. The row of a missing effect says so; an infinite end of an interval reaches the edge.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    require(frame, ["label", "effect", "low", "high"])
    table = frame.assign(**{name: np.nan for name in ("reference",) if name not in frame})
    table = table.assign(**{name: "" for name in ("unit", "word") if name not in frame})
    blocks = [rows for _, rows in table.groupby("unit", sort=False, observed=True, dropna=False)]
    rows = _rows(table, width)
    height = rows.head + sum(len(block) * rows.height + rows.foot for block in blocks)
    with style.styled():
        figure = Drawing(figsize=(width / style.PIXELS_PER_INCH, height / style.PIXELS_PER_INCH))
        top, wide = rows.head, (width - rows.left - rows.right) / width
        for block in blocks:
            tall = len(block) * rows.height
            axes = figure.add_axes((rows.left / width, 1 - (top + tall) / height, wide, tall / height))
            _block(axes, block, x, rows, zero)
            top += tall + rows.foot
        _legend(figure, table, reference)
    return figure


def _rows(table: pd.DataFrame, width: int) -> Rows:
    if width < 2 * style.NARROW:
        texts = [f"{_label(one)}   {_numbers(one)}" for one in _effects(table)]
        apart = max(map(len, texts)) * style.PIXELS_PER_CHARACTER > width - 22
        return Rows(height=60 if apart else 44, left=10, right=12, stacked=True, apart=apart)
    longest = int(table["label"].astype(str).str.len().max())
    right = 180 + 130 * bool(table["word"].astype(bool).any())
    return Rows(height=26, left=min(int(longest * style.PIXELS_PER_CHARACTER) + 24, 360), right=right, stacked=False)


def _legend(figure: Figure, table: pd.DataFrame, reference: str) -> None:
    handles = [marks.swatch("measured, 95 % interval", style.colour("ink"), marker="o", ms=5, mew=0, lw=1.8)]
    if table["reference"].notna().to_numpy().any():
        handles.append(marks.swatch(reference, style.colour("theory"), ls="", marker="|", ms=11, mew=2.2))
    style.legend(figure, handles, top=4)


def _block(axes: Axes, block: pd.DataFrame, x: str, rows: Rows, zero: bool) -> None:
    values = block[["effect", "low", "high", "reference"]].to_numpy(float).ravel()
    values = values[np.isfinite(values)]
    near = not len(values) or np.abs(values).min() <= NEAR * np.ptp(values)
    limits = Linear(margin=0.08).limits(np.append(values, 0.0) if zero or near else values)
    axes.set_xlim(*limits)
    axes.set_ylim(len(block) - 0.5, -0.5)
    set_ticks(axes.xaxis, round_steps(limits, 4 if rows.stacked else 8), Linear().label)
    set_ticks(axes.yaxis, [], str)
    axes.spines["left"].set_visible(False)
    axes.xaxis.grid(visible=True)
    if limits[0] <= 0 <= limits[1]:
        axes.axvline(0, color=style.colour("muted"), lw=0.7, zorder=1)
    unit = str(block["unit"].iloc[0])
    axes.set_xlabel(f"{x}, {unit} →" if unit else f"{x} →", loc="right")
    for index, one in enumerate(_effects(block)):
        _marks(axes, index + 0.2 * rows.stacked + 0.08 * rows.apart, one, limits)
        _texts(axes, index, one, rows)


def _effects(table: pd.DataFrame) -> list[Effect]:
    return [Effect(*values) for values in table[list(Effect._fields)].to_numpy(object)]


def _label(one: Effect) -> str:
    return str(one.label)


def _numbers(one: Effect) -> str:
    """Effect and interval; on a phone the verdict follows."""
    return f"{estimate(one.effect, one.low, one.high)} {_verdict(one)}".strip()


def _verdict(one: Effect) -> str:
    return f"{style.SYMBOLS.get(str(one.word), '')} {one.word}".strip()


def _marks(axes: Axes, height: float, one: Effect, limits: Limits) -> None:
    ink = style.colour("ink")
    axes.plot(np.clip([one.low, one.high], *limits), [height, height], color=ink, lw=1.8, zorder=3)
    axes.plot(one.reference, height, "|", color=style.colour("theory"), ms=13, mew=2.2, zorder=3.5)
    axes.plot(np.clip(one.effect, *limits), height, "o", color=ink, ms=5.5, mew=0, zorder=4)


def _texts(axes: Axes, index: int, one: Effect, rows: Rows) -> None:
    across = axes.get_yaxis_transform()
    muted, word = style.colour("muted"), str(one.word)
    if rows.stacked:
        # give the texts a background: on a phone, vertical lines run behind them
        plain: dict = {"transform": across, "va": "center"}
        plain["bbox"] = {"fc": style.colour("paper"), "ec": "none", "pad": 1}
        axes.text(0, index - 0.22 - 0.12 * rows.apart, _label(one), ha="left", **plain)
        numbers = (0, index - 0.06, "left") if rows.apart else (1, index - 0.22, "right")
        axes.text(*numbers[:2], _numbers(one), ha=numbers[2], color=muted, **plain)
        return
    beside: dict = {"xycoords": across, "textcoords": "offset points", "va": "center"}
    axes.annotate(_label(one), (0, index), (-8, 0), ha="right", **beside)
    axes.annotate(estimate(one.effect, one.low, one.high), (1, index), (10, 0), color=muted, **beside)
    axes.annotate(
        _verdict(one), (1, index), (140, 0), color=style.PALETTE.get(word, style.PALETTE["ink"]).light, **beside
    )
