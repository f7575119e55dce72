"""Takes up a ``fit`` that was killed: the same call again, in which the steps that were made are passed over."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np

from diagnostics.training.checkpoints.inputs import not_repeated, pass_over
from diagnostics.training.checkpoints.place import Place
from diagnostics.training.checkpoints.session import Checkpointing, Parts
from diagnostics.training.recorder import LenientRecorder
from diagnostics.training.replicas import Batches
from probes.seams.fit import attribute_set, build_compiled


class Resumption:
    """Passes over what another process has done, then takes checkpoints.

    Until the step of the checkpoint, each call of the train function takes its batch and nothing else, validation returns
    nothing, and the end of each epoch has the figures that it had.

    Args:
        checkpointing: the run's checkpoints.
        parts: what is trained.
        recorder: its record.
    """

    def __init__(self, checkpointing: Checkpointing, parts: Parts, recorder: LenientRecorder) -> None:
        self._checkpointing, self._parts, self._recorder = checkpointing, parts, recorder
        self.start = checkpointing.start
        self._logs: list[Mapping[str, float]] = []
        self._replaced, self._is_built = ExitStack(), False
        checkpointing.prepare(parts.monitor)
        if self.is_open:
            self._replaced.enter_context(attribute_set(parts.state()[0], "evaluate", lambda *_, **__: {}))

    @property
    def is_open(self) -> bool:
        """Whether the state of the checkpoint is still to be taken up."""
        return self._checkpointing.is_resumed

    def passes_over(self, step: int) -> bool:
        """Whether this step was made before the checkpoint."""
        return self.is_open and step < self.start.step

    def pass_over(self, iterator: Batches, steps: int) -> int:
        """Take the batches of one call; returns how many there were.

        Raises:
            OutOfRangeError: none is left in this epoch.
        """
        batch = iterator.get_next()  # at the end this raises what tells Keras so
        if not self._is_built:  # Keras reads metrics at the end of an epoch
            build_compiled(self._parts.state()[0], batch)
            self._is_built = True
        return 1 + pass_over(iterator, steps - 1)

    def end_epoch(self, logs: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """The figures of an epoch: those that it had, if it is passed over; callbacks behind this one get them, too.

        Raises:
            UsageError: the epoch ended too early.
        """
        number = len(self._logs)
        if self.is_open and number >= len(self.start.logs):
            raise not_repeated(f"epoch {number} ended before step {self.start.step}", "ProbeCallback(resume=True)")
        if self.is_open and isinstance(logs, dict):
            logs.clear()
            logs.update(self.start.logs[number])
        numbers = {name: value for name, value in (logs or {}).items() if isinstance(value, int | float)}
        self._logs.append(numbers)
        return logs or {}

    def take_up(self) -> float:
        """Restore the state; returns the time at which training would have begun if it had not been interrupted."""
        self.end()
        self._checkpointing.take_up(self._parts, self._recorder)
        return time.monotonic() - self.start.seconds

    def is_due(self, step: int) -> bool:
        """Whether a checkpoint is to be taken before this step."""
        return self._checkpointing.is_due(step)

    def compare(self, first: int, losses: np.ndarray) -> None:
        """Warn if steps that are made again have other losses than they had; see `Checkpointing.compare`."""
        self._checkpointing.compare(first, losses)

    def checkpoint(self, place: Place) -> None:
        """Take a checkpoint."""
        self._checkpointing.take(self._parts, self._recorder, replace(place, logs=tuple(self._logs)))

    def end(self) -> None:
        """Put back what was replaced."""
        self._replaced.close()
