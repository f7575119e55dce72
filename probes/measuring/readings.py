"""Readings on the device that were not read yet."""

from __future__ import annotations

import contextlib
import weakref

import numpy as np
import tensorflow as tf

from probes.measuring import replicas
from probes.measuring.packing import Layout
from probes.measuring.schedule import Schedule

BUFFER_BYTES = 8 * 2**20
"""Room for unread readings of one cadence. At 400 statistics that is 5,000 readings: 50,000 steps at the default cadence."""

MOST_READINGS = 65_536


class Readings:
    """A buffer of packed statistics, one vector per reading; the oldest are overwritten when it is full.

    Args:
        layout: where each statistic stands in the vector.
        schedule: which steps are merged into one reading.
        capacity: readings kept until they are read; when ``None``, as many as fit into ``BUFFER_BYTES``.
    """

    def __init__(self, layout: Layout, schedule: Schedule, capacity: int | None) -> None:
        self._layout, self._schedule = layout, schedule
        capacity = capacity or min(MOST_READINGS, max(16, BUFFER_BYTES // (4 * layout.width)))
        # The row after the last is always free to be written: it counts only when its window is complete.
        self._room = capacity + 1
        self._read = 0
        replicas.alone(lambda: self._make_variables(layout.width))

    def open_window(self) -> tuple[np.ndarray, np.ndarray]:
        """The first step of the window that is open (-1: none is), and what was merged into it so far, ``[width]``."""
        return self._open_since.numpy(), self._open_window.numpy()

    def opens_with(self, since: int, values: np.ndarray) -> None:
        """Continue a window that another process has opened; see `open_window`."""

        def assign() -> None:
            self._open_since.assign(since)
            self._open_window.assign(values)

        replicas.alone(assign)

    def write(self, step: tf.Tensor, vector: tf.Tensor) -> list[tf.Tensor]:
        """Merge a measured step into its window, and count the reading when the window is complete; returns nothing."""
        start, complete = step, tf.constant(1, tf.int64)
        if self._schedule.cadence.merges_steps:
            phase = tf.math.floormod(step, self._schedule.window())
            start, begins = step - phase, self._schedule.begins(phase)
            merged = self._layout.merge(tf.stack([self._open_window, vector]))
            vector = tf.where(begins, vector, merged)
            self._open_window.assign(vector)
            # A window counts if its own start was seen: not one in whose midst the cadence was changed.
            known = tf.logical_or(begins, tf.equal(self._open_since, start))
            ends = tf.logical_and(known, self._schedule.completes(phase))
            self._open_since.assign(tf.where(tf.logical_and(known, tf.logical_not(ends)), start, -1))
            complete = tf.cast(ends, tf.int64)
        place = tf.math.floormod(self._written, self._room)
        self._values.scatter_update(tf.IndexedSlices(vector[None], place[None]))
        self._steps.scatter_update(tf.IndexedSlices(start[None], place[None]))
        # A step that fails half-way, as when another worker dies, does not count.
        with tf.control_dependencies([vector]):
            self._written.assign_add(complete)
        return []

    def drain(self) -> tuple[np.ndarray, np.ndarray, int]:
        """The readings since the last call.

        Returns:
            Steps ``[n]``, packed statistics ``[n, width]``, and how many readings were overwritten unread.
        """
        written = int(self._written)
        first = max(self._read, written - self._room + 1)
        places = np.arange(first, written) % self._room
        lost, self._read = first - self._read, written
        return tf.gather(self._steps, places).numpy(), tf.gather(self._values, places).numpy(), lost

    def _make_variables(self, width: int) -> None:
        values, shape = tf.zeros([self._room, width]), tf.TensorShape([None, width])
        self._values = tf.Variable(values, shape=shape, trainable=False, name="readings")
        # TensorFlow never forgets some graphs, and with them variables; so the buffer's megabytes are given back here.
        weakref.finalize(self, _empty, self._values, width).atexit = False
        self._steps = tf.Variable(tf.zeros([self._room], tf.int64), trainable=False, name="steps")
        self._written = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="written")
        self._open_since = tf.Variable(-tf.ones([], tf.int64), trainable=False, name="open_since")
        self._open_window = tf.Variable(tf.zeros([width]), trainable=False, name="open_window")


def _empty(values: tf.Variable, width: int) -> None:
    """Let go of a buffer that nobody will read, wherever garbage is collected."""
    with contextlib.suppress(Exception), tf.init_scope():
        values.assign(tf.zeros([0, width]))
