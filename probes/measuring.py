"""Runs the probes over a step's layers: traced once for layers of one shape, and in bundles that end early."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import tensorflow as tf

from probes.branch import when
from probes.merging import merge
from probes.packing import Packed, Place, join, pack
from probes.probe import Probe, Statistic
from probes.snapshot import Snapshot
from probes.update import WeightReading

BUNDLE_BYTES = 2**19
"""What one branch may hold on to until all of it is there."""

ASSUMED_BATCH = 32
"""Stands for a size that is not known when the step is traced."""

FORWARD = frozenset({"input", "state", "activation"})
WEIGHTY = frozenset({"weight_square", "update"})
_SINGLE = ("input", "activation", "activation_gradient", "clipping", "gradient_parts")
_FIELDS = {"gradient": "gradients", "weight": "weights", "update": "weights_after"}


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
    found = []
    for path, calls in rows.items():
        applying = [n for n, probe in enumerate(probes) if probe.selects(path) and any(map(probe.applies, calls))]
        for early in (True, False):
            numbers = tuple(n for n in applying if (probes[n].needs <= FORWARD) == early)
            needs = frozenset[str]().union(*(probes[n].needs for n in numbers))
            if numbers:
                found.append(Task(probes, numbers, tuple(_only(needs, call) for call in calls)))
    return found


def measure(tasks: Sequence[Task], due: tf.Tensor | bool) -> Iterator[Packed]:
    """The statistics of all tasks, in vectors; zeros when not due.

    A branch that read all layers would keep their tensors to the end of the step; a bundle lets go of its own when it
    has run.
    """
    traces = Traces()
    for bundle in _bundles(tasks):
        yield from _together(bundle, traces, due)


def _together(bundle: list[Task], traces: Traces, due: tf.Tensor | bool) -> list[Packed]:
    places: list[Place] = []

    def work() -> list[tf.Tensor]:
        parts = [traces.run(task) for task in bundle]
        places.extend(place for part in parts for place in part.places)
        return [join([part.values for part in parts])]

    values = when(due, work)
    return [Packed(tuple(places), value) for value in values]


@dataclass
class Traces:
    """Tasks that differ only in the row and the values of their tensors share one traced function."""

    _functions: dict[str, tuple[Any, list[Place]]] = field(default_factory=dict)

    def run(self, task: Task) -> Packed:
        """What ``task.run`` returns."""
        if tf.executing_eagerly():
            return task.run()
        tensors = list(_tensors(task.snapshots))
        specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
        unnamed = tuple(replace(each, path="") for each in task.snapshots)
        key = repr((task.numbers, _filled(unnamed, iter(specs))))
        if key not in self._functions:
            self._functions[key] = _traced(task, specs)
        function, places = self._functions[key]
        return Packed(tuple(replace(place, row=task.path) for place in places), function(*tensors))


def _traced(task: Task, specs: list[tf.TensorSpec]) -> tuple[Any, list[Place]]:
    places: list[Place] = []

    def work(*tensors: tf.Tensor) -> tf.Tensor:
        packed = replace(task, snapshots=_filled(task.snapshots, iter(tensors))).run()
        places.extend(packed.places)
        return packed.values

    return tf.function(work, autograph=False).get_concrete_function(*specs), places


def _bundles(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Tasks in the order in which their tensors come: forward, then backward."""
    for group in ([task for task in tasks if task.early], [task for task in reversed(tasks) if not task.early]):
        bundle, held = [], 0
        for task in group:
            bundle.append(task)
            held += sum(map(_bytes, _tensors(task.snapshots)))
            if held > BUNDLE_BYTES:
                yield bundle
                bundle, held = [], 0
        if bundle:
            yield bundle


def _bytes(tensor: tf.Tensor) -> int:
    size = tensor.dtype.size
    for dimension in tensor.shape:
        size *= ASSUMED_BATCH if dimension is None else dimension
    return size


def _only(needs: frozenset[str], snapshot: Snapshot) -> Snapshot:
    unneeded: dict[str, Any] = {name: None for name in _SINGLE}
    unneeded |= {"state": (), "gradient": (), "weight": (), "update": ()}
    dropped = {_FIELDS.get(need, need): nothing for need, nothing in unneeded.items() if need not in needs}
    if "input" not in needs:
        dropped["mask"] = None
    return replace(snapshot, **dropped, **({} if needs & WEIGHTY else {"known": WeightReading()}))


def _tensors(value: Any) -> Iterator[tf.Tensor]:
    """Every tensor in a snapshot, whatever it is wrapped in."""
    if isinstance(value, tf.Tensor):
        yield value
    for part in _parts(value):
        yield from _tensors(part)


def _parts(value: Any) -> Iterable[Any]:
    if is_dataclass(value):
        return [getattr(value, each.name) for each in fields(value)]
    return value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()


def _filled(value: Any, tensors: Iterator[Any]) -> Any:
    """The same with other things in the place of its tensors."""
    if isinstance(value, tf.Tensor):
        return next(tensors)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _filled(getattr(value, each.name), tensors) for each in fields(value)})
    if isinstance(value, Mapping):
        return {key: _filled(part, tensors) for key, part in value.items()}
    return tuple(_filled(part, tensors) for part in value) if isinstance(value, tuple) else value


def _merged(probe: Probe, first: dict[str, Statistic], second: dict[str, Statistic]) -> dict[str, Statistic]:
    """One reading from two; what only one of the calls has stands as it is."""
    parts = {name: tf.stack([tf.stack(first[name]), tf.stack(second[name])]) for name in first if name in second}
    return {**first, **second, **{name: merge(probe.merges[name], value) for name, value in parts.items()}}
