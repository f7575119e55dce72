"""Panels with layers downwards from the input: the profile of a quantity at three moments, and the names of the layers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

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
SIGNS = ("o", "s", "^", "D")
"""Markers of the most frequent kinds of layer; layers of other kinds share the last."""
Guide = tuple[float, str]
_LOOKS: Mapping[str, dict] = {
    "start": {"lw": 0.9, "zorder": 3.0},
    "middle": {"lw": 1.2, "zorder": 3.1},
    "end": {"lw": 1.7, "zorder": 3.2},
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
        longest = min(max(map(len, rows.names)), 15 if width < 1.3 * style.NARROW else 30)
        return cls(int(longest * CHARACTER) + 14, longest, float(np.clip(ROW * len(rows.names), LOWEST, TALLEST)))

    def label(self, axes: Axes, rows: Rows, *, shown: bool = True) -> None:
        """Set limits and ticks of the axis; lines show where nets begin, and blocks if there is no room for every name."""
        count = len(rows.names)
        axes.set_ylim(count - 0.5, -0.5)
        texts = layer_names.ticks(rows.names, self.height)
        cut = {row: layer_names.shortened(name, self.longest) for row, name in texts.items()}
        set_ticks(axes.yaxis, list(texts), lambda row: cut[int(row)], labels=shown)
        if len(texts) < count:
            for row in texts:
                axes.axhline(row - 0.5, color=style.colour("rule"), lw=0.6, zorder=1.2)
        for row in range(1, len(rows.nets)):
            if rows.nets[row] != rows.nets[row - 1]:
                axes.axhline(row - 0.5, color=style.colour("muted"), lw=1.2, zorder=3.5)


def place(figure: Drawing, box: tuple[float, float, float, float]) -> Axes:
    """A panel at left, top, width and height in CSS pixels."""
    left, top, wide, tall = box
    width, height = (side * style.PIXELS_PER_INCH for side in figure.get_size_inches())
    return figure.add_axes((left / width, 1 - (top + tall) / height, wide / width, tall / height))


def profile(axes: Axes, rows: Rows, axis: Quantity, limits: Limits, guides: Sequence[Guide] = ()) -> None:
    """Draw values to the right at start, middle and end of training.

    Only layers of one net and one role are connected, such as the second convolution of each block: convolutions, normalisations and
    sums each have a level of their own, and a line through all of them would be a saw.

    Args:
        axes: the panel.
        rows: the readings.
        axis: the quantity's scale.
        limits: of the values.
        guides: reference values.
    """
    axes.set_xscale(axis.scale.name)
    axes.set_xlim(*limits)
    set_ticks(axes.xaxis, axis.scale.ticks(limits, 5), axis.scale.label)
    axes.xaxis.grid(visible=True)
    axes.yaxis.grid(visible=False)
    size = float(np.clip(180 / len(rows.names), 1.6, 4.0))
    sign_of = {kind: sign for sign, kinds in signs(rows.kinds).items() for kind in kinds}
    roles: dict[tuple[str, str], list[int]] = {}
    nets = rows.nets or [""] * len(rows.names)
    for row, (kind, name, net) in enumerate(zip(rows.kinds, _roles(rows.names), nets, strict=True)):
        roles.setdefault((kind, f"{net} {name}"), []).append(row)
    for moment, step in moments(rows.steps).items():
        values, looks = around(rows, step), {"color": style.colour(moment), "ms": size, **_LOOKS[moment]}
        for (kind, _), own in roles.items():
            _line(axes, values[own], np.array(own), limits, marker=sign_of[kind], **looks)
    for value, _ in guides:
        axes.axvline(value, color=style.colour("theory"), lw=1.1, ls=(0, (3, 2)), zorder=2)


def _roles(names: Sequence[str]) -> list[str]:
    """Each layer's name within its block, which its siblings in other blocks share; empty where names show no blocks."""
    roles = [""] * len(names)
    for block in layer_names.blocks(names, max(len(names) // 2, 1)):
        for place in range(block.first, block.last + 1):
            roles[place] = names[place].removeprefix(block.name)
    return roles if len(set(roles)) <= len(names) / 2 else [""] * len(names)


def _line(axes: Axes, values: np.ndarray, rows: np.ndarray, limits: Limits, **looks) -> None:
    """A line through the layers that have a value; markers at the edge for what the scale cannot show."""
    below, endless = (values <= 0) & (axes.get_xscale() == "log"), np.isinf(values)
    shown = np.where(below | endless, np.nan, values)  # the line breaks there, and joins over layers without a reading
    there = ~np.isnan(values)
    axes.plot(shown[there], rows[there], mew=0, **looks)
    for sign, where, edge in (("<", below, limits[0]), (">", endless, limits[1])):
        if where.any():
            axes.plot(np.full(where.sum(), edge), rows[where], sign, color=looks["color"], ms=4.5, mew=0, clip_on=False)


def signs(kinds: Sequence[str]) -> dict[str, list[str]]:
    """Which kinds of layer each marker shows, the most frequent first."""
    ordered = sorted(dict.fromkeys(kinds), key=lambda kind: -list(kinds).count(kind))
    last = len(SIGNS) - 1
    groups = [[kind] for kind in ordered[:last]] + ([ordered[last:]] if ordered[last:] else [])
    return dict(zip(SIGNS, groups, strict=False))


def handles(rows: Rows, guides: Sequence[Guide]) -> list[Artist]:
    """The legend of a profile: moments, kinds of layer where there are several, and reference values."""
    muted, shown = style.colour("muted"), signs(rows.kinds) if len(set(rows.kinds)) > 1 else {}
    return [
        *(marks.swatch(f"{name} (step {at:,})", style.colour(name), lw=2) for name, at in moments(rows.steps).items()),
        *(
            marks.swatch(kinds[0] if len(kinds) == 1 else "other kinds", muted, ls="", marker=sign, ms=4.5, mew=0)
            for sign, kinds in shown.items()
        ),
        *(marks.swatch(text, style.colour("theory"), lw=1.1, ls=(0, (3, 2))) for _, text in guides),
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


def highlight(axes: Axes, rows: Rows, layers: Collection[str]) -> None:
    """Shade the rows of some layers."""
    for row, name in enumerate(rows.names):
        if name in layers:
            axes.axhspan(row - 0.5, row + 0.5, color=style.colour("theory"), alpha=0.1, lw=0, zorder=0.5)
