"""The record of all probes that share a cadence, from one step's tensors to a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from probes.measuring import replicas
from probes.measuring.bundles import measure
from probes.measuring.due import Due
from probes.measuring.packing import Layout, Part
from probes.measuring.readings import Readings
from probes.measuring.schedule import Schedule
from probes.measuring.tasks import tasks
from probes.measuring.unit_history import UnitHistory
from probes.probe import Probe
from probes.snapshot.snapshot import RowSnapshots


class Ledger:
    """Measures when due, merges over the window, keeps the readings until they are read.

    Nothing here runs Python or talks to the host during a compiled step; the host reads when ``drain`` is called.

    Args:
        probes: probes that share a cadence.
        capacity: readings kept until they are read; when ``None``, as many as fit into a few megabytes.
    """

    def __init__(self, probes: tuple[Probe, ...], capacity: int | None = None) -> None:
        self.probes = probes
        self.schedule = Schedule(probes[0].cadence)
        self.layout: Layout | None = None
        self.history = UnitHistory()
        self._capacity = capacity
        self._readings: Readings | None = None
        self._opens_with: tuple[int, np.ndarray] | None = None

    def open_window(self) -> tuple[np.ndarray, np.ndarray] | None:
        """What is merged of a window that is not complete; see `Readings.open_window`. ``None`` before the first step."""
        return None if self._readings is None else self._readings.open_window()

    def opens_with(self, since: int, values: np.ndarray) -> None:
        """Continue a window of another process, from the first step on."""
        self._opens_with = since, values

    @property
    def rows(self) -> set[str]:
        """The rows that the record has room for, fixed by the first trace."""
        return self.layout.rows if self.layout else set()

    def record(self, step: tf.Tensor, due: Due, rows: Sequence[RowSnapshots], references: Sequence[Part] = ()) -> None:
        """Measure if the step is due, and write the reading down when its window is complete.

        Args:
            step: its number.
            due: whether it is measured.
            rows: each row's tensors.
            references: what was measured on reference sets.
        """
        parts = [*measure(tasks(self.probes, rows), due), *references]
        if not parts:
            return
        layout, readings = self._opened(parts)

        if replicas.count() == 1:
            due.when(lambda: readings.write(step, layout.arrange(parts)))
        else:
            write = lambda vectors: readings.write(step, layout.merge(vectors, replicas=True))  # noqa: E731
            replicas.with_rows(layout.arrange(parts), write, due)

    def drain(self) -> tuple[np.ndarray, np.ndarray, int]:
        """The readings since the last call: steps ``[n]``, packed statistics ``[n, width]``, how many were overwritten."""
        if self._readings is None:
            return np.zeros(0, np.int64), np.zeros((0, 0), np.float32), 0
        return self._readings.drain()

    def forget(self) -> None:
        """Drop what was not read, and what the next reading would continue."""
        self.drain()
        self.history.forget()

    def _opened(self, parts: Sequence[Part]) -> tuple[Layout, Readings]:
        """The layout and the buffer; the first trace decides what they have room for."""
        if self.layout is None or self._readings is None:
            self.layout = Layout(self.probes, parts)
            self._readings = Readings(self.layout, self.schedule, self._capacity)
            if self._opens_with is not None:
                self._readings.opens_with(*self._opens_with)
        return self.layout, self._readings
