"""One forward pass over a reference set, in inference mode, that leaves the model unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import cast

import keras
import tensorflow as tf

from probes.capture.capture import Capture, rows_of
from probes.capture.modules import Names, Watchable
from probes.measuring.due import Due
from probes.measuring.packing import Packed, Part, Place, join
from probes.measuring.tasks import Task
from probes.probe import Probe
from probes.reference_set import ReferenceSet, misfit, shapes
from probes.seams.layer_calls import listening, unheard
from probes.seams.layers import losses_kept
from probes.seams.operations import seeing
from probes.snapshot.snapshot import Snapshot
from probes.unit_probe import reference_of


def check_references(model: Watchable, probes: Sequence[Probe]) -> None:
    """Refuse reference sets that the model cannot take, as far as that is known before it runs.

    Raises:
        UsageError: naming the shapes.
    """
    for probe in probes:
        if reference := reference_of(probe):
            reference.check(model)


def measure_references(names: Names, probes: tuple[Probe, ...], due: Due) -> list[Part]:
    """What the probes with a reference set measure on it, with the weights as they are now; nothing when not due.

    Args:
        names: the model's layers.
        probes: all probes of a record; those without a reference set are passed over.
        due: whether this step is measured.

    Returns:
        Their statistics, as one vector.

    Raises:
        UsageError: the model cannot run on the reference set.
    """
    sets = list(dict.fromkeys(reference for probe in probes if (reference := reference_of(probe))))
    if not sets:
        return []
    rows: list[tuple[str, tuple[Place, ...]]] = []

    def work() -> list[tf.Tensor]:
        measured = [each for reference in sets for each in _measure(names, probes, reference)]
        rows.extend((row, packed.places) for row, packed in measured)
        return [join([packed.values for _, packed in measured])] if measured else []

    # Not among the step's own operations: what the forward pass draws at random would shift the step's own seeds.
    vectors = due.apart.when(work)  # fills ``rows``
    return [Part(tuple(rows), values) for values in vectors]


def _measure(names: Names, probes: tuple[Probe, ...], reference: ReferenceSet) -> Iterator[tuple[str, Packed]]:
    rows: dict[str, list[Snapshot]] = {}
    for row, call in rows_of(_run(names, reference).calls):
        rows.setdefault(row, []).append(call.snapshot())
    for number, probe in enumerate(probes):
        for row, snapshots in rows.items():
            if reference_of(probe) is reference and probe.selects(row) and any(map(probe.applies, snapshots)):
                task = Task.of(row, probes, (number,), tuple(snapshots))
                yield row, task.measurement.run(task.tensors)


def _run(names: Names, reference: ReferenceSet) -> Capture:
    """What the layers return for the reference set; no variable, random generator or loss of the model changes."""
    capture = Capture(names, lambda *_: False)
    with unheard(), keras.StatelessScope(), losses_kept(names.model), listening(capture), seeing(capture.rectify):
        try:
            cast(keras.Layer, names.model)(reference.inputs, training=False)
        except (TypeError, ValueError, NotImplementedError, tf.errors.InvalidArgumentError) as error:
            got = f"shape {shapes(reference.inputs)}: {_reason(error)}"
            raise misfit(got, "give what the model's call takes") from error
    return capture


def _reason(error: Exception) -> str:
    """What went wrong, without where Keras says that it did, and without colours of the terminal."""
    paragraphs = re.sub("\x1b\\[[0-9;]*m", "", str(error)).strip().split("\n\n")
    return " ".join(paragraphs[min(1, len(paragraphs) - 1)].split())
