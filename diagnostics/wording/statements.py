"""Short HTML for notebooks: what a result says, without a whole page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence


def facts(values: Mapping[str, object]) -> str:
    """A table of names and values, HTML-escaped."""
    rows = (f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(fact))}</td></tr>" for name, fact in values.items())
    return f"<table>{''.join(rows)}</table>"


def statement(word: str, what: str, sentences: Sequence[str] = ()) -> str:
    """A verdict or a severity, with the evidence for it.

    Args:
        word: the verdict or the severity.
        what: the claim or the finding.
        sentences: further sentences; empty ones are left out.
    """
    rest = "".join(f"<br>{html.escape(text)}" for text in sentences if text)
    return f"<p><strong>{html.escape(word.replace('_', ' '))}</strong>: {html.escape(what)}{rest}</p>"


def headed(title: str, answer: str, status: str) -> str:
    """A heading, an answer, and the data behind it."""
    return f"<h3>{html.escape(title)}</h3><p><strong>{html.escape(answer)}</strong></p><p>{html.escape(status)}</p>"
