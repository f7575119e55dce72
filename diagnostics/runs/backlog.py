"""Rows that wait for a disk that refuses at present, and the gaps where they had to be given up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pandas as pd

from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError

MOST_ROWS = 1_000_000
"""Rows that wait at most: about 100 MB, and several minutes of a training that records every layer at every step."""


@dataclass(frozen=True)
class Gap:
    """Steps of which a run holds nothing, or only a part.

    Attributes:
        first: the first of these steps.
        until: the first step that is recorded again.
        reason: why.
    """

    first: int
    until: int
    reason: str


@dataclass
class Backlog:
    """Brings rows to a run in order, and keeps those that the disk refuses for the next time.

    Args:
        writer: the run.

    Attributes:
        gaps: what was given up, in order.
    """

    writer: RunWriter
    gaps: list[Gap] = field(default_factory=list)
    _waiting: deque[tuple[str, pd.DataFrame]] = field(default_factory=deque)

    def put(self, table: str, frame: pd.DataFrame) -> None:
        """Add rows; see `RunWriter.append`."""
        if len(frame):
            self._waiting.append((table, frame))

    @property
    def waits(self) -> bool:
        """Whether rows wait for the disk."""
        return bool(self._waiting)

    def write(self) -> None:
        """Bring all rows to disk.

        Raises:
            UsageError: the disk refuses, and what waits is tried again next time; or rows do not fit, and are given up.
        """
        misfit: UsageError | None = None
        while self._waiting:
            try:
                self.writer.append(*self._waiting[0])
            except UsageError as error:
                if isinstance(error.__cause__, OSError):
                    self._shorten(error)
                    raise
                misfit = error
                self._give_up(error)
            else:
                self._waiting.popleft()
        if misfit is not None:
            raise misfit

    def note(self, first: int, until: int, error: Exception) -> None:
        """Note steps of which there is nothing to write; gaps that touch become one."""
        if until <= first:
            return
        reason = str(error).partition("\n")[0]
        if self.gaps and first <= self.gaps[-1].until:
            last = self.gaps.pop()
            first, until, reason = min(first, last.first), max(until, last.until), last.reason
        self.gaps.append(Gap(first, until, reason))

    def end(self, error: Exception | None) -> None:
        """Give up what still waits."""
        while self._waiting:
            self._give_up(error or OSError("the run ended"))

    def _shorten(self, error: Exception) -> None:
        while sum(len(frame) for _, frame in self._waiting) > MOST_ROWS:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        frame = self._waiting.popleft()[1]
        if "step" in frame:
            steps = frame["step"].to_numpy()
            self.note(int(steps.min()), int(steps.max()) + 1, error)
