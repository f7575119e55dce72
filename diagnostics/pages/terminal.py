"""A page's answer, verdicts and main tables for the terminal."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from diagnostics.figures.style import SYMBOLS
from diagnostics.pages.page import Card, Letter, Page, Table
from diagnostics.wording.printable import printable

# The terminal has its own palette, light or dark: these names follow it, and the word stands beside the colour.
_STYLES = {"supported": "bold green", "refuted": "bold red", "mixed": "bold magenta", "open": "bold"}
_STYLES |= {"error": "bold red", "warning": "bold yellow", "clean": "bold green"}


def summary(page: Page, report: Path | None = None) -> RenderableType:
    """Answer, verdicts and tables of a page for the terminal.

    Args:
        page: the content.
        report: path of the HTML page, printed at the end.

    Returns:
        Something that a Rich console can print, at any width.
    """
    tables = [table for section in page.sections for table in section.tables if table.terminal]
    parts: list[RenderableType] = [
        _text(page.title, style="dim"),
        Padding(_text(page.answer, style="bold"), (0, 0, 1, 0)),
    ]
    cards = page.verdicts + tuple(one for section in page.sections for one in (*section.letters, *section.cards))
    parts += [_verdicts(cards)] if cards else []
    parts += [Padding(Group(_text(table.caption, style="dim"), _grid(table)), (1, 0, 0, 0)) for table in tables]
    parts += [Padding(_trends(page), (1, 0, 0, 0))] if page.trends else []
    parts += [Padding(_text(page.status, style="dim"), (1, 0, 0, 0))] if page.status else []
    parts += [_text(f"Report: {report}", no_wrap=True, overflow="fold")] if report else []
    return Group(*parts)


def print_summary(page: Page, report: Path | None = None, console: Console | None = None) -> None:
    """Print :func:`summary` to a console, by default standard output."""
    (console or Console(highlight=False)).print(summary(page, report))


def _text(text: str, **options: Any) -> Text:
    return Text(printable(text), **options)


def _verdicts(cards: tuple[Card | Letter, ...]) -> Grid:
    grid = Grid(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for card in cards:
        word = _text(f"{SYMBOLS.get(card.word, '')} {card.word}", style=_STYLES.get(card.word, "bold"))
        grid.add_row(word, Group(*(_of_letter(card) if isinstance(card, Letter) else _lines(card))))
    return grid


def _of_letter(letter: Letter) -> list[Text]:
    where = ", ".join(place.text for place in letter.where)
    facts = "; ".join(f"{name} {text}" for name, text in {"where": where, **letter.facts}.items() if text)
    code = [_text(f"    {line}") for one in letter.advice for line in one.code.splitlines()]
    said = f"{letter.means} {' '.join(one.text for one in letter.advice)}".strip()
    return [_text(letter.statement, style="bold"), _text(said), *([_text(facts, style="dim")] if facts else []), *code]


def _trends(page: Page) -> Grid:
    grid = Grid(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name, course in page.trends.items():
        grid.add_row(_text(name, style="dim"), _text(course, overflow="fold"))
    return grid


def _lines(card: Card) -> list[Text]:
    seeds = f"{card.seeds} replicate{'s' if card.seeds > 1 else ''}" if card.seeds else ""
    threshold = f"threshold: {card.threshold}" if card.threshold else ""
    measured = card.measured if not math.isnan(card.effect) else ""
    numbers = "; ".join(part for part in (measured, threshold, seeds, card.evidence) if part)
    lines = [_text(card.statement, style="bold"), _text(card.sentence), _text(numbers, style="dim")]
    return [line for line in lines if line]


def _grid(table: Table) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in table.header:
        grid.add_column(_text(title), justify="right" if title in table.numeric else "left", overflow="fold")
    for row in table.rows:
        grid.add_row(*(_text(cell) for cell in row))
    return grid
