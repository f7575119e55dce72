"""Runs the probes over a step's rows, in bundles that end early."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import tensorflow as tf

from probes.measuring.due import Due
from probes.measuring.packing import Part, join
from probes.measuring.tasks import Task
from probes.measuring.traces import Places, Traces

BUNDLE_BYTES = 2**22
"""What one branch may hold on to until all of it is there."""

ASSUMED_BATCH = 32
"""Stands for a size that is not known when the step is traced."""


def measure(tasks: Sequence[Task], due: Due) -> Iterator[Part]:
    """The statistics of all tasks, in vectors; zeros when not due.

    A branch that read all rows would keep their tensors to the end of the step; a bundle lets go of its own when it
    has run.
    """
    for bundle in _bundles(tasks):
        traces = Traces.of(bundle[0].measurement.probes)
        places, vectors = (_called if due.is_call else _inside)(bundle, traces, due)
        rows = tuple(zip((task.row for task in bundle), places, strict=False))
        yield from (Part(rows, values) for values in vectors)


def _called(bundle: list[Task], traces: Traces, due: Due) -> tuple[Places, list[tf.Tensor]]:
    traced, tensors = traces.branch(bundle)
    return traced.places, due.call(traced.callee, tensors)


def _inside(bundle: list[Task], traces: Traces, due: Due) -> tuple[Places, list[tf.Tensor]]:
    places: Places = []

    def work() -> list[tf.Tensor]:
        parts = [traces.run(task.measurement, task.tensors) for task in bundle]
        places.extend(part.places for part in parts)
        return [join([part.values for part in parts])]

    vectors = due.when(work)  # fills ``places``
    return places, vectors


def _bundles(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Tasks in the order in which their tensors come: forward, then backward."""
    forward = [task for task in tasks if task.measurement.forward]
    backward = [task for task in reversed(tasks) if not task.measurement.forward]
    bundle, held = [], 0
    for task in (*forward, *backward):
        bundle.append(task)
        held += sum(map(_bytes, task.tensors))
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
