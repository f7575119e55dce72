"""A page as Markdown, for a pull request: answer, findings with what to try, verdicts and tables; no figures."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterator, Sequence

from diagnostics.figures.style import SYMBOLS
from diagnostics.pages.page import Card, Letter, Page, Section, Table
from diagnostics.wording.printable import printable

MARKS = re.compile(r"([\\`*_{}\[\]<>#|~@])")
"""Characters that Markdown, or a site that shows it, would read as more than text; ``@`` would send somebody a message."""
MOST_ROWS = 40
"""Most rows of a table: a comment on GitHub ends at 65,536 characters, and a reader long before."""


def markdown(page: Page) -> str:
    """A page as GitHub-flavoured Markdown.

    Args:
        page: the content.

    Returns:
        Text that ends with a line break. Names from the run are escaped: they show as they are, whatever they contain.
    """
    return "\n\n".join(part for part in _parts(page) if part) + "\n"


def _parts(page: Page) -> Iterator[str]:
    yield f"## {escaped(page.title)}"
    yield f"**{escaped(page.answer)}**"
    yield escaped(page.status)
    yield from map(_card, page.verdicts)
    for section in page.sections:
        content = "\n\n".join(_section(section))
        heading = html.escape(escaped(section.heading, mark=""))  # Markdown is not read inside this element
        if content and section.folded:
            yield f"<details><summary>{heading}</summary>\n\n{content}\n\n</details>"
        elif content:
            yield f"### {escaped(section.heading)}\n\n{content}"


def _section(section: Section) -> Iterator[str]:
    yield from map(_letter, section.letters)
    yield from map(_card, section.cards)
    yield from map(_table, section.tables)


def _letter(letter: Letter) -> str:
    facts = {"where": ", ".join(place.text for place in letter.where), **letter.facts}
    lines = [_headed(letter.word, letter.statement), escaped(letter.means)]
    lines += ["\n".join(f"- {name}: {escaped(text)}" for name, text in facts.items() if text)]
    lines += ["**What to try**"] if letter.advice else []
    lines += [text for one in letter.advice for text in (escaped(one.text), _code(one.code))]
    lines += [f"**What looks like this and is not:** {escaped(letter.friends)}"] if letter.friends else []
    return "\n\n".join(line for line in [*lines, escaped(letter.note)] if line)


def _card(card: Card) -> str:
    facts = {
        "effect": "" if math.isnan(card.effect) else card.measured,
        "threshold": card.threshold,
        "replicates": f"{card.seeds}" if card.seeds else "",
        "test": card.evidence,
    }
    numbers = "\n".join(f"- {name}: {escaped(text)}" for name, text in facts.items() if text)
    return "\n\n".join(line for line in (_headed(card.word, card.statement), escaped(card.sentence), numbers) if line)


def _headed(word: str, statement: str) -> str:
    return f"#### {' '.join(part for part in (SYMBOLS.get(word), word) if part)}: {escaped(statement)}"


def _table(table: Table) -> str:
    align = ["---:" if title in table.numeric else "---" for title in table.header]
    lines = [_row(table.header), _row(align, raw=True), *map(_row, table.rows[:MOST_ROWS])]
    left = len(table.rows) - MOST_ROWS
    rest = f"\n\n{left:,} more rows are on the page." if left > 0 else ""
    return f"{escaped(table.caption)}\n\n" + "\n".join(lines) + rest


def _row(cells: Sequence[str], *, raw: bool = False) -> str:
    return f"| {' | '.join(cell if raw else escaped(cell) for cell in cells)} |"


def _code(code: str) -> str:
    """Code in a fence longer than any row of backticks inside it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", code)), default=0))
    return f"{fence}python\n{printable(code)}\n{fence}" if code else ""


def escaped(text: str, mark: str = "\\") -> str:
    """Text in one line that Markdown shows as it is, each special character behind a mark."""
    return MARKS.sub(lambda found: mark + found[1], " ".join(printable(text).split()))
