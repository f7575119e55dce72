"""The record of one model in a hand-written loop, from its first update to the end of the script."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from diagnostics.runs.writer import RunWriter
from diagnostics.training.recorder import FLUSH_SECONDS, Facts, LenientRecorder
from probes.monitor import Monitor

METHOD = "a hand-written loop's steps are not timed; only reading and writing is"


class LoopRun:
    """Writes a run during a loop, from a separate thread, because the loop calls nothing of the toolkit between steps.

    Args:
        monitor: measures the model.
        directory: the run's folder.
        command: the command line, stored in ``run.json``.
        about: model, loss and optimizer, stored in ``run.json``.
        known: what else ``run.json`` says from the start.
        facts: what else it gets when it becomes known.
    """

    def __init__(
        self,
        monitor: Monitor,
        directory: Path,
        command: str,
        about: Mapping[str, str | None],
        known: Mapping[str, Any] | None = None,
        facts: Facts | None = None,
    ) -> None:
        self.directory = directory
        config = {"command": command, "training": "a hand-written loop", **about}
        names = [repr(probe) for probe in monitor.probes]
        self._writer = RunWriter(directory, command=command, config=config, seed=None, probes=names, facts=known)
        self._monitor, self._recorder = monitor, LenientRecorder(self._writer, monitor, facts)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._flush_at_times, daemon=True)
        self._thread.start()

    def end(self, status: str, error: str | None = None) -> None:
        """Write what is left and end the run."""
        self._ended.set()
        self._thread.join()
        self._recorder.flush_until(self._monitor.steps)
        extra: dict[str, Any] = {
            "cost": {"share": None, "recording": self._recorder.seconds, "closing": 0.0, "method": METHOD}
        }
        extra |= {"error": error} if error else {}
        if gaps := self._recorder.gaps():
            extra["gaps"] = [asdict(gap) for gap in gaps]
        try:
            self._writer.finish(status, **extra)
        except Exception as refused:  # a record that cannot be written must not stop training
            warnings.warn(f"the run's end could not be recorded: {refused}", stacklevel=2)

    def _flush_at_times(self) -> None:
        while not self._ended.wait(FLUSH_SECONDS):
            self._recorder.flush_until(self._monitor.steps)
