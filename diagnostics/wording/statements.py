"""Results as bits of HTML, for notebooks: they show what a result says where a page would be too much."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnostics.pages.page import Card, Page

SHOWN_HEIGHT = 560
"""Height in CSS pixels of a report inside a notebook: its answer and what follows, without taking the whole screen."""


def facts(values: Mapping[str, object]) -> str:
    """A table of names and values, everything escaped."""
    rows = (f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(fact))}</td></tr>" for name, fact in values.items())
    return f"<table>{''.join(rows)}</table>"


def statement(word: str, what: str, sentences: Sequence[str] = ()) -> str:
    """A word on something, such as a verdict, with what it rests on.

    Args:
        word: the verdict or the severity.
        what: what was put to the test, or found.
        sentences: what else to say; empty ones are left out.
    """
    told = "".join(f"<br>{html.escape(text)}" for text in sentences if text)
    return f"<p><strong>{html.escape(word.replace('_', ' '))}</strong>: {html.escape(what)}{told}</p>"


def of_page(page: Page) -> str:
    """A page without its figures and tables: title, answer, what it rests on, verdicts and findings."""
    cards = (*page.verdicts, *(card for section in page.sections for card in section.cards))
    told = (statement(card.word, card.statement, (card.sentence, _measured(card))) for card in cards)
    head = f"<h3>{html.escape(page.title)}</h3><p><strong>{html.escape(page.answer)}</strong></p>"
    return f"{head}<p>{html.escape(page.status)}</p>{''.join(told)}"


def _measured(card: Card) -> str:
    return "" if math.isnan(card.effect) else card.measured


class ReportPath(type(Path())):
    """The path of a report; in a notebook it shows the page itself."""

    def _repr_html_(self) -> str:
        """The page in a frame of its own, or its path where the file has gone."""
        place = html.escape(str(self))
        if not self.is_file():
            return f"<p>Report: {place}, which is not there any more.</p>"
        page = html.escape(self.read_text(encoding="utf-8"), quote=True)
        frame = f'<iframe srcdoc="{page}" width="100%" height="{SHOWN_HEIGHT}" style="border:1px solid #8884"></iframe>'
        return f"<p>Report: <code>{place}</code></p>{frame}"
