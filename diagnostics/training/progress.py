"""A progress bar on standard error, which leaves nothing behind and keeps out of pipes and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Advance = Callable[[str, int, Mapping[str, float]], None]
"""Told of what is going on: a few words, steps done since the last time, and the numbers that matter."""


@contextmanager
def progress_bar(total: int | None) -> Iterator[Advance]:
    """A bar for ``total`` steps (``None``: unknown), with elapsed and remaining time.

    Yields:
        A function to be told of progress.
    """
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        TextColumn("{task.fields[numbers]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, numbers="")

        def advance(words: str, steps: int, numbers: Mapping[str, float]) -> None:
            shown = "  ".join(f"{name} {value:.3f}" for name, value in numbers.items())
            bar.update(task, advance=steps, description=words, numbers=shown)

        yield advance
