"""Writes a run, and hands what is written over to trackers."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from diagnostics.training.sink import Outcome, Sink


class HandedOn:
    """A `RunWriter` that hands its rows over to sinks, too; a sink that fails gets no more, and the record goes on.

    Args:
        writer: writes the run.
        sinks: what takes the rows over.
    """

    def __init__(self, writer: RunWriter, sinks: Sequence[Sink]) -> None:
        self._writer, self.path, self._sinks = writer, writer.path, list(sinks)
        self._each(lambda sink: sink.begin(load_run(self.path)))

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table has on disk."""
        return self._writer.rows

    def append(self, table: str, frame: pd.DataFrame) -> None:
        """Add rows to a table; see `RunWriter.append`."""
        self._writer.append(table, frame)
        if len(frame):
            self._each(lambda sink: sink.write(table, frame))

    def describe(self, **known: Any) -> None:
        """Add to ``run.json``; see `RunWriter.describe`."""
        self._writer.describe(**known)

    def finish(self, status: str = "finished", **extra: Any) -> None:
        """End the run, and hand over what is known of a complete run."""
        try:
            self._writer.finish(status, **extra)
        finally:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._writer.__exit__(kind, error, at)
        finally:
            self._end()

    def _end(self) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="diagnostics-") as folder:
                if self._sinks:
                    outcome = Outcome(load_run(self.path), Path(folder))
                    self._each(lambda sink: sink.finish(outcome))
        except Exception as error:  # a run that cannot be read back must not end training either
            warnings.warn(f"{self.path}: the trackers get no findings and figures: {error}", stacklevel=4)
        self._sinks = []

    def _each(self, act: Callable[[Sink], None]) -> None:
        for sink in [*self._sinks]:
            try:
                act(sink)
            except Exception as error:  # whatever it is: training is worth more than a copy of its record
                self._sinks.remove(sink)
                name = type(sink).__name__
                text = f"{name} failed and gets nothing more of this run; training and the record in {self.path} go on"
                warnings.warn(f"{text}\n{type(error).__name__}: {error}", stacklevel=4)
