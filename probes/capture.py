"""Records every layer's output, and its gradient as it passes, while a step runs or is traced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from probes.layers import LayerNames, unit_axis
from probes.tap import seen_through, source, tap

MEASURED = "measured"
INNER_LOOP = "runs inside an inner loop or function of its own, whose tensors do not reach the step"
NO_FLOATS = "its output has no floating tensor of known rank"
HANDED_ON = "returns what a layer inside it returned, whose row it is"
NOT_CALLED = "was not called in the step, or not through its __call__"
NO_ROW = "no probe applies to it, or it first ran when the record had already been laid out"
MODEL_ITSELF = "the model itself: only the weights that it holds outside its layers"


@dataclass
class Call:
    """One call of one layer."""

    path: str
    layer: keras.Layer
    activation: tf.Tensor
    unit_axis: int
    examples: tf.Tensor | None
    gradient: tf.Tensor | None = None

    def see(self, gradient: tf.Tensor) -> None:
        """Keep dL/d(activation)."""
        self.gradient = gradient


@dataclass
class _Frame:
    """A layer call that has not returned yet."""

    layer: keras.Layer
    outputs: list[Any] = field(default_factory=list)


class Capture:
    """Listens to layer calls and keeps what the probes need of them.

    Args:
        names: the layers' paths.
        wants_gradient: tells by path whether dL/d(activation) is to be seen.

    Attributes:
        calls: what was captured, in the order in which the layers returned.
        order: every layer that ran, by path, in that order, captured or not.
        unseen: why a layer that ran was not captured, by path.
        graph: the graph in which the step is traced, ``None`` when eager.
    """

    def __init__(self, names: LayerNames, wants_gradient: Callable[[str], bool]) -> None:
        self.names = names
        self.calls: list[Call] = []
        self.order: dict[str, keras.Layer] = {}
        self.unseen: dict[str, str] = {}
        self._wants_gradient = wants_gradient
        self.graph = current_graph()
        self._frames: list[_Frame] = []
        self._examples: tf.Tensor | None = None

    def enter(self, layer: keras.Layer, inputs: Any) -> None:
        """Note the caller; at the model's own call also the number of examples."""
        self._frames.append(_Frame(layer))
        if layer is self.names.model and self._in_step():
            if not self.calls:  # what ran before, in another graph, only built the model
                self.order.clear()
            tensors = [tensor for tensor in tf.nest.flatten(inputs) if tf.is_tensor(tensor) and tensor.shape.rank]
            self._examples = tf.shape(tensors[0])[0] if tensors else None

    def leave(self, layer: keras.Layer) -> None:
        """Forget the call, and the batch with the model's."""
        self._frames.pop()
        if layer is self.names.model:
            self._examples = None

    def observe(self, layer: keras.Layer, outputs: Any) -> Any:
        """Keep the first floating tensor of what a layer returns, and tap it."""
        if layer is self.names.model:
            return _reveal(outputs)
        caller = self._frames[-2].layer if len(self._frames) > 1 else None
        path = self.names.path(layer, caller)
        if path is None:
            return outputs
        self.order.setdefault(path, layer)
        flat = tf.nest.flatten(outputs)
        if not self._in_step() or any(isinstance(frame.layer, keras.layers.RNN) for frame in self._frames[:-1]):
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
        call = Call(path, layer, source(activation), unit_axis(layer, activation.shape.rank), self._examples)
        self.calls.append(call)
        # A tapped tensor that a loss would look through can be revealed again only where the model returns it.
        if not self._wants_gradient(path) or (self._examples is None and seen_through(call.activation)):
            return activation
        return tap(activation, layer, self, call.see)

    def _in_step(self) -> bool:
        return current_graph() is self.graph


def current_graph() -> Any:
    """The graph that is being traced, or ``None`` when eager."""
    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()


def _is_floating(value: Any) -> bool:
    return isinstance(value, tf.Tensor) and value.dtype.is_floating and value.shape.rank is not None


def _contains(tensors: list[Any], tensor: Any) -> bool:
    return any(source(tensor) is source(other) for other in tensors)


def _reveal(outputs: Any) -> Any:
    """The model's outputs, with the operation in sight that a loss would look at."""
    flat = tf.nest.flatten(outputs)
    if not any(tensor is not source(tensor) and seen_through(source(tensor)) for tensor in flat):
        return outputs
    return tf.nest.pack_sequence_as(
        outputs, [source(tensor) if seen_through(source(tensor)) else tensor for tensor in flat]
    )
