"""Runs the probes over a step's layers, in bundles that end early."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import tensorflow as tf

from probes.measuring.branch import called, is_a_call, when
from probes.measuring.packing import Packed, Place, join
from probes.measuring.tasks import Task
from probes.measuring.traces import Traces, tensors_of

BUNDLE_BYTES = 2**22
"""What one branch may hold on to until all of it is there."""

ASSUMED_BATCH = 32
"""Stands for a size that is not known when the step is traced."""


def measure(tasks: Sequence[Task], due: tf.Tensor | bool) -> Iterator[Packed]:
    """The statistics of all tasks, in vectors; zeros when not due.

    A branch that read all layers would keep their tensors to the end of the step; a bundle lets go of its own when it
    has run.
    """
    traces = Traces.of(tasks[0].probes) if tasks else Traces()
    for bundle in _bundles(tasks):
        yield from _called(bundle, traces, due) if is_a_call(due) else _inside(bundle, traces, due)


def _called(bundle: list[Task], traces: Traces, due: tf.Tensor | bool) -> Iterator[Packed]:
    branch, places, tensors = traces.branch(bundle)
    yield from (Packed(places, values) for values in called(due, branch, tensors))


def _inside(bundle: list[Task], traces: Traces, due: tf.Tensor | bool) -> Iterator[Packed]:
    places: list[Place] = []

    def work() -> list[tf.Tensor]:
        parts = [traces.run(task) for task in bundle]
        places.extend(place for part in parts for place in part.places)
        return [join([part.values for part in parts])]

    measured = when(due, work)  # fills ``places``
    yield from (Packed(tuple(places), values) for values in measured)


def _bundles(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Tasks in the order in which their tensors come: forward, then backward."""
    early, late = [task for task in tasks if task.early], [task for task in reversed(tasks) if not task.early]
    bundle, held = [], 0
    for task in (*early, *late):
        bundle.append(task)
        held += sum(map(_bytes, tensors_of(task.snapshots)))
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
