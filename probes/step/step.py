"""One training step as the probes see it: joins what was captured with gradients, weights and updates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from probes.capture.capture import Call, Capture, rows_of
from probes.capture.layers import LayerEntry
from probes.capture.modules import Names
from probes.measuring import replicas
from probes.measuring.branch import when
from probes.measuring.packing import Packed
from probes.primitives import square_sum_of_all
from probes.probe import Probe
from probes.seams.graph import read
from probes.snapshot.clipping import Clipping, clipping_of
from probes.snapshot.facts import Facts, facts_of
from probes.snapshot.gradient_parts import GradientParts, by_layer, examples_of
from probes.snapshot.snapshot import Need, Snapshot
from probes.snapshot.weights import WeightReading
from probes.step.watched_variable import Watched

Gradient = tf.Tensor | tf.IndexedSlices | None


class Step:
    """Holds what is to be known before the update: the weights, the loss scale, and the capture that fills meanwhile.

    Args:
        names: the layers' paths.
        probes: what will be measured, which decides what is read.
        optimizer: the one that may scale the loss and clip gradients.
        due: whether any probe measures the weights in this step.
    """

    def __init__(
        self,
        names: Names,
        probes: Sequence[Probe],
        optimizer: keras.optimizers.Optimizer | None,
        due: tf.Tensor | bool = True,
    ) -> None:
        names.refresh()
        self._due = due
        self._names = names
        self._needs = frozenset[str]().union(*(probe.needs for probe in probes))
        self._watched: dict[int, Watched] = {}
        self._squares: dict[str, tf.Tensor] = {}
        self._scale = _loss_scale(optimizer)
        self._watch()
        self._probes = probes
        # Keras lets every replica clip its own gradient before they are summed: there is no clipped gradient of the batch.
        clips = "clipping" in self._needs and replicas.count() == 1
        self._clipping = clipping_of(optimizer) if clips else None
        self.capture = Capture(names, self._wants)
        self.references: list[list[Packed]] = []

    def entries(self) -> list[LayerEntry]:
        """The layers, as far as they are known by now."""
        return self._names.entries()

    def scaled_by(self, optimizer: Any) -> None:
        """Learn only before the update which optimizer has scaled the loss."""
        self._scale = _loss_scale(optimizer)

    def end_forward(self) -> None:
        """Look at the weights before the update, also of layers that were built only now."""
        self._watch()
        for watched in self._watched.values():
            watched.end_forward()
        if "weight_square" in self._needs:
            self._squares = self._weight_squares()
        for watched in self._watched.values():
            watched.expect_update()

    def snapshots(
        self, gradients: Sequence[Gradient], variables: Sequence[Any], parts: Sequence[Sequence[Gradient]] = ()
    ) -> list[Snapshot]:
        """Every layer's tensors; further calls of a layer follow as snapshots of their own, under the same path.

        Args:
            gradients: dL/dW for ``variables``, ``None`` where not connected.
            variables: the model's trainable variables.
            parts: the same as ``gradients`` for each part of the batch.
        """
        self._parts = [{id(v): g for v, g in zip(variables, part, strict=True)} for part in parts]
        by_variable = {id(variable): gradient for variable, gradient in zip(variables, gradients, strict=True)}
        calls: dict[str, list[Call]] = {}
        for call in self.capture.calls:
            calls.setdefault(call.path, []).append(call)
        entries = {entry.path: entry for entry in self._names.entries()}
        paths = [*self.capture.order, *(path for path, entry in entries.items() if entry.variables)]
        snapshots: list[Snapshot] = []
        clipping = self._clipping_of(gradients)
        for path in dict.fromkeys(paths):
            entry = entries.get(path) or LayerEntry(path, self.capture.order[path], ())
            own = self._of_variables(entry, by_variable)
            if own and clipping:
                own["clipping"] = clipping
            snapshots.extend(self._of_calls(entry, calls.get(path, []), own))
        return snapshots

    def over_replicas(self, lists: Sequence[Sequence[Gradient]], due: tf.Tensor | bool) -> list[list[Gradient]]:
        """Gradients as the update uses them, summed over the replicas; B becomes the examples of all of them.

        Args:
            lists: gradients of this replica, each list for the model's trainable variables.
            due: whether any probe reads them in this step.

        Returns:
            The same for the whole batch, dense; not to be read in a step that is not due.
        """
        calls, variables = self.capture.calls, self._names.model.trainable_variables
        own = [(g, v) for each in lists for g, v in zip(each, variables, strict=True) if g is not None]
        dense = [] if due is False else when(due, lambda: [_full(gradient, variable) for gradient, variable in own])
        if not dense:
            return [list(each) for each in lists]
        *sums, examples = replicas.summed([*dense, tf.stack([*map(_examples, calls), *self.capture.batches])], due)
        numbers = tf.unstack(examples)
        self.capture.batches = numbers[len(calls) :]
        for call, number in zip(calls, numbers, strict=False):
            call.examples = number
        total = iter(sums)
        return [[None if gradient is None else next(total) for gradient in each] for each in lists]

    def _of_calls(self, entry: LayerEntry, calls: list[Call], own: dict[str, Any]) -> Iterator[Snapshot]:
        """The layer's variables stand with its first call; calls of another shape are rows of their own."""
        if not calls and own:
            yield Snapshot(entry.path, entry.kind, tf.constant(math.nan), facts=facts_of(entry.layer, {}), **own)
        for number, (path, call) in enumerate(rows_of(calls)):
            yield Snapshot(
                path=path,
                kind=call.function or entry.kind,
                examples=_examples(call),
                unit_axis=call.unit_axis,
                activation=call.activation,
                activation_gradient=_unscaled(call.gradient, self._scale),
                facts=call.facts,
                input=call.input,
                mask=call.mask,
                state=call.state,
                **(own if number == 0 else {}),
            )

    def _of_variables(self, entry: LayerEntry, by_variable: dict[int, Gradient]) -> dict[str, Any]:
        """A layer's gradients and weights, as far as some probe needs them and the model trains them."""
        variables = [variable for variable in entry.variables if id(variable) in by_variable]
        if not variables:
            return {}
        gradients = [_dense(by_variable.get(id(variable))) for variable in variables]
        own: dict[str, Any] = {"gradients": tuple(_unscaled(g, self._scale) for g in gradients if g is not None)}
        watched = [self._watched[id(variable)] for variable in variables] if self._watched else []
        if "weight" in self._needs:
            own["weights"] = tuple(variable.before for variable in watched)
        changes = tuple(variable.update() for variable in watched) if "update" in self._needs else ()
        entries = sum(math.prod(variable.shape) for variable in variables)
        if self._parts and "gradient_parts" in self._needs:
            own["gradient_parts"] = self._parts_of(variables)
        return own | {"known": WeightReading(changes, self._squares.get(entry.path), entries)}

    def _parts_of(self, variables: Sequence[Any]) -> GradientParts | None:
        parts = [tuple(map(self._unscale, part)) for part in by_layer(self._parts, variables)]
        examples = examples_of(self.capture.batches, len(parts))
        return GradientParts(tuple(parts), examples) if parts[0] else None

    def _unscale(self, gradient: tf.Tensor) -> tf.Tensor:
        return gradient if self._scale is None else tf.cast(gradient, tf.float32) / self._scale

    def _wants(self, need: Need, facts: Facts, path: str | None) -> bool:
        readers = (probe for probe in self._probes if need in probe.needs)
        return any(probe.suits(facts) and (path is None or probe.selects(path)) for probe in readers)

    def _clipping_of(self, gradients: Sequence[Gradient]) -> Clipping | None:
        """The optimizer's clipping, with the norm of all gradients where it goes by that."""
        if self._clipping is None or self._clipping.global_norm is None:
            return self._clipping
        unscaled = (_unscaled(_dense(gradient), self._scale) for gradient in gradients)
        connected = tuple(gradient for gradient in unscaled if gradient is not None)
        norms = when(self._due, lambda: [tf.sqrt(square_sum_of_all(connected))])
        return replace(self._clipping, measured_norm=norms[0]) if norms else None

    def _weight_squares(self) -> dict[str, tf.Tensor]:
        """Σ W² of every layer, read while nobody has to wait for it or to keep a copy."""
        trained = {id(variable) for variable in self._names.model.trainable_variables}
        entries = {entry.path: [v for v in entry.variables if id(v) in trained] for entry in self._names.entries()}
        owned = {path: variables for path, variables in entries.items() if variables}
        squares = when(self._due, lambda: [square_sum_of_all(tuple(map(read, own))) for own in owned.values()])
        return dict(zip(owned, squares, strict=False))

    def _watch(self) -> None:
        if self._needs & {"weight", "update"}:
            for variable in self._names.model.trainable_variables:
                if id(variable) not in self._watched:
                    self._watched[id(variable)] = Watched(variable)


def _examples(call: Call) -> tf.Tensor:
    """B: the batch of the model's call, or of the layer's own where the model was not called as a whole."""
    return tf.cast(tf.shape(call.activation)[0], tf.float32) if call.examples is None else call.examples


def _loss_scale(optimizer: Any) -> tf.Tensor | None:
    """The factor by which this step's loss is multiplied, read before the optimizer adapts it."""
    names = ("dynamic_scale", "initial_scale", "loss_scale_factor")  # the second until the optimizer is built
    scale = next((scale for name in names if (scale := getattr(optimizer, name, None)) is not None), None)
    return None if scale is None else tf.cast(tf.convert_to_tensor(scale), tf.float32)


def _unscaled(gradient: tf.Tensor | None, scale: tf.Tensor | None) -> tf.Tensor | None:
    return gradient if gradient is None or scale is None else tf.cast(gradient, tf.float32) / scale


def _full(gradient: Any, variable: Any) -> tf.Tensor:
    return tf.reshape(tf.cast(tf.convert_to_tensor(gradient), tf.float32), variable.shape)


def _dense(gradient: Gradient) -> tf.Tensor | None:
    """A sparse gradient's rows with repeated indices summed; fixed shapes throughout, so that XLA compiles it."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    order = tf.argsort(gradient.indices)
    indices = tf.gather(gradient.indices, order)
    starts = tf.concat([tf.zeros([1], tf.int32), tf.cast(indices[1:] != indices[:-1], tf.int32)], axis=0)
    rows = tf.size(indices)
    return tf.math.unsorted_segment_sum(tf.gather(gradient.values, order), tf.cumsum(starts)[:rows], rows)
