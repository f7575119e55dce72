"""A report as data: one answer, verdicts, tables, figures with captions. Rendered as HTML or for the terminal."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from matplotlib.figure import Figure

from diagnostics.pages.model_picture import Picture
from diagnostics.pages.strips import Strip
from diagnostics.wording import statements
from diagnostics.wording.numerals import estimate, p_value

SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z\d])")
"""Where a sentence ends and another one begins."""


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
        strips: the effects of the claim's parts.
        exact: whether the claim holds by construction: a check of the instrument.
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
    strips: tuple[Strip, ...] = ()
    exact: bool = False

    @property
    def measured(self) -> str:
        """Effect, interval and unit, such as ``"0.630 [0.621, 0.639] decades per layer"``."""
        unit = f"({self.unit})" if self.unit[:1].isdigit() else self.unit  # "0.09 1 − R²" would read as two numbers
        return f"{estimate(self.effect, self.low, self.high)} {unit}".strip()

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
        half: whether it shares the line with another figure or with text.
    """

    name: str
    draw: Callable[..., Figure]
    caption: str
    alt: str
    title: str = ""
    half: bool = False


@dataclass(frozen=True)
class Advice:
    """Something to try: a sentence, and code to paste; either may be empty."""

    text: str
    code: str = ""


@dataclass(frozen=True)
class Place:
    """Layers that a finding concerns: their names as text, and the fragment that chooses the first of them."""

    text: str
    link: str


@dataclass(frozen=True)
class Letter:
    """One finding, as a doctor's letter would put it.

    Args:
        name: the check, in words.
        word: its severity.
        statement: what was found.
        means: what that means for training.
        where: the layers concerned.
        since: the steps concerned.
        sure: how sure it is.
        bound: what was measured and what it was compared with.
        advice: what to try.
        note: how it relates to other findings, and where the reasoning comes from.
        evidence: the figure that shows it.
        course: the same over the steps, for who asks since when.
        rule: the rule that found it.
        layers: paths of all layers concerned.
        friends: what looks like this finding and is not; code stands in backticks.
    """

    name: str
    word: str
    statement: str
    means: str = ""
    where: tuple[Place, ...] = ()
    since: str = ""
    sure: str = ""
    bound: str = ""
    advice: tuple[Advice, ...] = ()
    note: str = ""
    evidence: Exhibit | None = None
    course: Exhibit | None = None
    rule: str = ""
    layers: tuple[str, ...] = ()
    friends: str = ""

    @property
    def lead(self) -> str:
        """The statement's first sentence."""
        return first_sentence(self.statement)

    @property
    def facts(self) -> dict[str, str]:
        """Since when, how sure and against which bound, by name; what is unknown is left out."""
        known = {"since": self.since, "how sure": self.sure, "measured": self.bound}
        return {name: text for name, text in known.items() if text}

    def _repr_html_(self) -> str:
        return statements.statement(self.word, self.statement, (self.means, *(each.text for each in self.advice)))


@dataclass(frozen=True)
class Section:
    """A part of the page under its own heading: text, letters, cards, the model's picture, tables and figures.

    With ``folded``, the content is hidden behind its heading until a reader opens it.
    """

    heading: str
    text: str = ""
    letters: tuple[Letter, ...] = ()
    cards: tuple[Card, ...] = ()
    picture: Picture | None = None
    figures: tuple[Exhibit, ...] = ()
    tables: tuple[Table, ...] = ()
    folded: bool = False

    @property
    def only_text(self) -> bool:
        """Whether it can share a line with its neighbour: a heading and a paragraph."""
        return not (self.letters or self.cards or self.picture or self.figures or self.tables)

    @property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """The figures of the letters, then the section's own."""
        shown = [each for letter in self.letters for each in (letter.evidence, letter.course) if each]
        return (*shown, *self.figures)


LONG = 90
"""Characters from which on only the first sentence of an answer stands in large letters."""


def first_sentence(text: str) -> str:
    """What a text says first; numbers with a point inside do not end a sentence."""
    return SENTENCE.split(text, maxsplit=1)[0]


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
        data: the figures' numbers, for the page's script; without them the page has none.
        trends: courses of the loss as text, by name, for the terminal.
        refresh: seconds after which a browser loads the page again, because it will have changed; 0 for never.
        run: the run itself, from ``diagnostics.runs.embedded``; empty if the page does not hold it.
    """

    title: str
    answer: str
    status: str = ""
    verdicts: tuple[Card, ...] = ()
    sections: tuple[Section, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)
    kind: str = "report"
    data: Mapping[str, object] = field(default_factory=dict)
    trends: Mapping[str, str] = field(default_factory=dict)
    refresh: int = 0
    run: str = ""

    @property
    def lead(self) -> str:
        """The answer's first sentence if it is a long one, for large letters; otherwise the whole answer."""
        return first_sentence(self.answer) if len(self.answer) > LONG else self.answer

    def _repr_html_(self) -> str:
        """For notebooks: the page without figures and tables."""
        found = (one for section in self.sections for one in (*section.letters, *section.cards))
        shown = "".join(one._repr_html_() for one in (*self.verdicts, *found))
        return statements.headed(self.title, self.answer, self.status) + shown
