"""Measuring traced once for all that is measured alike: layers of one shape, and models with the same layers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

import tensorflow as tf

from probes.measuring.branch import Branch, branch_of
from probes.measuring.packing import Packed, Place, join
from probes.measuring.tasks import Task
from probes.probe import Probe

KEPT = 4
"""Sets of probes whose traced functions are kept: models are compared one after the other, under the same probes."""

Placed = list[tuple[int, Place]]
"""What a function returns, one after the other, each with the number of its task."""


@dataclass
class Traces:
    """Functions for one set of probes; tasks that differ only in row and values of their tensors share one."""

    _functions: dict[str, tuple[Any, Placed]] = field(default_factory=dict)
    _branches: dict[str, tuple[Branch, Placed]] = field(default_factory=dict)

    @staticmethod
    def of(probes: Sequence[Probe]) -> Traces:
        """Those of these very probes, which are the same as long as a model is measured by them now and then."""
        return _traces(_Same(tuple(probes)))

    def run(self, task: Task) -> Packed:
        """What ``task.run`` returns."""
        if tf.executing_eagerly():
            return task.run()
        tensors, key = [*tensors_of(task.snapshots)], _key(task)
        if key not in self._functions:
            self._functions[key] = _traced([task], Task.run, [range(len(tensors))], tensors)
        function, placed = self._functions[key]
        return Packed(_places(placed, [task]), function(*tensors))

    def branch(self, tasks: Sequence[Task]) -> tuple[Branch, tuple[Place, ...], list[tf.Tensor]]:
        """All tasks as one branch, the places of what it returns, and the tensors to call it with."""
        tensors: dict[int, tf.Tensor] = {}
        used = [[id(tensors.setdefault(id(each), each)) for each in tensors_of(task.snapshots)] for task in tasks]
        order = {identity: place for place, identity in enumerate(tensors)}
        given = [[order[identity] for identity in own] for own in used]
        key = repr(([_key(task) for task in tasks], given))
        if key not in self._branches:
            function, placed = _traced(tasks, self.run, given, [*tensors.values()])
            self._branches[key] = branch_of(function), placed
        branch, placed = self._branches[key]
        return branch, _places(placed, tasks), [*tensors.values()]


@dataclass(frozen=True)
class _Same:
    """Probes by identity: equality of a probe's fields does not say that it measures alike."""

    probes: tuple[Probe, ...]

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.probes)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and [*map(id, self.probes)] == [*map(id, other.probes)]


@functools.lru_cache(maxsize=KEPT)
def _traces(probes: _Same) -> Traces:
    return Traces()


def _traced(
    tasks: Sequence[Task], run: Callable[[Task], Packed], given: Sequence[Sequence[int]], tensors: Sequence[tf.Tensor]
) -> tuple[Any, Placed]:
    """Tasks as a function of their tensors that remembers nothing of the model.

    Args:
        tasks: what to do.
        run: how to do one of them.
        given: for each task, which of the tensors are its own.
        tensors: all of them.
    """
    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
    blank = [
        replace(task, snapshots=_unnamed(task, [specs[number] for number in own]))
        for task, own in zip(tasks, given, strict=True)
    ]
    placed: Placed = []

    def work(*tensors: tf.Tensor) -> tf.Tensor:
        filled = [
            replace(task, snapshots=_filled(task.snapshots, iter([tensors[number] for number in own])))
            for task, own in zip(blank, given, strict=True)
        ]
        parts = [run(task) for task in filled]
        placed.extend((number, place) for number, part in enumerate(parts) for place in part.places)
        return join([part.values for part in parts])

    with tf.init_scope():  # without tapes and control dependencies of the step that happens to be the first
        return tf.function(work, autograph=False).get_concrete_function(*specs), placed


def _key(task: Task) -> str:
    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors_of(task.snapshots)]
    return repr((task.numbers, _unnamed(task, specs)))


def _unnamed(task: Task, tensors: Iterable[Any]) -> Any:
    return _filled(tuple(replace(each, path="") for each in task.snapshots), iter(tensors))


def _places(placed: Placed, tasks: Sequence[Task]) -> tuple[Place, ...]:
    return tuple(replace(place, row=tasks[number].path) for number, place in placed)


def tensors_of(value: Any) -> Iterator[tf.Tensor]:
    """Every tensor in a snapshot, whatever it is wrapped in."""
    if isinstance(value, tf.Tensor):
        yield value
    for part in _parts(value):
        yield from tensors_of(part)


def _parts(value: Any) -> Iterable[Any]:
    if is_dataclass(value):
        return [getattr(value, each.name) for each in fields(value)]
    return value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else ()


def _filled(value: Any, tensors: Iterator[Any]) -> Any:
    """The same with other things in the place of its tensors."""
    if isinstance(value, tf.Tensor | tf.TensorSpec):
        return next(tensors)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _filled(getattr(value, each.name), tensors) for each in fields(value)})
    if isinstance(value, Mapping):
        return {key: _filled(part, tensors) for key, part in value.items()}
    return tuple(_filled(part, tensors) for part in value) if isinstance(value, tuple) else value
