"""A progress bar on standard error that disappears at the end and is not written to pipes or files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Advance = Callable[[str, int, Mapping[str, float]], None]
"""Called with a short text, the number of steps since the last call, and the numbers to show."""


@contextmanager
def progress_bar(total: int | None) -> Iterator[Advance]:
    """A bar for ``total`` steps (``None``: unknown), with elapsed and remaining time.

    Yields:
        A function that moves the bar.
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
