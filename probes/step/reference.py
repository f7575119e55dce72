"""One forward pass over a reference set, in inference mode, that leaves the model unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from probes.capture.capture import Call, Capture, rows_of
from probes.capture.layers import LayerNames
from probes.measuring.branch import when
from probes.measuring.packing import Packed, join
from probes.measuring.tasks import Task
from probes.probe import Probe
from probes.reference_set import ReferenceSet, misfit, shapes
from probes.seams.layer_calls import listening, unheard
from probes.seams.layers import losses_kept
from probes.seams.operations import seeing
from probes.snapshot.snapshot import Snapshot
from probes.unit_probe import reference_of


def check_references(model: Any, probes: Sequence[Probe]) -> None:
    """Refuse reference sets that the model cannot take, as far as that is known before it runs.

    Raises:
        UsageError: naming the shapes.
    """
    for probe in probes:
        if reference := reference_of(probe):
            reference.check(model)


def measure_references(names: LayerNames, probes: Sequence[Probe], due: tf.Tensor | bool) -> list[Packed]:
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
    places = []

    def work() -> list[tf.Tensor]:
        parts = [part for reference in sets for part in _measure(names, tuple(probes), reference)]
        places.extend(place for part in parts for place in part.places)
        return [join([part.values for part in parts])] if parts else []

    sets = list(dict.fromkeys(reference for probe in probes if (reference := reference_of(probe))))
    if not sets:
        return []
    # A function of its own also at every step: what it draws at random takes no seed from the step's own operations.
    values = when(tf.constant(True) if due is True and not tf.executing_eagerly() else due, work)
    return [Packed(tuple(places), value) for value in values]


def _measure(names: LayerNames, probes: tuple[Probe, ...], reference: ReferenceSet) -> Iterator[Packed]:
    rows: dict[str, list[Snapshot]] = {}
    for path, call in rows_of(_run(names, reference).calls):
        rows.setdefault(path, []).append(_snapshot(path, call))
    for number, probe in enumerate(probes):
        for path, calls in rows.items():
            if reference_of(probe) is reference and probe.selects(path) and any(map(probe.applies, calls)):
                yield Task(probes, (number,), tuple(calls)).run()


def _snapshot(path: str, call: Call) -> Snapshot:
    return Snapshot(
        path=path,
        kind=call.function or type(call.layer).__name__,
        examples=tf.cast(tf.shape(call.activation)[0], tf.float32),
        unit_axis=call.unit_axis,
        activation=call.activation,
        facts=call.facts,
    )


def _run(names: LayerNames, reference: ReferenceSet) -> Capture:
    """What the layers return for the reference set; no variable, random generator or loss of the model changes."""
    capture = Capture(names, lambda *_: False)
    with unheard(), keras.StatelessScope(), losses_kept(names.model), listening(capture), seeing(capture.rectify):
        try:
            names.model(reference.inputs, training=False)
        except (TypeError, ValueError, NotImplementedError, tf.errors.InvalidArgumentError) as error:
            got = f"shape {shapes(reference.inputs)}: {_reason(error)}"
            raise misfit(got, "give what the model's call takes") from error
    return capture


def _reason(error: Exception) -> str:
    """What went wrong, without where Keras says that it did, and without colours of the terminal."""
    paragraphs = re.sub("\x1b\\[[0-9;]*m", "", str(error)).strip().split("\n\n")
    return " ".join(paragraphs[min(1, len(paragraphs) - 1)].split())
