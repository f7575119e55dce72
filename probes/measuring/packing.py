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


@dataclass(frozen=True)
class Place:
    """What one statistic of a row is, and how large."""

    probe: int
    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Entries in the vector."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Packed:
    """One row's statistics, one after the other in a vector ``[Σ size]``, float32."""

    places: tuple[Place, ...]
    values: tf.Tensor


@dataclass(frozen=True)
class Part:
    """Several rows' statistics, one row after the other in a vector, and what each row has."""

    rows: tuple[tuple[str, tuple[Place, ...]], ...]
    values: tf.Tensor

    def __iter__(self) -> Iterator[tuple[str, Place]]:
        """Row and place of each statistic, in the vector's order."""
        return ((row, place) for row, places in self.rows for place in places)


def pack(probes: Sequence[Probe], measured: Mapping[int, Mapping[str, Statistic]]) -> Packed:
    """All statistics of a row as one vector.

    Args:
        probes: the ledger's probes.
        measured: statistics by name, for each of the probes by its number.

    Raises:
        ValueError: a statistic whose size depends on the batch.
    """
    statistics = [(probe, name, value) for probe, named in measured.items() for name, value in named.items()]
    # Scalars first: all of them become one operation.
    statistics.sort(key=lambda entry: not _is_scalars(entry[2]))
    places = tuple(Place(probe, name, _shape(probes[probe], name, value)) for probe, name, value in statistics)
    scalars = [scalar for *_, value in statistics if _is_scalars(value) for scalar in tf.nest.flatten(value)]
    vectors = [tf.reshape(value, [-1]) for *_, value in statistics if not _is_scalars(value)]
    return Packed(places, join([*([tf.stack(scalars)] if scalars else []), *vectors]))


def join(vectors: Sequence[tf.Tensor]) -> tf.Tensor:
    """One vector from several."""
    return vectors[0] if len(vectors) == 1 else tf.concat(vectors, axis=0)


@dataclass(frozen=True)
class Slot:
    """Where a row's statistic stands in the ledger's vector.

    Attributes:
        row: the row.
        place: the statistic.
        merge: how it merges.
        offset: its first entry in the vector.
        once: whether all replicas have the same, so that only one of them counts.
    """

    row: str
    place: Place
    merge: Merge
    offset: int
    once: bool

    @property
    def entries(self) -> slice:
        """Its entries in the vector."""
        return slice(self.offset, self.offset + self.place.size)


class Layout:
    """Fixes, at the first trace, where each statistic stands; later traces fill the same places.

    Args:
        probes: the probes, whose ``merges`` say how their statistics merge.
        parts: the statistics of the first trace.
    """

    def __init__(self, probes: tuple[Probe, ...], parts: Sequence[Part]) -> None:
        self.slots: list[Slot] = []
        self.width = 0
        self._of_row: dict[tuple[int, str], list[Slot]] = {}
        for row, place in (own for part in parts for own in part):
            probe = probes[place.probe]
            once = probe.is_alike(place.name) or reference_of(probe) is not None
            slot = Slot(row, place, probe.merges[place.name], self.width, once)
            self.slots.append(slot)
            self.width += place.size
            self._of_row.setdefault((place.probe, row), []).append(slot)
        self.rows = {slot.row for slot in self.slots}

    def arrange(self, parts: Sequence[Part]) -> tf.Tensor:
        """The vector ``[width]``, float32; NaN where this trace has nothing for a slot, or another size."""
        found, width = {}, 0
        for row, place in (own for part in parts for own in part):
            found[row, place] = np.arange(width, width + place.size)
            width += place.size
        nothing = width
        order = [found.get((slot.row, slot.place), np.full(slot.place.size, nothing)) for slot in self.slots]
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
            place = np.concatenate([np.arange(self.width)[slot.entries] for slot in slots])
            chosen = tf.gather(parts, place, axis=1)
            if kind == "moments":
                chosen = tf.reshape(chosen, [tf.shape(parts)[0], -1, 3])
            merged.append(tf.reshape(merge(kind, chosen), [-1]))
            places.append(place)
        return tf.gather(tf.concat(merged, axis=0), np.argsort(np.concatenate(places)))

    def statistic(self, values: np.ndarray, probe: int, row: str) -> dict[str, np.ndarray]:
        """One row's statistics from packed vectors ``[..., width]``, under the names of the probe's ``merges``."""
        return {
            slot.place.name: values[..., slot.entries].reshape((*values.shape[:-1], *slot.place.shape))
            for slot in self._of_row.get((probe, row), ())
        }

    def _by_merge(self, replicas: bool) -> Iterator[tuple[Merge, list[Slot]]]:
        kinds: list[Merge] = ["same" if replicas and slot.once else slot.merge for slot in self.slots]
        for kind in KINDS:
            slots = [slot for slot, own in zip(self.slots, kinds, strict=True) if own == kind]
            if slots:
                yield kind, slots


def _shape(probe: Probe, name: str, value: Statistic) -> tuple[int, ...]:
    shape = (len(value),) if isinstance(value, tuple) else tuple(value.shape)
    if None in shape:
        raise ValueError(f"{type(probe).__name__} returns {name!r} of a size that is not fixed: {shape}")
    return cast(tuple[int, ...], shape)


def _is_scalars(value: Statistic) -> bool:
    return isinstance(value, tuple) or value.shape.rank == 0
