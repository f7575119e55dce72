"""TensorBoard as a sink: event files while the run is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from diagnostics.runs.run import Run
from diagnostics.training.sink import Outcome, Sink, require

if TYPE_CHECKING:
    from diagnostics.training.tensorboard.board import BoardWriter

FOLDER = "tensorboard"
"""Where in a run's folder its event files go."""


@dataclass
class TensorBoard(Sink):
    """Writes a run's scalars, statistics of layers, histograms, heat maps and findings as event files for TensorBoard.

    ::

        diagnostics.ProbeCallback("runs/mine", sinks=[diagnostics.sinks.TensorBoard()])

    Args:
        directory: folder for the event files; by default ``tensorboard/`` in the run's folder.

    Raises:
        UsageError: TensorBoard is not installed.
    """

    directory: str | Path | None = None
    _board: BoardWriter | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        require("tensorboard", "tensorboard", "TensorBoard")

    def begin(self, run: Run) -> None:
        """Open the event files."""
        from diagnostics.training.tensorboard.board import BoardWriter  # noqa: PLC0415 - TensorFlow

        self._board = BoardWriter(self.directory or run.path / FOLDER, probes=run.probes)

    def write(self, table: str, frame: pd.DataFrame) -> None:
        """Write and flush rows, so that TensorBoard shows them at once."""
        if self._board is not None:
            writes: Mapping[str, Callable] = {"layers": self._board.layers, "scalars": self._board.scalars}
            if table in writes:
                writes[table](frame)
                self._board.flush()

    def finish(self, outcome: Outcome) -> None:
        """Write hyperparameters, heat maps and findings, and close the files."""
        if self._board is not None:
            self._board.finish(outcome.run)
            self._board.close()
