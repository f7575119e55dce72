"""A fixed set of examples, and one forward pass over it in inference mode that leaves nothing behind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from probes.capture.capture import Call, Capture, rows_of
from probes.capture.layers import LayerNames
from probes.errors import UsageError
from probes.measuring.branch import when
from probes.measuring.packing import Packed, join
from probes.measuring.tasks import Task
from probes.probe import Probe
from probes.seams.layer_calls import listening, unheard
from probes.seams.layers import losses_kept
from probes.seams.operations import seeing
from probes.snapshot.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """The inputs of a model for a fixed set of examples.

    Attributes:
        inputs: tensors in the structure that the model takes, each ``[examples, ...]``.
    """

    inputs: Any

    @classmethod
    def of(cls, inputs: Any) -> ReferenceSet:
        """From arrays in the structure that the model takes.

        Raises:
            UsageError: no arrays, none or unequal numbers of examples.
        """
        try:
            tensors = keras.tree.map_structure(tf.convert_to_tensor, inputs)
        except (TypeError, ValueError) as error:
            raise _misfit(f"a {type(inputs).__name__}", "give arrays or tensors, one for each input") from error
        counts = {tensor.shape[0] if tensor.shape.rank else 0 for tensor in keras.tree.flatten(tensors)}
        if len(counts) != 1 or 0 in counts:
            raise _misfit(
                f"inputs of shape {_shapes(tensors)}", "give every input the same number of examples, 1 or more"
            )
        return cls(tensors)

    def check(self, model: Any) -> None:
        """Refuse a model that takes other inputs, as far as the model says which it takes.

        Raises:
            UsageError: naming the shapes.
        """
        if not isinstance(model, keras.Layer):
            raise _misfit(
                f"a {type(model).__name__} that holds no layers", "give the monitor a Keras model, or a window"
            )
        expected, given = getattr(model, "inputs", None) or (), keras.tree.flatten(self.inputs)
        pairs = zip(expected, given, strict=False)
        fits = len(expected) == len(given) and all(
            tf.TensorShape(e.shape).is_compatible_with(g.shape) for e, g in pairs
        )
        if expected and not fits:
            wanted = ", ".join(str(tuple(each.shape)) for each in expected)
            raise _misfit(f"shape {_shapes(self.inputs)}", f"give what {model.name} takes: {wanted}")

    def __repr__(self) -> str:
        """Shapes only."""
        return f"ReferenceSet({_shapes(self.inputs)})"


def check_references(model: Any, probes: Sequence[Probe]) -> None:
    """Refuse reference sets that the model cannot take, as far as that is known before it runs.

    Raises:
        UsageError: naming the shapes.
    """
    for probe in probes:
        if probe.reference is not None:
            probe.reference.check(model)


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

    sets = list(dict.fromkeys(probe.reference for probe in probes if probe.reference is not None))
    if not sets:
        return []
    # A function of its own also at every step: what it draws at random takes no seed from the step's own operations.
    values = when(tf.constant(True) if due is True and not tf.executing_eagerly() else due, work)
    return [Packed(tuple(places), value) for value in values]


def _measure(names: LayerNames, probes: tuple[Probe, ...], reference: ReferenceSet) -> Iterator[Packed]:
    rows: dict[str, list[Snapshot]] = {}
    for path, call in rows_of(_run(names, reference).calls):
        rows.setdefault(path, []).append(_snapshot(path, call, reference))
    for number, probe in enumerate(probes):
        for path, calls in rows.items():
            if probe.reference is reference and probe.selects(path) and any(map(probe.applies, calls)):
                yield Task(probes, (number,), tuple(calls)).run()


def _snapshot(path: str, call: Call, reference: ReferenceSet) -> Snapshot:
    return Snapshot(
        path=path,
        kind=call.function or type(call.layer).__name__,
        examples=tf.cast(tf.shape(call.activation)[0], tf.float32),
        unit_axis=call.unit_axis,
        activation=call.activation,
        facts=call.facts,
        reference=reference,
    )


def _run(names: LayerNames, reference: ReferenceSet) -> Capture:
    """What the layers return for the reference set; no variable, random generator or loss of the model changes."""
    capture = Capture(names, lambda *_: False)
    with unheard(), keras.StatelessScope(), losses_kept(names.model), listening(capture), seeing(capture.rectify):
        try:
            names.model(reference.inputs, training=False)
        except (TypeError, ValueError, NotImplementedError, tf.errors.InvalidArgumentError) as error:
            got = f"shape {_shapes(reference.inputs)}: {_reason(error)}"
            raise _misfit(got, "give what the model's call takes") from error
    return capture


def _reason(error: Exception) -> str:
    """What went wrong, without where Keras says that it did, and without colours of the terminal."""
    paragraphs = re.sub("\x1b\\[[0-9;]*m", "", str(error)).strip().split("\n\n")
    return " ".join(paragraphs[min(1, len(paragraphs) - 1)].split())


def _shapes(tensors: Any) -> str:
    return ", ".join(str(tuple(tensor.shape)) for tensor in keras.tree.flatten(tensors))


def _misfit(got: str, do: str) -> UsageError:
    return UsageError(what="the reference set cannot be evaluated", where="reference=...", got=got, do=do)
