"""Renders a run's page and summary again and again while its training goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from rich.console import Console
from rich.live import Live

from diagnostics.pages.html import stop_refreshing
from diagnostics.pages.page import Page
from diagnostics.pages.terminal import summary
from diagnostics.runs import manifest
from diagnostics.runs.tables import stores

T = TypeVar("T")
SECONDS = 5
"""Time between two looks: that between two flushes of a run."""
SHARE = 4
"""A page that takes long to draw is drawn less often: the pause is this many times as long, so that training keeps its processor."""


@dataclass(frozen=True)
class Rendered(Generic[T]):
    """A page that was written.

    Args:
        page: its content.
        path: where it is.
        judged: what it was made of.
    """

    page: Page
    path: Path
    judged: T


def follow(
    folder: Path,
    render: Callable[[int], Rendered[T]],
    *,
    console: Console | None = None,
    seconds: float = SECONDS,
    wait: Callable[[float], None] | None = None,
) -> Rendered[T]:
    """Render until the run ends, or until Ctrl-C; the page reloads itself in a browser for as long.

    Args:
        folder: the run's folder.
        render: writes the page, given the seconds after which it reloads itself; 0 for a page that stays.
        console: where the summary is shown, if it is a terminal; by default standard output.
        seconds: time between two looks.
        wait: waits for some seconds; ``time.sleep`` by default.

    Returns:
        The last page.

    Raises:
        KeyboardInterrupt: Ctrl-C before there was any page.
    """
    wait = wait or time.sleep
    last: Rendered[T] | None = None
    try:
        with Live(console=console or Console(highlight=False), auto_refresh=False, transient=True) as live:
            while True:
                seen, goes_on = _state(folder), _is_running(folder)
                started = time.monotonic()
                last = render(max(round(seconds), 1) if goes_on else 0)
                if not goes_on:
                    return last
                live.update(summary(last.page, last.path), refresh=True)
                wait(max(seconds, SHARE * (time.monotonic() - started)))
                while _is_running(folder) and _state(folder) == seen:
                    wait(seconds)
    except KeyboardInterrupt:
        if last is None:
            raise
        stop_refreshing(last.path)
        return last


def _is_running(folder: Path) -> bool:
    return manifest.read(folder, "run")["status"] == manifest.RUNNING


def _state(folder: Path) -> list[tuple[str, int]]:
    """The parts on disk: nothing new, nothing to draw."""
    parts = [part for store in stores(folder).values() for part in store.listed()]
    found = []
    for part in parts:
        with suppress(FileNotFoundError):  # merged with others since it was listed
            found.append((str(part), part.stat().st_size))
    return found
