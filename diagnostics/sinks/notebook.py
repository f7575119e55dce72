"""A live view in a notebook, as a sink."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from typing import Any

import pandas as pd

from diagnostics.figures import style
from diagnostics.figures.svg import write_png
from diagnostics.pages.page import Page
from diagnostics.pages.run_page import page_of
from diagnostics.rules import diagnose
from diagnostics.runs.run import Run, load_run
from diagnostics.training.sink import Outcome, Sink, require
from probes.errors import UsageError

PAUSE = 20
"""Drawing waits this many times as long as it takes: at most a twentieth of the training's time."""
FIGURES = 2
"""Figures of a view: those that stand first on the page, such as loss and accuracy."""


@dataclass
class Notebook(Sink):
    """Shows below the cell that trains what is found so far: the first finding, the loss, and how many steps are behind.

    The view renews itself while training goes on, and stays as it was at the end; ``diagnostics.report`` makes the whole page.

    Args:
        seconds: least time between two views.

    Raises:
        UsageError: no notebook is there to show it.
    """

    seconds: float = 5.0
    _view: Any = field(default=None, init=False, repr=False)
    _run: Run | None = field(default=None, init=False, repr=False)
    _next: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        require("IPython", "ipykernel", "Notebook")
        if not hasattr(import_module("IPython").get_ipython(), "kernel"):
            do = "leave it out, or follow the run from a terminal: python -m diagnostics.report RUN --follow"
            raise UsageError(
                what="no notebook is running", where="diagnostics.sinks.Notebook()", got="a program", do=do
            )

    def begin(self, run: Run) -> None:
        """Place the view below the cell."""
        shown = import_module("IPython.display")
        self._run, self._next = run, 0.0
        text = f"<p>{escape(run.name)}: training began.</p>"
        self._view = shown.display(shown.HTML(text), display_id=True)

    def write(self, table: str, frame: pd.DataFrame) -> None:
        """Renew the view, unless the last one is too young."""
        started = time.monotonic()
        if self._run is None or started < self._next:
            return
        run = load_run(self._run.path)
        self._show(page_of(run, diagnose(run)))
        self._next = time.monotonic() + max(self.seconds, PAUSE * (time.monotonic() - started))

    def finish(self, outcome: Outcome) -> None:
        """The last view."""
        self._show(outcome.page)

    def _show(self, page: Page) -> None:
        self._view.update(import_module("IPython.display").HTML(page._repr_html_() + "".join(_figures(page))))


def _figures(page: Page) -> Iterator[str]:
    exhibits = [each for section in page.sections if not section.letters for each in section.figures]
    for each in exhibits[:FIGURES]:
        picture = io.BytesIO()
        write_png(each.draw(width=style.HALF), picture)
        text = base64.b64encode(picture.getvalue()).decode()
        yield f'<img src="data:image/png;base64,{text}" width="{style.HALF}" alt="{escape(each.alt, quote=True)}">'
