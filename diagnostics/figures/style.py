"""Palette, type and line weights of every figure: one colour has one meaning, on light and on dark paper."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.figure import Figure

WIDE = 1080
"""Width in CSS pixels of a figure on a desktop page."""
HALF = 528
"""Width of a figure that shares the line with another one or with text."""
NARROW = 358
"""Width in CSS pixels of a figure on a phone (390 pixels less the page's margins)."""
PIXELS_PER_INCH = 100
BOLD = 7.6
"""Mean width of a bold character at the base size, rounded up."""
LEGEND_MARK = 42
"""Room for an entry's mark in a legend and for the distance to the next entry, in CSS pixels."""
PIXELS_PER_CHARACTER = 7.0
"""Mean width of a character at the base size, rounded up."""


@dataclass(frozen=True)
class Colour:
    """One meaning's colour on light paper and on dark paper."""

    light: str
    dark: str


# Blues, pale to deep, are moments of training; orange is theory; magenta is validation; the colours of verdicts
# and findings appear with their word only. Lightness differs within each group: no reader has to rely on hue.
PALETTE: Mapping[str, Colour] = {
    "ink": Colour("#1c2127", "#e9ecef"),
    "muted": Colour("#58626d", "#a9b3bd"),
    "rule": Colour("#e1e5ea", "#343b43"),
    "paper": Colour("#ffffff", "#15181c"),
    "wash": Colour("#f5f7f9", "#1e2328"),
    "context": Colour("#c3cad2", "#5a646f"),
    "start": Colour("#3f9cc4", "#3b86ab"),
    "middle": Colour("#2a68ad", "#7dbfe8"),
    "end": Colour("#0a2463", "#d9f1ff"),
    "theory": Colour("#cf5c00", "#ff9f4a"),
    "training": Colour("#22303c", "#dfe6ec"),
    "validation": Colour("#b8347c", "#f38cc4"),
    "healthy": Colour("#46896e", "#6fb598"),
    "cursor": Colour("#00805f", "#3fe0a8"),
    "supported": Colour("#00705e", "#4fd0b5"),
    "refuted": Colour("#b3261e", "#ff8a80"),
    "mixed": Colour("#6b3fa0", "#c7a5f2"),
    "open": Colour("#5d6773", "#b3bcc6"),
    "error": Colour("#98280a", "#ff9b7a"),
    "warning": Colour("#7d5700", "#f2c14e"),
    "clean": Colour("#0c6b3c", "#6fd79b"),
    "run-1": Colour("#1f4e9c", "#8db8f2"),
    "run-2": Colour("#d1601f", "#ffb27a"),
    "run-3": Colour("#138a72", "#45c9a8"),
    "run-4": Colour("#7b2d8e", "#d79be6"),
    "run-5": Colour("#9a7b00", "#e0c64b"),
    "run-6": Colour("#4a4f57", "#cfd5db"),
    "level-1": Colour("#b08200", "#8f7020"),
    "level-2": Colour("#858612", "#7b852e"),
    "level-3": Colour("#5b8a24", "#679a3c"),
    "level-4": Colour("#378149", "#5ba770"),
    "level-5": Colour("#14786f", "#4fb5a5"),
    "level-6": Colour("#1c6687", "#6abace"),
    "level-7": Colour("#24559f", "#86bff7"),
    "level-8": Colour("#3d3d97", "#acbefb"),
    "level-9": Colour("#57268f", "#d3bdff"),
    "level-10": Colour("#401a62", "#e8d3ff"),
    "level-11": Colour("#2a0f35", "#fdeaff"),
}

LEVELS = 11
"""How many values of a setting have their own colour in a figure; a panel has fewer, and the fewer there are, the farther they lie
apart. The order is one of lightness, so that grey paper keeps it."""

RUNS = 6
"""How many runs have their own colour in a figure that overlays runs."""

SYMBOLS: Mapping[str, str] = {
    "supported": "✓",
    "refuted": "✗",
    "mixed": "◐",
    "open": "?",
    "error": "▲",
    "warning": "!",
    "clean": "✓",
}
"""The symbol of a verdict or a finding, so that colour is never the only cue."""

RC: dict[Any, Any] = {
    "figure.dpi": PIXELS_PER_INCH,
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same picture on every machine
    "font.size": 8.5,
    "text.parse_math": False,  # the names of runs and layers are text, also with two dollar signs in them
    "text.color": PALETTE["ink"].light,
    "axes.edgecolor": PALETTE["muted"].light,
    "axes.labelcolor": PALETTE["muted"].light,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "grid.color": PALETTE["rule"].light,
    "grid.linewidth": 0.7,
    "xtick.color": PALETTE["muted"].light,
    "ytick.color": PALETTE["muted"].light,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "xtick.major.width": 0.6,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",  # text stays text: small, selectable, read aloud
    "svg.hashsalt": "diagnostics",  # the same figure gives the same bytes
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the house style inside the block, and leave the caller's rcParams as they were."""
    with mpl.rc_context(RC):
        yield


def colour(meaning: str) -> str:
    """The colour of a meaning on light paper, as hex; the page replaces it by the dark variant.

    Raises:
        KeyError: when the palette has no such meaning.
    """
    return PALETTE[meaning].light


def css_variables() -> str:
    """The palette as CSS custom properties, light by default, dark if the reader's system prefers it."""
    light = "".join(f"--{name}:{shade.light};" for name, shade in PALETTE.items())
    dark = "".join(f"--{name}:{shade.dark};" for name, shade in PALETTE.items())
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def wrapped(text: str, width: float) -> str:
    """The text broken into lines that fit `width` CSS pixels."""
    return textwrap.fill(text, max(20, int(width / PIXELS_PER_CHARACTER)))


def wrapped_name(name: str, width: float) -> str:
    """A bold name broken into lines that fit `width` CSS pixels, at the ends of its parts where it has some."""
    room, lines = max(8, int(width / BOLD)), [""]
    for part in re.findall(r"[^/_\s]*[/_\s]?", name):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > room:
            lines.append("")
        lines[-1] += part
    return "\n".join(piece for line in lines for piece in textwrap.wrap(line, room))


def broken(text: str, width: float) -> str:
    """The text in lines that fit `width` CSS pixels, broken after its commas unless that takes more lines."""
    parts: list[str] = []
    for part in text.split(", "):
        together = f"{parts[-1]}, {part}" if parts else ""
        if parts and lines_of(together, width) == 1:
            parts[-1] = together
        else:
            parts.append(part)
    by_commas = ",\n".join(wrapped(part, width) for part in parts)
    return min(by_commas, wrapped(text, width), key=lambda each: each.count("\n"))


def lines_of(text: str, width: float) -> int:
    """How many lines :func:`wrapped` makes."""
    return wrapped(text, width).count("\n") + 1


def legend_columns(labels: Sequence[str], width: float) -> int:
    """How many legend entries stand side by side in `width` CSS pixels, read row by row; a column is as wide as its longest entry."""
    lengths = [len(label) for label in labels]
    for columns in range(len(labels), 1, -1):
        widest = [max(lengths[column::columns]) for column in range(columns)]
        if sum(widest) * PIXELS_PER_CHARACTER + columns * LEGEND_MARK <= width:
            return columns
    return 1


def legend(figure: Figure, handles: Sequence[Artist], *, top: float, width: float | None = None) -> None:
    """Set one legend in reading order at the figure's left, `top` pixels below its upper edge, `width` pixels wide."""
    if not handles:
        return
    total, height = (side * PIXELS_PER_INCH for side in figure.get_size_inches())
    room = total if width is None else width
    columns = legend_columns([str(handle.get_label()) for handle in handles], room)
    rows = -(-len(handles) // columns)
    # matplotlib fills legends column by column; people read them row by row
    order = [
        handles[row * columns + column]
        for column in range(columns)
        for row in range(rows)
        if row * columns + column < len(handles)
    ]
    figure.legend(
        handles=order,
        loc="upper left",
        bbox_to_anchor=(0.0, 1 - top / height),
        ncols=columns,
        borderaxespad=0.0,
        borderpad=0.1,
        handlelength=2.0,
        columnspacing=1.6,
        labelspacing=0.35,
    )
