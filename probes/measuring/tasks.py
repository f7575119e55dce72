"""What is to be measured in a step: which probes read which tensors of which row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import tensorflow as tf

from probes.measuring.packing import Packed, pack
from probes.measuring.structure import tensors_of, with_tensors, without_tensors
from probes.merging import merge
from probes.probe import Probe, Statistic
from probes.snapshot.snapshot import Need, RowSnapshots, Snapshot
from probes.unit_probe import reference_of

FORWARD: frozenset[Need] = frozenset({"input", "state", "activation", "units"})
FIELDS: dict[Need, tuple[str, ...]] = {
    "input": ("input", "mask"),
    "units": ("activation",),
    "gradient": ("gradients",),
    "weight": ("weights",),
    "weight_square": ("known",),
    "update": ("known",),
}
"""The fields of a snapshot in which it holds a need, where they have another name."""


@dataclass(frozen=True)
class Measurement:
    """What some of a ledger's probes do with a row's tensors; equal, by its repr, for rows that are measured alike.

    Attributes:
        probes: all probes of the ledger.
        numbers: which of them.
        snapshots: one for each call of the layer, with the shapes of the tensors that these probes need, and no others.
        forward: whether the forward pass has all of them.
    """

    probes: tuple[Probe, ...] = field(repr=False)
    numbers: tuple[int, ...]
    snapshots: tuple[Snapshot, ...]
    forward: bool

    def run(self, tensors: Sequence[tf.Tensor]) -> Packed:
        """The statistics of these tensors; those of a layer's several calls are merged."""
        snapshots = with_tensors(self.snapshots, tensors)
        measured: dict[int, dict[str, Statistic]] = {}
        for number in self.numbers:
            probe = self.probes[number]
            first, *others = [probe.measure(snapshot) for snapshot in snapshots if probe.applies(snapshot)]
            for other in others:
                first = _merged(probe, first, other)
            measured[number] = first
        return pack(self.probes, measured)


@dataclass(frozen=True)
class Task:
    """A measurement, the row whose statistics it gives, and the tensors to run it on."""

    row: str
    measurement: Measurement
    tensors: tuple[tf.Tensor, ...]

    @staticmethod
    def of(
        row: str,
        probes: tuple[Probe, ...],
        numbers: tuple[int, ...],
        snapshots: tuple[Snapshot, ...],
        *,
        forward: bool = True,
    ) -> Task:
        """What the probes with these numbers do with these snapshots."""
        measurement = Measurement(probes, numbers, without_tensors(snapshots), forward)
        return Task(row, measurement, tuple(tensors_of(snapshots)))


def tasks(probes: tuple[Probe, ...], rows: Sequence[RowSnapshots]) -> list[Task]:
    """One for every row and moment at which its tensors are there: with the forward pass, or later."""
    own = [n for n, probe in enumerate(probes) if reference_of(probe) is None]
    found = []
    for row in rows:
        selecting = [n for n in own if probes[n].selects(row.path)]
        for forward in (True, False):
            needs = {n: _needs_at(probes[n], forward) for n in selecting}
            numbers = tuple(n for n in selecting if any(_applies(probes[n], needs[n], each) for each in row.snapshots))
            if numbers:
                read = frozenset[Need]().union(*(needs[n] for n in numbers))
                snapshots = tuple(_only(read, each) for each in row.snapshots)
                found.append(Task.of(row.path, probes, numbers, snapshots, forward=forward))
    return found


def _needs_at(probe: Probe, forward: bool) -> frozenset[Need]:
    """What the probe reads with the forward pass, or after it; nothing if it measures at the other moment only."""
    if probe.needs_all:
        return probe.needs if (probe.needs <= FORWARD) == forward else frozenset()
    return probe.needs & FORWARD if forward else probe.needs - FORWARD


def _applies(probe: Probe, needs: frozenset[Need], snapshot: Snapshot) -> bool:
    return probe.applies(snapshot) and any(snapshot.has(frozenset({need})) for need in needs)


def _only(needs: frozenset[Need], snapshot: Snapshot) -> Snapshot:
    """The snapshot without the tensors that are not needed: a branch that took them would keep them in memory."""
    kept = {name: getattr(snapshot, name) for need in needs for name in FIELDS.get(need, (need,))}
    return Snapshot(snapshot.kind, snapshot.examples, snapshot.unit_axis, facts=snapshot.facts, **kept)


def _merged(probe: Probe, first: dict[str, Statistic], second: dict[str, Statistic]) -> dict[str, Statistic]:
    """One reading from two; what only one of the calls has stands as it is."""
    parts = {name: tf.stack([tf.stack(first[name]), tf.stack(second[name])]) for name in first if name in second}
    return {**first, **second, **{name: merge(probe.merges[name], value) for name, value in parts.items()}}
