"""Brings what a monitor measured, and the scalars beside it, to a run's folder while training goes on."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from diagnostics.runs.backlog import Backlog, Gap
from diagnostics.runs.uninterrupted import uninterrupted
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError
from probes.reading import Reading

FLUSH_SECONDS = 5.0
"""Time between two parts on disk: what a killed run can lose."""

CUT = slice(None, -1), slice(-1, None)
"""All rows but the last, and the last."""


class Source(Protocol):
    """Where readings come from; a ``probes.Monitor`` is one."""

    @property
    def layer_table(self) -> list[dict[str, Any]]:
        """One record per layer."""
        ...

    def read(self) -> Reading:
        """Everything since the last read, as a ``probes.Reading``."""
        ...


class Facts(Protocol):
    """What a run records besides tables; a ``RunFacts`` is one."""

    def news(self, epochs: Mapping[int, int]) -> dict[str, Any]:
        """The entries of ``run.json`` that have changed since the last call; ``epochs``: the first step of each."""
        ...


class Recorder:
    """Collects rows and writes them, a part at a time.

    Args:
        writer: the run; ``None`` records nothing.
        monitor: where the readings come from; ``None`` records scalars only.
        facts: what else ``run.json`` gets when it becomes known.

    Attributes:
        seconds: what reading and writing took so far.
    """

    def __init__(self, writer: RunWriter | None, monitor: Source | None, facts: Facts | None = None) -> None:
        self._writer, self._monitor, self._facts = writer, monitor, facts
        self._started = self._flushed = time.monotonic()
        self._scalars: list[dict[str, Any]] = []
        self._epochs: dict[int, int] = {}
        self._described = False
        self._backlog = None if writer is None else Backlog(writer)
        self._unwritten: dict[str, Any] = {}
        self.seconds = 0.0

    @property
    def is_due(self) -> bool:
        """Whether the last flush is ``FLUSH_SECONDS`` ago."""
        return time.monotonic() - self._flushed > FLUSH_SECONDS

    def add(self, step: np.ndarray, **columns: Any) -> None:
        """Add scalars: one row for each entry of ``step``, ``[n]``; columns are ``[n]`` or one value for all."""
        if self._writer is not None:
            self._epochs.setdefault(int(columns.get("epoch", 0)), int(step[0]))
            seconds = columns.pop("seconds", time.monotonic() - self._started)
            self._scalars.append({"step": step, **columns, "seconds": seconds})

    def complete(self, values: Mapping[str, float]) -> None:
        """Put figures over an epoch into the row that was added last, when it is not on disk yet."""
        if not self._scalars:
            return
        rows = self._scalars[-1]
        for name, value in values.items():
            rows[name] = np.broadcast_to(np.asarray(rows.get(name, np.nan), np.float64), rows["step"].shape).copy()
            rows[name][-1] = value

    def flush(self, *, hold: bool = False) -> None:
        """Bring what was measured to disk; what it refuses is tried again at the next flush.

        Args:
            hold: keep the last row of scalars, for figures that its epoch may end with.

        Raises:
            UsageError: the disk refuses.
        """
        self._flushed = time.monotonic()
        if self._writer is not None and self._backlog is not None:
            with uninterrupted():  # no row is in two places, or in none
                self._flush(self._writer, self._backlog, hold=hold)

    def _flush(self, writer: RunWriter, backlog: Backlog, *, hold: bool) -> None:
        try:
            self._collect(backlog)
        finally:  # what was measured before goes to disk, also when the monitor fails
            self._write(writer, backlog, self._held_back() if hold else [])
            self.seconds += time.monotonic() - self._flushed

    @property
    def pending(self) -> list[dict[str, Any]]:
        """Scalars that are not on disk."""
        return self._scalars

    def place(self) -> dict[str, Any]:
        """What a checkpoint says of the record: see ``checkpoints.place.Place``.

        Raises:
            UsageError: the disk has refused rows, which a checkpoint would lose.
        """
        if self._backlog is not None and self._backlog.waits:
            do = "make space; a later checkpoint is tried again"
            raise UsageError(what="rows wait for the disk", where="checkpoint", got="a disk that refuses", do=do)
        rows = {} if self._writer is None else self._writer.rows
        first_steps = {str(epoch): step for epoch, step in self._epochs.items()}
        return {"rows": rows, "seconds": time.monotonic() - self._started, "first_steps": first_steps}

    def go_on(self, seconds: float, first_steps: Mapping[str, int], pending: list[dict[str, Any]]) -> None:
        """Continue the record of another process."""
        self._started = time.monotonic() - seconds
        self._epochs = {int(epoch): step for epoch, step in first_steps.items()}
        self._scalars = pending

    def _collect(self, backlog: Backlog) -> None:
        if self._monitor is not None:
            reading = self._monitor.read()
            backlog.put("layers", reading.layers)
            backlog.put("units", reading.units)
            if len(reading.scalars):
                steps, losses = reading.scalars["step"].to_numpy(), reading.scalars["loss"].to_numpy()
                self.add(steps, epoch=0, split="train", loss=losses)

    def _held_back(self) -> list[dict[str, Any]]:
        """Take the last row out of those that are to be written."""
        if not self._scalars:
            return []
        rows = self._scalars.pop()
        before, last = ({name: each[part] if np.ndim(each) else each for name, each in rows.items()} for part in CUT)
        if len(before["step"]):
            self._scalars.append(before)
        return [last]

    def _write(self, writer: RunWriter, backlog: Backlog, held: list[dict[str, Any]]) -> None:
        if self._scalars:
            backlog.put("scalars", pd.concat(map(pd.DataFrame, self._scalars), ignore_index=True))
        self._scalars = held
        backlog.write()
        self._unwritten |= self._news()
        if self._unwritten:
            writer.describe(**self._unwritten)
            self._unwritten = {}

    def _news(self) -> dict[str, Any]:
        known = {} if self._facts is None else self._facts.news(self._epochs)
        if self._monitor is not None and not self._described:
            self._described = True
            known["layer_table"] = self._monitor.layer_table
        return known


class LenientRecorder(Recorder):
    """Lets training go on when the disk refuses or a probe fails, warns once, and names the gap if there is one.

    Args:
        writer: the run; ``None`` records nothing.
        monitor: where the readings come from.
        facts: what else ``run.json`` gets when it becomes known.
    """

    def __init__(self, writer: RunWriter | None, monitor: Source | None, facts: Facts | None = None) -> None:
        super().__init__(writer, monitor, facts)
        self._path = writer and writer.path
        self._first_unread = 0
        self._warned = False
        self._last_error: Exception | None = None

    def flush_until(self, step: int, *, hold: bool = False) -> None:
        """Bring everything before ``step`` to disk; warn the first time that this fails. ``hold``: as for `flush`."""
        try:
            self.flush(hold=hold)
            self._last_error = None
        except Exception as error:  # whatever it is: training is worth more than its record
            self._last_error = error
            if self._backlog is not None and not isinstance(
                error, UsageError
            ):  # the reading itself failed, and is lost
                self._backlog.note(self._first_unread, step, error)
            if not self._warned:
                self._warned = True
                warnings.warn(_trouble(self._path, self._first_unread, error), stacklevel=2)
        self._first_unread = step

    def go_on(self, seconds: float, first_steps: Mapping[str, int], pending: list[dict[str, Any]]) -> None:
        """Continue the record of another process."""
        super().go_on(seconds, first_steps, pending)
        self._first_unread = 1 + max((int(rows["step"][-1]) for rows in pending), default=-1)

    def gaps(self) -> list[Gap]:
        """The steps of which the record holds nothing or only a part, once nothing more is to be flushed."""
        if self._backlog is None:
            return []
        self._backlog.end(self._last_error)
        return self._backlog.gaps


def _trouble(path: object, step: int, error: Exception) -> str:
    return f"{path} cannot be written at step {step}; training goes on, and writing is tried again\n{error}"
