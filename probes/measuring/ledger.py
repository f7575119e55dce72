"""What has been measured and not yet read, on the device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from probes.measuring import replicas
from probes.measuring.branch import when
from probes.measuring.bundles import measure
from probes.measuring.packing import Layout, Packed
from probes.measuring.tasks import tasks
from probes.measuring.unit_history import UnitHistory
from probes.probe import Probe
from probes.snapshot.snapshot import Need, Snapshot

BUFFER_BYTES = 8 * 2**20
"""Room for unread readings of one cadence. At 400 statistics that is 5,000 readings: 50,000 steps at the default cadence."""

MOST_READINGS = 65_536


class Ledger:
    """The record of all probes with one cadence: measures when due, merges over the window, keeps the readings.

    Nothing here runs Python or talks to the host during a step; the host reads when ``drain`` is called.

    Args:
        probes: probes that share ``every`` and ``window``.
        capacity: readings kept until they are read; when ``None``, as many as fit into ``BUFFER_BYTES``.
    """

    def __init__(self, probes: tuple[Probe, ...], capacity: int | None = None) -> None:
        self.probes = probes
        self.layout: Layout | None = None
        self.history = UnitHistory()
        self._capacity = capacity
        self._read = 0
        self._fixed_every, self._window = probes[0].cadence
        self._every = replicas.alone(
            lambda: tf.Variable(tf.constant(self._fixed_every, tf.int64), trainable=False, name="every")
        )

    @property
    def needs(self) -> frozenset[Need]:
        """The tensors that its probes read."""
        return frozenset[Need]().union(*(probe.needs for probe in self.probes))

    @property
    def rows(self) -> set[str]:
        """The rows that the record has room for, fixed by the first trace."""
        return self.layout.rows if self.layout else set()

    def due(self, step: tf.Tensor) -> tf.Tensor | bool:
        """Whether this step is measured; the cadence is a value on the device, so changing it traces nothing anew."""
        return True if self._fixed_every == 1 else tf.equal(step % self._every, 0)  # pyright: ignore[reportOperatorIssue]

    def slow_down(self, factor: int) -> None:
        """Multiply the cadence, where each measured step is a reading."""
        if self._fixed_every > 1 and self._window == self._fixed_every:
            self._every.assign(self._fixed_every * factor)

    def record(self, step: tf.Tensor, snapshots: Sequence[Snapshot], references: Sequence[Packed] = ()) -> None:
        """Measure if the step is due, and write the reading down when its window is complete."""
        due = self.due(step)
        parts = [*measure(tasks(self.probes, snapshots), due), *references]
        if parts and replicas.count() == 1:
            when(due, lambda: self._write(step, self._arranged(parts)))
        elif parts:
            replicas.with_rows(self._arranged(parts), lambda rows: self._write(step, self._of_replicas(rows)), due)

    def drain(self) -> tuple[np.ndarray, np.ndarray, int]:
        """The readings since the last call.

        Returns:
            Steps ``[n]``, packed statistics ``[n, width]``, and how many readings were overwritten unread.
        """
        if self.layout is None:
            return np.zeros(0, np.int64), np.zeros((0, 0), np.float32), 0
        written = int(self._written)
        first = max(self._read, written - self._room + 1)
        places = np.arange(first, written) % self._room
        lost, self._read = first - self._read, written
        return tf.gather(self._steps, places).numpy(), tf.gather(self._values, places).numpy(), lost

    def forget(self) -> None:
        """Drop what was not read, and what the next reading would continue."""
        self.drain()
        self.history.forget()

    def _arranged(self, parts: list[Packed]) -> tf.Tensor:
        if self.layout is None:
            self._open(Layout(self.probes, parts))
        assert self.layout is not None
        return self.layout.arrange(parts)

    def _of_replicas(self, rows: tf.Tensor) -> tf.Tensor:
        assert self.layout is not None
        return self.layout.merge(rows, replicas=True)

    def _write(self, step: tf.Tensor, vector: tf.Tensor) -> list[tf.Tensor]:
        assert self.layout is not None
        phase = step % self._window  # pyright: ignore[reportOperatorIssue]
        if self._window > self._fixed_every:
            merged = self.layout.merge(tf.stack([self._open_window, vector]))
            vector = tf.where(phase < self._every, vector, merged)
            self._open_window.assign(vector)
        # The row after the last is always free to be written: it counts only when its window is complete.
        place = self._written % self._room  # pyright: ignore[reportOperatorIssue]
        self._values.scatter_update(tf.IndexedSlices(vector[None], place[None]))
        self._steps.scatter_update(tf.IndexedSlices((step - phase)[None], place[None]))
        with tf.control_dependencies(
            [vector]
        ):  # a step that fails half-way, as when another worker dies, does not count
            self._written.assign_add(tf.cast(phase + self._every >= self._window, tf.int64))
        return []

    def _open(self, layout: Layout) -> None:
        """Make room, outside of whatever is being traced."""
        self.layout = layout
        capacity = self._capacity or min(MOST_READINGS, max(16, BUFFER_BYTES // (4 * layout.width)))
        self._room = capacity + 1
        replicas.alone(lambda: self._make_variables(layout.width))

    def _make_variables(self, width: int) -> None:
        self._values = tf.Variable(tf.zeros([self._room, width]), trainable=False, name="readings")
        self._steps = tf.Variable(tf.zeros([self._room], tf.int64), trainable=False, name="steps")
        self._written = tf.Variable(0, dtype=tf.int64, trainable=False, name="written")  # pyright: ignore[reportArgumentType]
        self._open_window = tf.Variable(tf.zeros([width]), trainable=False, name="open_window")
