"""Measuring traced once for all that is measured alike: layers of one shape, and models with the same layers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import tensorflow as tf

from probes.measuring.due import Branch, Concrete, call, concrete
from probes.measuring.packing import Packed, Place, join
from probes.measuring.tasks import Measurement, Task
from probes.probe import Probe

KEPT = 4
"""Sets of probes whose traced functions are kept: models are compared one after the other, under the same probes."""

Places = list[tuple[Place, ...]]
"""What each of several measurements returns, one after the other."""

Callee = TypeVar("Callee", Concrete, Branch)


@dataclass(frozen=True)
class Traced(Generic[Callee]):
    """A function of tensors alone, which keeps no model alive, and what the vector that it returns holds."""

    callee: Callee
    places: Places


@dataclass
class Traces:
    """Functions for one set of probes; rows that are measured alike share one."""

    _functions: dict[str, Traced[Concrete]] = field(default_factory=dict)
    _branches: dict[str, Traced[Branch]] = field(default_factory=dict)

    @staticmethod
    def of(probes: Sequence[Probe]) -> Traces:
        """Those of these very probes, which are the same as long as a model is measured by them now and then."""
        return _traces(_Same(tuple(probes)))

    def run(self, measurement: Measurement, tensors: Sequence[tf.Tensor]) -> Packed:
        """What ``measurement.run`` returns."""
        if tf.executing_eagerly():
            return measurement.run(tensors)
        key = repr(measurement)
        if key not in self._functions:
            self._functions[key] = _traced(lambda tensors: [measurement.run(tensors)], tensors)
        traced = self._functions[key]
        return Packed(traced.places[0], call(traced.callee, tensors))

    def branch(self, tasks: Sequence[Task]) -> tuple[Traced[Branch], list[tf.Tensor]]:
        """All tasks as one branch, and the tensors to call it with; one that several tasks read is handed over once."""
        tensors: dict[int, tf.Tensor] = {}
        read = [[id(tensors.setdefault(id(each), each)) for each in task.tensors] for task in tasks]
        order = {identity: place for place, identity in enumerate(tensors)}
        wiring = [[order[identity] for identity in own] for own in read]
        measurements = [task.measurement for task in tasks]
        key = repr((measurements, wiring))
        if key not in self._branches:

            def run(given: Sequence[tf.Tensor]) -> list[Packed]:
                pairs = zip(measurements, wiring, strict=True)
                return [self.run(measurement, [given[place] for place in own]) for measurement, own in pairs]

            traced = _traced(run, [*tensors.values()])
            self._branches[key] = Traced(Branch.of(traced.callee), traced.places)
        return self._branches[key], [*tensors.values()]


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


def _traced(run: Callable[[Sequence[tf.Tensor]], list[Packed]], like: Sequence[tf.Tensor]) -> Traced[Concrete]:
    """A function of tensors of these shapes, which returns all that ``run`` measures in one vector."""
    places: Places = []

    def work(*tensors: tf.Tensor) -> tf.Tensor:
        parts = run(tensors)
        places.extend(part.places for part in parts)
        return join([part.values for part in parts])

    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in like]
    with tf.init_scope():  # without tapes and control dependencies of the step that happens to be the first
        return Traced(concrete(work, *specs), places)
