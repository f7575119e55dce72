"""Writes a run for TensorBoard while it is recorded."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from diagnostics.training.tensorboard.board import BoardWriter, require_tensorboard

FOLDER = "tensorboard"
"""Where in a run's folder its event files go."""


class Mirrored:
    """A `RunWriter` that also writes its tables for TensorBoard; if TensorBoard fails, it warns once and the record continues.

    Args:
        writer: writes the run; event files go to ``tensorboard/`` in its folder.
        probes: the probes' reprs.
    """

    def __init__(self, writer: RunWriter, probes: Sequence[str] = ()) -> None:
        self._writer, self.path = writer, writer.path
        self._board: BoardWriter | None = BoardWriter(writer.path / FOLDER, probes=probes)

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table has on disk."""
        return self._writer.rows

    def append(self, table: str, frame: pd.DataFrame) -> None:
        """Add rows to a table; see `RunWriter.append`."""
        self._writer.append(table, frame)
        self._safely(lambda board: _mirror(board, table, frame))

    def describe(self, **known: Any) -> None:
        """Add to ``run.json``; see `RunWriter.describe`."""
        self._writer.describe(**known)

    def finish(self, status: str = "finished", **extra: Any) -> None:
        """End the run, and write what TensorBoard shows of a complete run."""
        self._writer.finish(status, **extra)
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._writer.__exit__(kind, error, at)
        self._end()

    def _end(self) -> None:
        self._safely(lambda board: board.finish(load_run(self.path)))
        self._safely(BoardWriter.close)
        self._board = None

    def _safely(self, act: Callable[[BoardWriter], None]) -> None:
        if self._board is None:
            return
        try:
            act(self._board)
        except Exception as error:
            self._board = None
            warnings.warn(f"TensorBoard's files are incomplete, the run's record continues: {error}", stacklevel=4)


def mirrored(directory: str | Path, **about: Any) -> Mirrored:
    """A new run that is also written for TensorBoard.

    Args:
        directory: the run's folder.
        about: the other arguments of `RunWriter`.

    Raises:
        UsageError: TensorBoard is not installed (nothing is created), or anything that `RunWriter` refuses.
    """
    require_tensorboard()
    return Mirrored(RunWriter(directory, **about), about.get("probes", ()))


def _mirror(board: BoardWriter, table: str, frame: pd.DataFrame) -> None:
    writes: Mapping[str, Callable[[pd.DataFrame], None]] = {"layers": board.layers, "scalars": board.scalars}
    if table in writes and len(frame):
        writes[table](frame)
        board.flush()
