"""All statistics of a step as one vector, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import tensorflow as tf

from probes.merging import KINDS, Merge, merge
from probes.probe import Probe, Statistic
from probes.unit_probe import reference_of

Measured = Mapping[tuple[int, str], Mapping[str, Statistic]]
"""Statistics by (number of the probe, row), then by name."""


@dataclass(frozen=True)
class Place:
    """What one statistic of one row is, and how large."""

    probe: int
    row: str
    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Entries in the vector."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Packed:
    """Statistics one after the other in a vector ``[Σ size]``, float32."""

    places: tuple[Place, ...]
    values: tf.Tensor


def pack(probes: Sequence[Probe], measured: Measured) -> Packed:
    """All statistics as one vector.

    Raises:
        ValueError: a statistic whose size depends on the batch.
    """
    statistics = [(*key, name, value) for key, named in measured.items() for name, value in named.items()]
    # Scalars first: all of them become one operation, however many layers there are.
    statistics.sort(key=lambda entry: not _is_scalars(entry[3]))
    # A size that is not fixed is refused right below.
    places = tuple(
        Place(probe, row, name, cast(tuple[int, ...], _shape(value))) for probe, row, name, value in statistics
    )
    for place in places:
        if None in place.shape:
            probe = type(probes[place.probe]).__name__
            raise ValueError(f"{probe} returns {place.name!r} of a size that is not fixed: {place.shape}")
    scalars = [scalar for *_, value in statistics if _is_scalars(value) for scalar in tf.nest.flatten(value)]
    vectors = [tf.reshape(value, [-1]) for *_, value in statistics if not _is_scalars(value)]
    return Packed(places, join([*([tf.stack(scalars)] if scalars else []), *vectors]))


def join(vectors: Sequence[tf.Tensor]) -> tf.Tensor:
    """One vector from several."""
    return vectors[0] if len(vectors) == 1 else tf.concat(vectors, axis=0)


@dataclass(frozen=True)
class Slot(Place):
    """Where a statistic stands in the record's vector."""

    merge: Merge
    offset: int
    once: bool = False
    """Whether all replicas have the same, so that only one of them counts."""


class Layout:
    """Fixes, at the first trace, where each statistic stands; later traces fill the same places.

    Args:
        probes: the probes, whose ``merges`` say how their statistics merge.
        parts: the statistics of the first trace.
    """

    def __init__(self, probes: tuple[Probe, ...], parts: Sequence[Packed]) -> None:
        self.slots: list[Slot] = []
        self.width = 0
        self._of_row: dict[tuple[int, str], list[Slot]] = {}
        for at in (place for part in parts for place in part.places):
            probe = probes[at.probe]
            once = probe.is_alike(at.name) or reference_of(probe) is not None
            slot = Slot(at.probe, at.row, at.name, at.shape, probe.merges[at.name], self.width, once)
            self.slots.append(slot)
            self.width += slot.size
            self._of_row.setdefault((slot.probe, slot.row), []).append(slot)
        self.rows = {slot.row for slot in self.slots}

    def arrange(self, parts: Sequence[Packed]) -> tf.Tensor:
        """The vector ``[width]``, float32; NaN where this trace has nothing for a slot, or another size."""
        found, width = {}, 0
        for place in (place for part in parts for place in part.places):
            found[place.probe, place.row, place.name, place.shape] = np.arange(width, width + place.size)
            width += place.size
        nothing = width
        order = [
            found.get((slot.probe, slot.row, slot.name, slot.shape), np.full(slot.size, nothing)) for slot in self.slots
        ]
        index = np.concatenate(order)
        values = [part.values for part in parts]
        if np.array_equal(index, np.arange(width)):
            return join(values)
        return tf.gather(join([*values, tf.constant([math.nan])]), index)

    def merge(self, parts: tf.Tensor, *, replicas: bool = False) -> tf.Tensor:
        """One vector from several, ``[parts, width]`` to ``[width]``, each slot in its own way.

        Args:
            parts: the vectors.
            replicas: they are those of one step's replicas, which all know the same of the model's variables.
        """
        merged, places = [], []
        for kind, slots in self._by_merge(replicas):
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

    def _by_merge(self, replicas: bool) -> Iterator[tuple[Merge, list[Slot]]]:
        kinds: list[Merge] = ["same" if replicas and slot.once else slot.merge for slot in self.slots]
        for kind in KINDS:
            slots = [slot for slot, own in zip(self.slots, kinds, strict=True) if own == kind]
            if slots:
                yield kind, slots


def _shape(value: Statistic) -> tuple[int | None, ...]:
    return (len(value),) if isinstance(value, tuple) else tuple(value.shape)


def _is_scalars(value: Statistic) -> bool:
    return isinstance(value, tuple) or value.shape.rank == 0
