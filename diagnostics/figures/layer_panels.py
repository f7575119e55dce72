"""Panels with layers downwards from the input: the profile of a quantity at three moments, and the names of the layers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from diagnostics.figures import layer_names, marks, style
from diagnostics.figures.columns import Quantity
from diagnostics.figures.drawing import Drawing
from diagnostics.figures.layer_rows import Rows, around
from diagnostics.figures.scales import Limits, set_ticks
from diagnostics.figures.seeds import moments

ROW, LOWEST, TALLEST = 18.0, 110.0, 640.0
"""Height of a row where there is room, and the least and greatest height of a panel, in CSS pixels."""
HEAD, FOOT = 84, 24
"""Least room above a panel, for its title, legend or colour bar, and room below it for ticks."""
LINE, CHARACTER = 16, 6.4
"""Height of a line of the legend, and width of a character of a layer's name."""
MOST_DOTS = 300
"""Most layers that are dots of their own in a profile by blocks; of more, each block shows its range."""
SIGNS = ("o", "s", "^", "D")
"""Markers of the most frequent kinds of layer; layers of other kinds share the last."""
Guide = tuple[float, str]


class Band(NamedTuple):
    """What other trainings measured, for each layer of a profile.

    Args:
        low: lower end, ``[layers]``.
        high: upper end, ``[layers]``.
        name: whose values it holds, for the legend.
    """

    low: np.ndarray
    high: np.ndarray
    name: str


# The later, the thinner, and on top: moments that coincide stay visible as edges of each other.
_LOOKS: Mapping[str, dict] = {
    "start": {"lw": 3.8, "zorder": 3.0},
    "middle": {"lw": 2.4, "zorder": 3.1},
    "end": {"lw": 1.1, "zorder": 3.2},
}


@dataclass(frozen=True)
class Names:
    """The axis of layers.

    Args:
        room: left of a panel, in CSS pixels.
        longest: the most characters of a name.
        height: of a panel.
    """

    room: int
    longest: int
    height: float

    @classmethod
    def of(cls, rows: Rows, width: int) -> Names:
        """The axis for these rows in a figure of this width."""
        longest = min(max(map(len, rows.names)), 15 if width < 1.3 * style.NARROW else 24 if width < style.WIDE else 36)
        return cls(int(longest * CHARACTER) + 14, longest, float(np.clip(ROW * len(rows.names), LOWEST, TALLEST)))

    def label(self, axes: Axes, rows: Rows, *, shown: bool = True, painted: bool = False) -> None:
        """Set the limits of the axis and write names; lines show where nets begin, and blocks if there is no room for every name.

        Args:
            axes: the panel.
            rows: the readings.
            shown: whether names are written.
            painted: whether the panel is full of colours, which lines between blocks would only cover.
        """
        count = len(rows.names)
        axes.set_ylim(count - 0.5, -0.5)
        axes.yaxis.set_visible(False)  # names are texts; matplotlib would still lay out the ticks that are not there
        texts = layer_names.ticks(rows.names, self.height)
        # Texts, not ticks: a tick is five artists, and dozens of layers in a dozen panels took half of a page's time.
        across, left = axes.get_yaxis_transform(), -7 / axes.get_window_extent().width
        written = layer_names.told_apart(list(texts.values()), self.longest)
        for row, cut in zip(texts, written, strict=True) if shown else ():
            axes.text(left, row, cut, transform=across, size=8, color=style.colour("muted"), ha="right", va="center")
        if len(texts) < count and not painted:
            places = [row - 0.5 for row in texts]
            axes.hlines(places, 0, 1, transform=across, color=style.colour("rule"), lw=0.6, zorder=1.2)
        for row in range(1, len(rows.nets)):
            if rows.nets[row] != rows.nets[row - 1]:
                axes.axhline(row - 0.5, color=style.colour("muted"), lw=1.2, zorder=3.5)


def place(figure: Drawing, box: tuple[float, float, float, float]) -> Axes:
    """A panel at left, top, width and height in CSS pixels."""
    left, top, wide, tall = box
    width, height = (side * style.PIXELS_PER_INCH for side in figure.get_size_inches())
    return figure.add_axes((left / width, 1 - (top + tall) / height, wide / width, tall / height))


def profile(
    axes: Axes, rows: Rows, axis: Quantity, limits: Limits, guides: Sequence[Guide] = (), band: Band | None = None
) -> None:
    """Draw values to the right at start, middle and end of training.

    Where names show blocks, every layer is a dot, and a line joins the blocks' medians: kinds of layers have levels of their
    own, and a line through all of them would be a saw. Elsewhere a line joins the layers of one net and kind.

    Args:
        axes: the panel.
        rows: the readings.
        axis: the quantity's scale.
        limits: of the values.
        guides: reference values.
        band: what other trainings measured.
    """
    axes.set_xscale(axis.scale.name)
    axes.set_xlim(*limits)
    set_ticks(axes.xaxis, axis.scale.ticks(limits, 5), axis.scale.label)
    axes.xaxis.grid(visible=True)
    size = float(np.clip(180 / len(rows.names), 1.6, 4.0))
    blocks = blocks_in(rows)
    sign_of = {kind: sign for sign, kinds in signs(rows.kinds).items() for kind in kinds}
    nets = rows.nets or [""] * len(rows.names)
    for moment, step in moments(rows.steps).items():
        values, looks = around(rows, step), {"color": style.colour(moment), "ms": size, **_LOOKS[moment]}
        if blocks:
            if len(values) > MOST_DOTS:
                _ranges(axes, values, blocks, limits, color=looks["color"])
            else:
                line(axes, values, np.arange(len(values)), limits, marker="o", alpha=0.55, **(looks | {"ls": ""}))
            medians(axes, values, blocks, **looks)
            continue
        for kind, net in dict.fromkeys(zip(rows.kinds, nets, strict=True)):
            own = np.array([row for row, each in enumerate(rows.kinds) if (each, nets[row]) == (kind, net)])
            line(axes, values[own], own, limits, marker=sign_of[kind], **looks)
    if band is not None:
        for net in dict.fromkeys(nets):
            own = np.array([row for row, each in enumerate(nets) if each == net])
            edges = np.concatenate([[own[0] - 0.5], own, [own[-1] + 0.5]])
            low, high = (np.concatenate([end[own[:1]], end[own], end[own[-1:]]]) for end in (band.low, band.high))
            axes.fill_betweenx(edges, low, high, color=style.colour("healthy"), alpha=0.3, lw=0, zorder=0.6)
    for value, _ in guides:
        axes.axvline(value, color=style.colour("theory"), lw=1.1, ls=(0, (3, 2)), zorder=2)


def blocks_of(names: Sequence[str]) -> list[layer_names.Block]:
    """The blocks that names show, several of them with several layers each; empty without."""
    found = layer_names.blocks(names, max(len(names) // 2, 1))
    several = [block for block in found if block.first < block.last]
    return found if len(several) > 2 else []


def blocks_in(rows: Rows) -> list[layer_names.Block]:
    """The blocks that a profile shows as medians; none where all layers are of one kind, which a line through all shows as well."""
    return blocks_of(rows.names) if len(set(rows.kinds)) > 1 else []


def medians(axes: Axes, values: np.ndarray, blocks: Sequence[layer_names.Block], **looks) -> None:
    """A line through the median of each block of several layers, over what the scale can show."""
    shown = np.where(np.isfinite(values) & ((values > 0) | (axes.get_xscale() != "log")), values, np.nan)
    spans = [slice(block.first, block.last + 1) for block in blocks if block.first < block.last]
    middle = [
        float(np.median(own[~np.isnan(own)])) if (~np.isnan(own := shown[span])).any() else np.nan for span in spans
    ]
    axes.plot(middle, [(span.start + span.stop - 1) / 2 for span in spans], marker="", **looks)


def _ranges(axes: Axes, values: np.ndarray, blocks: Sequence[layer_names.Block], limits: Limits, color: str) -> None:
    """A thin line from the least to the greatest value of each block: a thousand dots could not be told apart."""
    shown = np.where(np.isinf(values), limits[1], values)
    x: list[float] = []
    y: list[float] = []
    for block in blocks:
        own = shown[block.first : block.last + 1]
        if (~np.isnan(own)).any():
            x += [*np.clip([np.nanmin(own), np.nanmax(own)], *limits).tolist(), np.nan]
            y += [(block.first + block.last) / 2] * 3
    axes.plot(x, y, color=color, lw=0.7, alpha=0.55, zorder=2.9)


def line(axes: Axes, values: np.ndarray, rows: np.ndarray, limits: Limits, **looks) -> None:
    """A line through the layers that have a value; markers at the edge for what the scale cannot show."""
    below, endless = (values <= 0) & (axes.get_xscale() == "log"), np.isinf(values)
    shown = np.where(below | endless, np.nan, values)  # the line breaks there, and joins over layers without a reading
    there = ~np.isnan(values)
    axes.plot(shown[there], rows[there], mew=0, **looks)
    for sign, where, edge in (("<", below, limits[0]), (">", endless, limits[1])):
        if where.any():
            axes.plot(np.full(where.sum(), edge), rows[where], sign, color=looks["color"], ms=4.5, mew=0, clip_on=False)


def limits_of(rows: Rows, axis: Quantity, guides: Sequence[Guide], band: Band | None) -> Limits:
    """Limits of a profile's values: the readings, reference values and what other trainings measured."""
    others = [] if band is None else [band.low, band.high]
    return axis.scale.limits(np.concatenate([rows.values.ravel(), [value for value, _ in guides], *others]))


def signs(kinds: Sequence[str]) -> dict[str, list[str]]:
    """Which kinds of layer each marker shows, the most frequent first."""
    ordered = sorted(dict.fromkeys(kinds), key=lambda kind: -list(kinds).count(kind))
    last = len(SIGNS) - 1
    groups = [[kind] for kind in ordered[:last]] + ([ordered[last:]] if ordered[last:] else [])
    return dict(zip(SIGNS, groups, strict=False))


def handles(rows: Rows, guides: Sequence[Guide], *, log: bool = False, band: Band | None = None) -> list[Artist]:
    """The legend of a profile: moments, kinds of layer where there are several, markers at the edge, and reference values.

    Args:
        rows: the readings.
        guides: reference values.
        log: whether the axis is logarithmic, which has no place for zero.
        band: what other trainings measured.
    """
    muted, blocks = style.colour("muted"), blocks_in(rows)
    shown = signs(rows.kinds) if len(set(rows.kinds)) > 1 and not blocks else {}
    several = len(rows.names) > MOST_DOTS
    # One entry for both: a line of its own for the median would look like that of one of the moments.
    dots = [
        marks.swatch("range of a block; lines: medians", muted, lw=0.7)
        if several
        else marks.swatch("dots: layers; lines: block medians", muted, ls="", marker="o", ms=2.5, mew=0),
    ]
    return [
        *(
            marks.swatch(f"{name} (step {at:,})", style.colour(name), lw=_LOOKS[name]["lw"])
            for name, at in moments(rows.steps).items()
        ),
        *(
            marks.swatch(kinds[0] if len(kinds) == 1 else "other kinds", muted, ls="", marker=sign, ms=4.5, mew=0)
            for sign, kinds in shown.items()
        ),
        *(dots if blocks else []),
        *_edges(rows, log=log),
        *(marks.swatch(text, style.colour("theory"), lw=1.1, ls=(0, (3, 2))) for _, text in guides),
        *([Patch(color=style.colour("healthy"), alpha=0.3, lw=0, label=band.name)] if band else []),
    ]


def _edges(rows: Rows, *, log: bool) -> list[Artist]:
    """Legend entries for the markers at the panel's edges, where a moment has them."""
    drawn = np.concatenate([around(rows, step) for step in moments(rows.steps).values()])
    seen = {"zero": ("<", bool(log and (drawn <= 0).any())), "not finite": (">", bool(np.isinf(drawn).any()))}
    look = {"ls": "", "ms": 4.5, "mew": 0}
    return [
        marks.swatch(name, style.colour("muted"), marker=sign, **look) for name, (sign, there) in seen.items() if there
    ]


def head(label: str, entries: Sequence[Artist], width: float) -> int:
    """Height of the room above a panel, for its title and its legend."""
    columns = style.legend_columns([str(entry.get_label()) for entry in entries], width)
    return max(HEAD, LINE * (style.lines_of(label, width) + -(-len(entries) // columns)) + 20)


def title(figure: Drawing, label: str, entries: Sequence[Artist], width: float) -> None:
    """Write what a profile's values are, and its legend, at the top left."""
    height = figure.get_figheight() * style.PIXELS_PER_INCH
    figure.text(0, 1 - 2 / height, f"{style.wrapped(label, width)} →", va="top", color=style.colour("muted"))
    style.legend(figure, entries, top=8 + LINE * style.lines_of(label, width), width=width)


def highlight(axes: Axes, rows: Rows, layers: Collection[str], tone: str = "warning") -> None:
    """Mark the rows of some layers with a bar along the left edge, in the colour of a severity."""
    across = axes.get_yaxis_transform()
    for row, name in enumerate(rows.names):
        if name in layers:
            axes.plot([0, 0], [row - 0.5, row + 0.5], color=style.colour(tone), lw=4, transform=across, zorder=4)
