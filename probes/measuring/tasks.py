"""What is to be measured in a step: which probes read which tensors of which row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from probes.measuring.packing import Packed, pack
from probes.merging import merge
from probes.probe import Probe, Statistic
from probes.snapshot.snapshot import Snapshot
from probes.snapshot.weights import WeightReading
from probes.unit_probe import reference_of

FORWARD = frozenset({"input", "state", "activation", "units"})
WEIGHTY = frozenset({"weight_square", "update"})
_SINGLE = ("input", "activation", "activation_gradient", "clipping", "gradient_parts")
_FIELDS = {"gradient": "gradients", "weight": "weights"}


@dataclass(frozen=True)
class Task:
    """What some of the probes do with one row.

    Attributes:
        probes: all probes of the record.
        numbers: which of them.
        snapshots: the row's tensors, one snapshot for each call of the layer, and none that these probes do not need.
    """

    probes: tuple[Probe, ...]
    numbers: tuple[int, ...]
    snapshots: tuple[Snapshot, ...]

    @property
    def path(self) -> str:
        """The row."""
        return self.snapshots[0].path

    @property
    def early(self) -> bool:
        """Whether the forward pass has all that these probes need."""
        return self.probes[self.numbers[0]].needs <= FORWARD

    def run(self) -> Packed:
        """The statistics; those of a layer's several calls are merged."""
        measured: dict[tuple[int, str], dict[str, Statistic]] = {}
        for number in self.numbers:
            probe = self.probes[number]
            readings = [probe.measure(snapshot) for snapshot in self.snapshots if probe.applies(snapshot)]
            merged = readings[0]
            for reading in readings[1:]:
                merged = _merged(probe, merged, reading)
            measured[number, self.path] = merged
        return pack(self.probes, measured)


def tasks(probes: tuple[Probe, ...], snapshots: Sequence[Snapshot]) -> list[Task]:
    """One for every row and moment at which its tensors are there: with the forward pass, or later."""
    rows: dict[str, list[Snapshot]] = {}
    for snapshot in snapshots:
        rows.setdefault(snapshot.path, []).append(snapshot)
    own = [n for n, probe in enumerate(probes) if reference_of(probe) is None]
    found = []
    for path, calls in rows.items():
        applying = [n for n in own if probes[n].selects(path) and any(map(probes[n].applies, calls))]
        for early in (True, False):
            numbers = tuple(n for n in applying if (probes[n].needs <= FORWARD) == early)
            needs = frozenset[str]().union(*(probes[n].needs for n in numbers))
            if numbers:
                found.append(Task(probes, numbers, tuple(_only(needs, call) for call in calls)))
    return found


def _only(needs: frozenset[str], snapshot: Snapshot) -> Snapshot:
    unneeded: dict[str, Any] = {name: None for name in _SINGLE}
    unneeded |= {"state": (), "gradient": (), "weight": ()}
    dropped = {_FIELDS.get(need, need): nothing for need, nothing in unneeded.items() if need not in needs}
    if "input" not in needs:
        dropped["mask"] = None
    return replace(snapshot, **dropped, **({} if needs & WEIGHTY else {"known": WeightReading()}))


def _merged(probe: Probe, first: dict[str, Statistic], second: dict[str, Statistic]) -> dict[str, Statistic]:
    """One reading from two; what only one of the calls has stands as it is."""
    parts = {name: tf.stack([tf.stack(first[name]), tf.stack(second[name])]) for name in first if name in second}
    return {**first, **second, **{name: merge(probe.merges[name], value) for name, value in parts.items()}}
