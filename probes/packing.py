"""All statistics of a step as one vector, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from probes.merging import KINDS, Merge, merge
from probes.probe import Probe, Statistic

Measured = Mapping[tuple[int, str], Mapping[str, Statistic]]
"""Statistics by (number of the probe, row), then by name."""


@dataclass(frozen=True)
class Slot:
    """Where one statistic of one row stands in the vector."""

    probe: int
    row: str
    name: str
    merge: Merge
    offset: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Entries in the vector."""
        return math.prod(self.shape)


class Layout:
    """Fixes, at the first trace, where each statistic stands; later traces fill the same places.

    Args:
        probes: the probes, whose ``merges`` say how their statistics merge.
        measured: the statistics of the first trace.

    Raises:
        ValueError: a statistic that its probe does not declare, or whose size depends on the batch.
    """

    def __init__(self, probes: tuple[Probe, ...], measured: Measured) -> None:
        self.slots: list[Slot] = []
        self.rows: set[str] = set()
        self.width = 0
        self._of_row: dict[tuple[int, str], list[Slot]] = {}
        statistics = [(*key, name, value) for key, named in measured.items() for name, value in named.items()]
        # Scalars first: all of them become one operation, however many layers there are.
        for probe, row, name, value in sorted(statistics, key=lambda entry: not _is_scalars(entry[3])):
            shape = _shape(value)
            if None in shape:
                raise ValueError(
                    f"{type(probes[probe]).__name__} returns {name!r} of a size that is not fixed: {shape}"
                )
            self.slots.append(Slot(probe, row, name, probes[probe].merges[name], self.width, shape))
            self.width += self.slots[-1].size
            self.rows.add(row)
            self._of_row.setdefault((probe, row), []).append(self.slots[-1])

    def pack(self, measured: Measured) -> tf.Tensor:
        """The vector ``[width]``, float32; NaN where this trace has nothing for a slot, or another size."""
        scalars: list[tf.Tensor] = []
        vectors: list[tf.Tensor] = []
        for slot in self.slots:
            value = measured.get((slot.probe, slot.row), {}).get(slot.name)
            value = tf.fill(slot.shape, math.nan) if value is None or _shape(value) != slot.shape else value
            if _is_scalars(value):
                scalars.extend(value if isinstance(value, tuple) else (value,))
            else:
                vectors.append(tf.reshape(value, [-1]))
        return tf.concat([*([tf.stack(scalars)] if scalars else []), *vectors], axis=0)

    def merge(self, parts: tf.Tensor) -> tf.Tensor:
        """One vector from several, ``[parts, width]`` to ``[width]``, each slot in its own way."""
        merged, places = [], []
        for kind, slots in self._by_merge():
            place = np.concatenate([np.arange(slot.offset, slot.offset + slot.size) for slot in slots])
            chosen = tf.gather(parts, place, axis=1)
            if kind == "moments":
                chosen = tf.reshape(chosen, [tf.shape(parts)[0], -1, 3])
            merged.append(tf.reshape(merge(kind, chosen), [-1]))
            places.append(place)
        return tf.gather(tf.concat(merged, axis=0), np.argsort(np.concatenate(places)))

    def statistic(self, values: np.ndarray, probe: int, row: str) -> dict[str, np.ndarray]:
        """One row's statistics from packed vectors ``[..., width]``, under the names of the probe's ``merges``."""
        return {
            slot.name: values[..., slot.offset : slot.offset + slot.size].reshape((*values.shape[:-1], *slot.shape))
            for slot in self._of_row.get((probe, row), ())
        }

    def _by_merge(self) -> Iterator[tuple[Merge, list[Slot]]]:
        for kind in KINDS:
            slots = [slot for slot in self.slots if slot.merge == kind]
            if slots:
                yield kind, slots


def _shape(value: Statistic) -> tuple[int | None, ...]:
    return (len(value),) if isinstance(value, tuple) else tuple(value.shape)


def _is_scalars(value: Statistic) -> bool:
    return isinstance(value, tuple) or value.shape.rank == 0
