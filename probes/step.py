"""One training step as the probes see it: joins what was captured with gradients, weights and updates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from probes.capture import Call, Capture
from probes.layers import LayerNames
from probes.merging import merge
from probes.packing import Measured
from probes.probe import Probe, Statistic
from probes.snapshot import Snapshot

Gradient = tf.Tensor | tf.IndexedSlices | None


class Step:
    """Holds what is to be known before the update: the weights, the loss scale, and the capture that fills meanwhile.

    Args:
        names: the layers' paths.
        probes: what will be measured, which decides what is read.
        optimizer: the one that may scale the loss.
    """

    def __init__(
        self, names: LayerNames, probes: Sequence[Probe], optimizer: keras.optimizers.Optimizer | None
    ) -> None:
        names.refresh()
        self._names = names
        self._needs = frozenset[str]().union(*(probe.needs for probe in probes))
        self._before: dict[int, tf.Tensor] = {}
        self._scale = _loss_scale(optimizer)
        self._read_weights()
        readers = [probe for probe in probes if "activation_gradient" in probe.needs]
        self.capture = Capture(names, lambda path: any(probe.selects(path) for probe in readers))

    def end_forward(self) -> None:
        """Read the weights of layers that were built only now."""
        self._read_weights()

    def snapshots(self, gradients: Sequence[Gradient], variables: Sequence[Any]) -> list[Snapshot]:
        """Every layer's tensors; further calls of a layer follow as snapshots of their own, under the same path.

        Args:
            gradients: dL/dW for ``variables``, ``None`` where not connected.
            variables: the model's trainable variables.
        """
        by_variable = {id(variable): gradient for variable, gradient in zip(variables, gradients, strict=True)}
        calls: dict[str, list[Call]] = {}
        for call in self.capture.calls:
            calls.setdefault(call.path, []).append(call)
        entries = {entry.path: entry for entry in self._names.entries()}
        paths = [*self.capture.order, *(path for path, entry in entries.items() if entry.variables)]
        snapshots: list[Snapshot] = []
        for path in dict.fromkeys(paths):
            own = self._of_variables(entries[path].variables, by_variable)
            kind = entries[path].kind
            snapshots.extend(self._of_calls(path, kind, calls.get(path, []), own))
        return snapshots

    def _of_calls(self, path: str, kind: str, calls: list[Call], own: dict[str, Any]) -> Iterator[Snapshot]:
        """The layer's variables stand with its first call; calls of another shape are rows of their own."""
        shapes: list[tuple[int | None, ...]] = []
        if not calls and own:
            yield Snapshot(path, kind, tf.constant(float("nan")), **own)
        for number, call in enumerate(calls):
            shape = tuple(call.activation.shape[1:])
            if shape not in shapes:
                shapes.append(shape)
            place = shapes.index(shape)
            yield Snapshot(
                path=path if place == 0 else f"{path}@{place + 1}",
                kind=kind,
                examples=_examples(call),
                unit_axis=call.unit_axis,
                activation=call.activation,
                activation_gradient=_unscaled(call.gradient, self._scale),
                **(own if number == 0 else {}),
            )

    def _of_variables(self, variables: Sequence[Any], by_variable: dict[int, Gradient]) -> dict[str, Any]:
        """A layer's gradients and weights, as far as some probe needs them and the model trains them."""
        variables = [variable for variable in variables if id(variable) in by_variable]
        if not variables:
            return {}
        gradients = [_dense(by_variable.get(id(variable))) for variable in variables]
        own = {"gradients": tuple(_unscaled(g, self._scale) for g in gradients if g is not None)}
        if self._needs & {"weight", "update"}:
            own["weights"] = tuple(self._before[id(variable)] for variable in variables)
        if "update" in self._needs:
            own["weights_after"] = tuple(read(variable) for variable in variables)
        return own

    def _read_weights(self) -> None:
        if self._needs & {"weight", "update"}:
            for variable in self._names.model.trainable_variables:
                if id(variable) not in self._before:
                    self._before[id(variable)] = read(variable)


def read(variable: Any) -> tf.Tensor:
    """A variable's value at this point of the step."""
    held = variable.value if isinstance(variable, keras.Variable) else variable
    return held.read_value() if hasattr(held, "read_value") else tf.convert_to_tensor(held)


def measure(probes: Sequence[Probe], snapshots: Sequence[Snapshot]) -> Measured:
    """The statistics of every probe for every row; those of a layer's several calls are merged."""
    measured: dict[tuple[int, str], dict[str, Statistic]] = {}
    for number, probe in enumerate(probes):
        for snapshot in snapshots:
            if probe.selects(snapshot.path) and probe.applies(snapshot):
                key = (number, snapshot.path)
                statistics = probe.measure(snapshot)
                measured[key] = _merged(probe, measured[key], statistics) if key in measured else statistics
    return measured


def _merged(probe: Probe, first: dict[str, Statistic], second: dict[str, Statistic]) -> dict[str, Statistic]:
    parts = {name: tf.stack([tf.stack(first[name]), tf.stack(second[name])]) for name in first}
    return {name: merge(probe.merges[name], value) for name, value in parts.items()}


def _examples(call: Call) -> tf.Tensor:
    """B: the batch of the model's call, or of the layer's own where the model was not called as a whole."""
    examples = tf.shape(call.activation)[0] if call.examples is None else call.examples
    return tf.cast(examples, tf.float32)


def _loss_scale(optimizer: Any) -> tf.Tensor | None:
    """The factor by which this step's loss is multiplied, read before the optimizer adapts it."""
    names = ("dynamic_scale", "initial_scale", "loss_scale_factor")  # the second until the optimizer is built
    scale = next((scale for name in names if (scale := getattr(optimizer, name, None)) is not None), None)
    return None if scale is None else tf.cast(tf.convert_to_tensor(scale), tf.float32)


def _unscaled(gradient: tf.Tensor | None, scale: tf.Tensor | None) -> tf.Tensor | None:
    return gradient if gradient is None or scale is None else tf.cast(gradient, tf.float32) / scale


def _dense(gradient: Gradient) -> tf.Tensor | None:
    """A sparse gradient's rows with repeated indices summed; fixed shapes throughout, so that XLA compiles it."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    order = tf.argsort(gradient.indices)
    indices = tf.gather(gradient.indices, order)
    starts = tf.concat([tf.zeros([1], tf.int32), tf.cast(indices[1:] != indices[:-1], tf.int32)], axis=0)
    rows = tf.size(indices)
    return tf.math.unsorted_segment_sum(tf.gather(gradient.values, order), tf.cumsum(starts)[:rows], rows)
