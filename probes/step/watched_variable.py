"""What a step did to a variable, found where the optimizer wrote it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from probes.primitives import square_sum

ADD, SUBTRACT, READ = "AssignAddVariableOp", "AssignSubVariableOp", "ReadVariableOp"


@dataclass(frozen=True)
class Update:
    """Weight after minus weight before, computed only where it is asked for.

    Attributes:
        plus: what was added; or the weight after.
        minus: what was subtracted; or the weight before.
    """

    plus: tuple[tf.Tensor, ...] = ()
    minus: tuple[tf.Tensor, ...] = ()

    @property
    def value(self) -> tf.Tensor:
        """The update, in the variable's precision."""
        if not self.minus:
            return _sum(self.plus)
        return _sum(self.plus) - _sum(self.minus) if self.plus else -_sum(self.minus)

    @property
    def square_sum(self) -> tf.Tensor:
        """Σ u², without another pass over the weights where the optimizer's own tensor is at hand."""
        return square_sum(self.value if self.plus and self.minus else _sum(self.plus or self.minus))


@dataclass(frozen=True)
class WeightReading:
    """What is known of a layer's variables without keeping them.

    Attributes:
        changes: what the update did to each of them.
        square: Σ W² before the update, a float32 scalar.
        entries: n, how many entries they have.
    """

    changes: tuple[Update, ...] = ()
    square: tf.Tensor | None = None
    entries: int | None = None


class Watched:
    """One variable over a step.

    In a graph the operations that write it are in sight. Where all of them add or subtract a tensor, these tensors are
    the update, and the weights need not be kept. Otherwise (a sparse gradient, a constraint, accumulation, a moving
    average that is written back, an eager step) it is after minus before.
    """

    def __init__(self, variable: Any) -> None:
        self._held = variable.value if isinstance(variable, keras.Variable) else variable
        self._past = self._users()
        self._before: tf.Tensor | None = None

    def end_forward(self) -> None:
        """Remember the value before the update: the forward pass's own reading of it, where there is one."""
        users = self._new_users()
        reads = [operation for operation in users if operation.type == READ]
        reused = len(reads) > 0 and len(reads) == len(users)
        self._before = reads[0].outputs[0] if reused else read(self._held)

    def expect_update(self) -> None:
        """From now on, who writes is the optimizer."""
        self._past = self._users()

    @property
    def before(self) -> tf.Tensor:
        """The value before the update; a reader holds it over the update, which then has to copy."""
        assert self._before is not None
        return self._before

    def update(self) -> Update:
        """To be called after the optimizer."""
        writes = [operation for operation in self._new_users() if operation.type != READ]
        if writes and all(operation.type in (ADD, SUBTRACT) for operation in writes):
            plus, minus = ([write.inputs[1] for write in writes if write.type == kind] for kind in (ADD, SUBTRACT))
            return Update(tuple(plus), tuple(minus))
        return Update((read(self._held),), (self.before,))

    def _users(self) -> dict[str, tf.Operation]:
        """The operations of the graph being traced that take the variable, by name; none when eager."""
        graph = tf.compat.v1.get_default_graph()
        if tf.executing_eagerly() or not hasattr(self._held, "handle") or not hasattr(graph, "capture"):
            return {}
        return {operation.name: operation for operation in graph.capture(self._held.handle).consumers()}

    def _new_users(self) -> list[tf.Operation]:
        return [operation for name, operation in self._users().items() if name not in self._past]


def _sum(terms: tuple[tf.Tensor, ...]) -> tf.Tensor:
    return terms[0] if len(terms) == 1 else tf.add_n(terms)


def read(variable: Any) -> tf.Tensor:
    """A variable's value at this point of the step."""
    held = variable.value if isinstance(variable, keras.Variable) else variable
    if isinstance(held, tf.Variable) and not tf.executing_eagerly() and hasattr(held, "handle"):
        return tf.raw_ops.ReadVariableOp(resource=held.handle, dtype=held.dtype)
    return held.read_value() if hasattr(held, "read_value") else tf.convert_to_tensor(held)
