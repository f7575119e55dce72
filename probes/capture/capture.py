"""Keeps every layer's output and its gradient while a step runs or is traced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import tensorflow as tf

from probes.capture.layers import unit_axis
from probes.capture.modules import Names
from probes.capture.rectified import Rectified, composes, declared
from probes.primitives import unscaled
from probes.seams.gradients import Differentiation
from probes.seams.graph import current_graph, read
from probes.seams.nest import Nest
from probes.seams.tap import seen_through, source, tap
from probes.snapshot.facts import Facts, facts_of
from probes.snapshot.snapshot import Need, Snapshot

MEASURED = "measured"
INNER_LOOP = "runs inside a loop or function of its own, whose tensors do not reach the step"
NO_FLOATS = "its output has no floating-point tensor of known rank"
HANDED_ON = "returns an inner layer's output unchanged; see that layer's row"
NO_ROW = "no probe applies to it, or it first ran after the record's rows were fixed"
MODEL_ITSELF = "the model itself, for the weights that it holds outside its layers"


State = tuple[tuple[str, tf.Tensor], ...]
"""Name and value of variables."""


@dataclass
class Call:
    """One call of one layer."""

    path: str
    layer: keras.Layer
    activation: tf.Tensor
    unit_axis: int
    examples: tf.Tensor | None
    facts: Facts
    input: tf.Tensor | None = None
    mask: tf.Tensor | None = None
    state: State = ()
    gradient: tf.Tensor | None = None
    function: str | None = None
    passes: list[tuple[Differentiation, tf.Tensor]] = field(default_factory=list)
    _unassigned: tf.Tensor | None = None

    def see(self, gradient: tf.Tensor) -> None:
        """Keep dL/d(activation)."""
        self.gradient = self._unassigned = gradient

    def end_backward(self, differentiation: Differentiation) -> None:
        """Attribute the gradient seen since the previous backward pass to this one."""
        if self._unassigned is not None:
            self.passes.append((differentiation, self._unassigned))
            self._unassigned = None

    @property
    def batch(self) -> tf.Tensor:
        """B: the batch of the model's call, or of the layer's own where the model was not called as a whole."""
        return tf.cast(tf.shape(self.activation)[0], tf.float32) if self.examples is None else self.examples

    def snapshot(self, scale: tf.Tensor | None = None) -> Snapshot:
        """The call's tensors; ``scale`` is the factor by which the loss was multiplied."""
        return Snapshot(
            kind=self.function or type(self.layer).__name__,
            examples=self.batch,
            unit_axis=self.unit_axis,
            activation=self.activation,
            activation_gradient=None if self.gradient is None else unscaled(self.gradient, scale),
            facts=self.facts,
            input=self.input,
            mask=self.mask,
            state=self.state,
        )


@dataclass
class _Frame:
    """A layer call that has not returned yet."""

    layer: keras.Layer
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    facts: Facts
    state: State = ()
    outputs: list[Any] = field(default_factory=list)
    rectified: list[Rectified] = field(default_factory=list)

    @property
    def input(self) -> tf.Tensor | None:
        """The first floating tensor that the layer is given."""
        return next((source(value) for value in tf.nest.flatten(self.arguments) if _is_floating(value)), None)

    @property
    def mask(self) -> tf.Tensor | None:
        """The mask, where there is a single one."""
        mask = self.arguments[1].get("mask")
        return mask if tf.is_tensor(mask) else None


class Capture:
    """Listens to layer calls and keeps what the probes need of them.

    Args:
        names: the layers' paths.
        wants: called with a need, a layer's facts and its path: whether any probe needs it. With ``None`` as the path, probes
            that are limited to certain layers count, too.

    Attributes:
        calls: what was captured, in the order in which the layers returned.
        order: every layer that ran, by path, in order of return, captured or not.
        unseen: why a layer that ran was not captured, by path.
        graph: the graph in which the step is traced, ``None`` when eager.
        batches: the number of examples in each call of the model, float32 scalars.
    """

    def __init__(self, names: Names, wants: Callable[[Need, Facts, str | None], bool]) -> None:
        self.names = names
        self.calls: list[Call] = []
        self.order: dict[str, keras.Layer] = {}
        self.unseen: dict[str, str] = {}
        self._wants = wants
        self.graph = current_graph()
        self.batches: list[tf.Tensor] = []
        self._frames: list[_Frame] = []
        self._examples: tf.Tensor | None = None

    def enter(self, layer: keras.Layer, inputs: tuple[tuple[Nest, ...], dict[str, Nest]]) -> None:
        """Open a frame for the call; when the model itself is called, count the examples."""
        frame = _Frame(layer, inputs, facts_of(layer, inputs[1]))
        if self._in_step() and self._wants("state", frame.facts, None):
            frame.state = tuple((variable.name, read(variable)) for variable in layer.non_trainable_variables)
        self._frames.append(frame)
        if layer is self.names.model and self._in_step():
            if not self.calls:  # what ran before, in another graph, only built the model
                self.order.clear()
            tensors = [tensor for tensor in tf.nest.flatten(inputs) if tf.is_tensor(tensor) and tensor.shape.rank]
            self._examples = tf.cast(tf.shape(tensors[0])[0], tf.float32) if tensors else None
            self.batches += [] if self._examples is None else [self._examples]

    def leave(self, layer: keras.Layer) -> None:
        """Close the call's frame; when the model's own call ends, forget its batch size."""
        self._frames.pop()
        if layer is self.names.model:
            self._examples = None

    def rectify(self, function: str, activation: tf.Tensor) -> None:
        """Keep what a rectifying function returns inside a ``call``; it gets its own row, unless it is the layer's output."""
        if not self._frames or not self._in_step() or self._in_recurrence(self._frames):
            return
        layer, caller = self._frames[-1].layer, self._frames[-2].layer if len(self._frames) > 1 else None
        self._frames[-1].rectified.append(Rectified(function, activation))
        above = "" if layer is self.names.model else self.names.path(layer, caller)
        if above is None or not composes(layer) or not _is_floating(activation):
            return
        path = self.names.inside(
            above, function, [each.function for each in self._frames[-1].rectified].count(function)
        )
        axis = unit_axis(layer, activation.shape.rank)
        self.calls.append(
            Call(path, layer, activation, axis, self._examples, Facts(activation=function), function=function)
        )
        self.order.setdefault(path, layer)

    def observe(self, layer: keras.Layer, outputs: Nest) -> Nest:
        """Keep the first floating tensor of what a layer returns, and tap it."""
        if layer is self.names.model:
            return _reveal(outputs)
        caller = self._frames[-2].layer if len(self._frames) > 1 else None
        path = self.names.path(layer, caller)
        if path is None:
            return outputs
        self.order.setdefault(path, layer)
        flat = tf.nest.flatten(outputs)
        # A recurrent layer's own output is captured; what it calls at each time step lives in a loop of its own.
        if not self._in_step() or self._in_recurrence(self._frames[:-1]):
            self.unseen[path] = INNER_LOOP
            return outputs
        position = next((i for i, tensor in enumerate(flat) if _is_floating(tensor)), None)
        if position is None:
            self.unseen[path] = NO_FLOATS
        elif _contains(self._frames[-1].outputs, flat[position]):
            self.unseen[path] = HANDED_ON
        else:
            flat[position] = self._keep(path, layer, flat[position])
            outputs = tf.nest.pack_sequence_as(outputs, flat)
        if len(self._frames) > 1 and position is not None:
            self._frames[-2].outputs.append(flat[position])
        return outputs

    def _keep(self, path: str, layer: keras.Layer, activation: tf.Tensor) -> tf.Tensor:
        frame, axis = self._frames[-1], unit_axis(layer, activation.shape.rank)
        facts = self._facts_of_output(frame, source(activation))
        call = Call(path, layer, source(activation), axis, self._examples, facts, state=frame.state)
        if self._wants("input", frame.facts, path):
            call.input, call.mask = frame.input, frame.mask
        self.calls.append(call)
        # Where a loss looks at the operation behind a tensor, the tap must be removable: at the model's own output only.
        if not self._wants("activation_gradient", frame.facts, path) or (
            self._examples is None and seen_through(call.activation)
        ):
            return activation
        return tap(activation, layer, self, call.see)

    def _facts_of_output(self, frame: _Frame, activation: tf.Tensor) -> Facts:
        """The layer's facts, with the function that made its output; the function then has no row of its own."""
        made = next((each for each in frame.rectified if each.activation is activation), None)
        if made is None:
            return replace(frame.facts, activation=declared(frame.layer) or frame.facts.activation)
        if composes(frame.layer):
            self._withdraw(activation)
        return replace(frame.facts, activation=made.function)

    def _withdraw(self, activation: tf.Tensor) -> None:
        # A ReLU in a loop may have returned the same tensor before: the last call is the one that made this output.
        place = next(place for place, call in reversed([*enumerate(self.calls)]) if call.activation is activation)
        path = self.calls.pop(place).path
        if all(call.path != path for call in self.calls):
            del self.order[path]

    @staticmethod
    def _in_recurrence(frames: Sequence[_Frame]) -> bool:
        return any(isinstance(frame.layer, keras.layers.RNN) for frame in frames)

    def _in_step(self) -> bool:
        return current_graph() is self.graph


def rows_of(calls: Iterable[Call]) -> Iterator[tuple[str, Call]]:
    """Each call and its row: the path, with a number (``path@2``) for calls whose shape differs from the first."""
    shapes: dict[str, list[tuple[int | None, ...]]] = {}
    for call in calls:
        known, shape = shapes.setdefault(call.path, []), tuple(call.activation.shape[1:])
        if shape not in known:
            known.append(shape)
        place = known.index(shape) + 1
        yield call.path if place == 1 else f"{call.path}@{place}", call


def _is_floating(value: object) -> bool:
    return isinstance(value, tf.Tensor) and value.dtype.is_floating and value.shape.rank is not None


def _contains(tensors: list[Any], tensor: tf.Tensor) -> bool:
    return any(source(tensor) is source(other) for other in tensors)


def _reveal(outputs: Nest) -> Nest:
    """The model's outputs without the taps that would hide an operation from a Keras loss."""
    flat = tf.nest.flatten(outputs)
    if not any(tensor is not source(tensor) and seen_through(source(tensor)) for tensor in flat):
        return outputs
    return tf.nest.pack_sequence_as(
        outputs, [source(tensor) if seen_through(source(tensor)) else tensor for tensor in flat]
    )
