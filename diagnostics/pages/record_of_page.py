"""A page as data for other programs: the JSON of ``report --json``, whose schema is ``docs/report.schema.json``."""

from __future__ import annotations

import math

from diagnostics.pages.page import Card, Letter, Page, Table

SCHEMA_VERSION = 1
"""Grows when a field changes its meaning or goes; fields may be added at any time."""

Record = dict[str, object]


def record(page: Page) -> Record:
    """A page without its figures' drawings, as JSON can hold it.

    Args:
        page: the content.

    Returns:
        ``schema_version``, ``kind``, ``title``, ``answer``, ``status``, ``verdicts``, ``findings``, ``tables``, ``figures``
        and ``details``. A number that does not exist is ``None``.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": page.kind,
        "title": page.title,
        "answer": page.answer,
        "status": page.status,
        "verdicts": [*map(_card, page.verdicts)],
        "findings": [_letter(one) for section in page.sections for one in section.letters],
        "tables": [_table(section.heading, one) for section in page.sections for one in section.tables],
        "figures": [
            {"section": section.heading, "name": one.name, "caption": one.caption, "alt": one.alt}
            for section in page.sections
            for one in section.exhibits
        ],
        "details": dict(page.details),
    }


def _letter(letter: Letter) -> Record:
    return {
        "rule": letter.rule,
        "name": letter.name,
        "severity": letter.word,
        "statement": letter.statement,
        "means": letter.means,
        "layers": list(letter.layers),
        "since": letter.since,
        "sure": letter.sure,
        "measured": letter.bound,
        "advice": [{"text": one.text, "code": one.code} for one in letter.advice],
        "false_friends": letter.friends,
        "note": letter.note,
        "evidence": letter.evidence.name if letter.evidence else None,
    }


def _card(card: Card) -> Record:
    return {
        "statement": card.statement,
        "verdict": card.word,
        "sentence": card.sentence,
        "effect": _number(card.effect),
        "low": _number(card.low),
        "high": _number(card.high),
        "unit": card.unit,
        "threshold": card.threshold,
        "replicates": card.seeds,
        "p": _number(card.p),
        "test": card.test,
    }


def _table(section: str, table: Table) -> Record:
    rows = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    return {"section": section, "caption": table.caption, "columns": list(table.header), "rows": rows}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
