"""Small multiples: a grid of equal panels, placed to the pixel, that has as many columns as its width allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from diagnostics.figures import style
from diagnostics.figures.arrangement import Rows, arranged
from diagnostics.figures.drawing import Drawing
from diagnostics.figures.scales import Limits, Scale, lay_out, set_ticks
from diagnostics.wording.numerals import short
from probes.errors import UsageError

LINE, NOTE = 16, 13
"""Height of a line of text, and of a line of a panel's note, in CSS pixels."""

TITLE = 0.95
"""Share of a panel's width that its title may fill; bold text is wider than the mean character."""

EDGE = 0.06
"""Share of an axis at either end in which a tick's number would reach beyond the panel."""

SINGLE = 220
"""Height of a panel that stands alone, in CSS pixels."""


@dataclass(frozen=True)
class Panels:
    """A figure and its panels by name.

    Args:
        figure: the figure.
        axes: one axes per name, in reading order.
        first_column: names whose panel carries the tick labels of y.
        last_row: names whose panel carries the tick labels of x.
    """

    figure: Drawing
    axes: Mapping[str, Axes]
    first_column: frozenset[str]
    last_row: frozenset[str]

    def laid_out(
        self, scale: Scale, limits: Limits, *, x: Limits, ticks: Sequence[float], most: int = 6, decades: bool = False
    ) -> Iterator[tuple[str, Axes]]:
        """Each panel by name, with the axes that all share: y labelled in the first column, x in the last row.

        Args:
            scale: of y.
            limits: of y.
            x: limits of x.
            ticks: where x is labelled.
            most: about how many ticks y has at most.
            decades: whether x is logarithmic.
        """
        for name, axes in self.axes.items():
            if decades:
                axes.set_xscale("log")
            lay_out(axes, scale, limits, most=most, labels=name in self.first_column)
            axes.set_xlim(*x)
            set_ticks(axes.xaxis, ticks if name in self.last_row else [], short)
            if name in self.last_row and len(self.axes) > 1:
                _keep_inside(axes)
            yield name, axes


@dataclass(frozen=True)
class Layout:
    """Distances of a grid of panels, in CSS pixels.

    Args:
        panel: height of a panel; its width follows from the figure's.
        narrowest: the least width of a panel.
        most: the most panels side by side.
        widest: the greatest width of a panel, so that a single one does not fill the page.
        head: room above the first row, for axis title and legend.
        title: room above each panel for its name; lines of its note come on top.
        left: room for the tick labels of y.
        bottom: room below the last row, for tick labels and title of x.
        gap: distance between neighbours.
    """

    panel: int = 132
    narrowest: int = 132
    most: int = 6
    widest: int = 520
    head: int = 50
    title: int = 34
    left: int = 50
    bottom: int = 40
    gap: int = 18

    def below(self, lines: int) -> Layout:
        """The same with room in the head for `lines` further lines of text."""
        return replace(self, head=self.head + lines * LINE)

    def fit(self, width: int) -> int:
        """How many panels `width` CSS pixels have room for side by side."""
        return max(1, min(self.most, (width - self.left + self.gap) // (self.narrowest + self.gap)))


def panels(
    names: Sequence[str], *, width: int, layout: Layout, notes: Mapping[str, str] | None = None, titled: bool = True
) -> Panels:
    """Make an empty grid with one titled panel per name.

    Args:
        names: the panels in reading order; at least one.
        width: width of the figure in CSS pixels.
        layout: distances.
        notes: a second, quieter title line by name.
        titled: whether the panels have their names above them; a single one says nothing that the page does not.

    Raises:
        UsageError: there is no panel.
    """
    if not names:
        raise UsageError(what="there is nothing to draw", where="figure", got="no panel", do="record a run of some arm")
    rows = arranged(names, layout.fit(width))
    columns = max(map(len, rows))
    wide = min((width - layout.left - layout.gap * (columns - 1) - 8) / columns, layout.widest)
    texts = {name: _fitted(note, wide + layout.gap) for name, note in (notes or {}).items()}
    titles = {name: _broken(name, wide) if titled else "" for name in names}
    heads = [_head(layout, own, titles, texts) - LINE * (not titled) for own in rows]
    height = layout.head + sum(heads) + len(rows) * layout.panel + layout.bottom
    figure = Drawing(figsize=(width / style.PIXELS_PER_INCH, height / style.PIXELS_PER_INCH))
    axes = {}
    bottom = layout.head
    for own, head in zip(rows, heads, strict=True):
        bottom += head + layout.panel
        shown = _of_equal_height([texts.get(name, "") for name in own])
        for column, (name, note) in enumerate(zip(own, shown, strict=True)):
            left = layout.left + column * (wide + layout.gap)
            axes[name] = figure.add_axes((left / width, 1 - bottom / height, wide / width, layout.panel / height))
            _title(axes[name], titles[name], note)
    return Panels(figure, axes, frozenset(own[0] for own in rows), _lowest(rows))


def _head(layout: Layout, own: Sequence[str], titles: Mapping[str, str], notes: Mapping[str, str]) -> int:
    """Room above a row of panels: for its own titles and notes, so that one long name does not spread all rows."""
    lines = max(_lines(notes.get(name, "")) for name in own)
    return layout.title + LINE * max(titles[name].count("\n") for name in own) + NOTE * lines


def _lines(text: str) -> int:
    return text.count("\n") + 1 if text else 0


def _of_equal_height(notes: Sequence[str]) -> list[str]:
    """Of the same number of lines, so that the names of panels side by side stand at one height."""
    most = max(map(_lines, notes))
    return [note + "\n" * (most - _lines(note)) if note else "" for note in notes]


def _lowest(rows: Rows) -> frozenset[str]:
    """The last panel of each column."""
    return frozenset({column: name for own in rows for column, name in enumerate(own)}.values())


@contextmanager
def small_multiples(
    names: Sequence[str],
    *,
    y: str,
    x: str,
    handles: Sequence[Artist],
    width: int,
    notes: Mapping[str, str] | None = None,
    layout: Layout | None = None,
    titled: bool = True,
) -> Iterator[Panels]:
    """A grid to draw in, in the house style; axis titles and legend are written when the block ends.

    Args:
        names: the panels in reading order; at least one.
        y: name and unit of the vertical axis.
        x: name and unit of the horizontal axis.
        handles: the legend's entries.
        width: width of the figure in CSS pixels.
        notes: a second, quieter title line by name.
        layout: distances; by default as :func:`headed` has them.
        titled: whether the panels have their names above them.
    """
    with style.styled():
        layout = layout or headed(len(names), y, handles, width)
        grid = panels(names, width=width, layout=layout, notes=notes, titled=titled)
        yield grid
        axis_titles(grid, y=y, x=x)
        style.legend(grid.figure, handles, top=8 + LINE * style.lines_of(y, width))


def headed(count: int, y: str, handles: Sequence[Artist], width: int) -> Layout:
    """A layout whose head has room for axis title and legend, and whose panel is higher where it stands alone."""
    layout = Layout() if count > 1 else Layout(panel=SINGLE)
    columns = style.legend_columns([str(handle.get_label()) for handle in handles], width)
    return layout.below(style.lines_of(y, width) + -(-len(handles) // columns) - 2)


def axis_titles(grid: Panels, *, y: str, x: str) -> None:
    """Write what the axes mean, horizontally: y at the top left with an arrow up, x below the last panel.

    Args:
        grid: the panels.
        y: name and unit of the vertical axis; broken into lines where the figure is narrow.
        x: name and unit of the horizontal axis.
    """
    muted = style.colour("muted")
    width, height = (side * style.PIXELS_PER_INCH for side in grid.figure.get_size_inches())
    grid.figure.text(0, 1 - 2 / height, f"↑ {style.wrapped(y, width)}", color=muted, va="top", ha="left")
    right = list(grid.axes.values())[-1].get_position().x1
    at_left = right * width < 8 * len(x)
    place = (8 / width, "left") if at_left else (right, "right")
    grid.figure.text(place[0], 4 / height, f"{x} →", color=muted, va="bottom", ha=place[1])


def _keep_inside(axes: Axes) -> None:
    """Let the numbers at the ends of an axis end there, so that those of neighbouring panels do not run together."""
    for label, place in zip(axes.get_xticklabels(), axes.get_xticks(), strict=True):
        share = axes.transAxes.inverted().transform(axes.transData.transform((place, axes.get_ylim()[0])))[0]
        if len(label.get_text()) > 1 and not EDGE < share < 1 - EDGE:
            label.set_horizontalalignment("left" if share <= EDGE else "right")


def say_missing(axes: Axes, text: str = "not measured") -> None:
    """Say in the panel that there is nothing to see, rather than leave it blank."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=style.colour("muted"))


def _broken(name: str, width: float) -> str:
    """A panel's name in lines: words at their commas, the path of a layer at the ends of its parts."""
    return style.broken(name, width * TITLE) if " " in name else style.wrapped_name(name, width + 8)


def _fitted(note: str, width: float) -> str:
    """The note in one line, or broken after its commas, or wherever it must be."""
    if len(note) * style.PIXELS_PER_CHARACTER <= width:
        return note
    return "\n".join(style.wrapped(part, width) for part in note.replace(", ", ",\n").split("\n"))


def _title(axes: Axes, name: str, note: str) -> None:
    if not name and not note:
        return
    points = 72 / style.PIXELS_PER_INCH
    lift = 5 + NOTE * (note.count("\n") + 1) if note else 5
    above: dict = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axes.annotate(name, (0, 1), (0, lift * points), weight="bold", **above)
    if note:
        axes.annotate(note, (0, 1), (0, 5 * points), size=8, color=style.colour("muted"), linespacing=1.1, **above)
