"""A report as data: one answer, verdicts, tables, figures with captions. Rendered as HTML or for the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from matplotlib.figure import Figure

from diagnostics.wording import statements
from diagnostics.wording.numerals import estimate, p_value


@dataclass(frozen=True)
class Card:
    """One statement and its verdict.

    Args:
        statement: the claim that was tested, as a sentence.
        word: ``"supported"``, ``"refuted"``, ``"mixed"`` or ``"open"``; for a finding its severity.
        sentence: what was measured: what holds, what does not, under which conditions.
        effect: the effect in `unit`; NaN when there is none.
        low: lower end of its 95 % interval.
        high: upper end.
        unit: unit of effect and threshold; empty for a pure number.
        threshold: what the interval is compared with, such as ``"above 0"`` or ``"within ±0.03"``.
        seeds: number of seeds.
        p: p-value of `test`; NaN when there is none.
        test: name of the test.
    """

    statement: str
    word: str
    sentence: str = ""
    effect: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    unit: str = ""
    threshold: str = ""
    seeds: int = 0
    p: float = float("nan")
    test: str = ""

    @property
    def measured(self) -> str:
        """Effect, interval and unit, such as ``"0.630 [0.621, 0.639] decades per layer"``."""
        return f"{estimate(self.effect, self.low, self.high)} {self.unit}".strip()

    @property
    def evidence(self) -> str:
        """Test and p-value, such as ``"sign test, p = 0.062"``; empty without a test."""
        return ", ".join(part for part in (self.test, p_value(self.p)) if part)

    def _repr_html_(self) -> str:
        measured = "" if math.isnan(self.effect) else self.measured
        return statements.statement(self.word, self.statement, (self.sentence, measured))


@dataclass(frozen=True)
class Table:
    """A small table of texts.

    Args:
        caption: what the table shows and how to read it.
        header: column titles, with units.
        rows: cells as they are shown; the first cell of a row names it.
        numeric: titles of right-aligned columns.
        terminal: whether the terminal shows it, too; tables of details appear on the page only.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[str] = frozenset()
    terminal: bool = True


@dataclass(frozen=True)
class Exhibit:
    """A figure with its caption and its text for readers who cannot see it.

    Args:
        name: file name without suffix; unique in the page; lower case letters, digits, hyphens.
        draw: makes the figure; called as ``draw(width=...)`` in CSS pixels, once wide and once narrow.
        caption: how to read the figure and what to see in it.
        alt: what it shows, for readers who cannot see it.
        title: a heading above the figure; empty where the section's heading suffices.
    """

    name: str
    draw: Callable[..., Figure]
    caption: str
    alt: str
    title: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page under its own heading: text, then cards, tables and figures."""

    heading: str
    text: str = ""
    cards: tuple[Card, ...] = ()
    figures: tuple[Exhibit, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Page:
    """A whole report.

    Args:
        title: a question or a name.
        answer: one sentence that answers it.
        status: the data behind the answer: data set, arms, seeds, finished runs, duration.
        verdicts: one card per claim.
        sections: tables and figures, in reading order.
        details: command, configuration, versions, by name; collapsed on the page.
        kind: a word or two above the title, such as ``"scenario"``.
    """

    title: str
    answer: str
    status: str = ""
    verdicts: tuple[Card, ...] = ()
    sections: tuple[Section, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)
    kind: str = "report"

    def _repr_html_(self) -> str:
        """For notebooks: the page without figures and tables."""
        cards = (*self.verdicts, *(card for section in self.sections for card in section.cards))
        return statements.headed(self.title, self.answer, self.status) + "".join(card._repr_html_() for card in cards)
