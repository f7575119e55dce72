"""What a step did to a variable, found where the optimizer wrote it down."""

from __future__ import annotations

import tensorflow as tf

from probes.seams.graph import held_by, read, users_of
from probes.snapshot.weights import Update, Variable

ADD, SUBTRACT, READ = "AssignAddVariableOp", "AssignSubVariableOp", "ReadVariableOp"


class Watched:
    """One variable over a step.

    In a graph the operations that write it are in sight. Where all of them add or subtract a tensor, these tensors are
    the update, and the weights need not be kept. Otherwise (a sparse gradient, a constraint, accumulation, a moving
    average that is written back, an eager step) it is after minus before.
    """

    def __init__(self, variable: Variable) -> None:
        self._held = held_by(variable)
        self._past = users_of(self._held)
        self._first = read(self._held) if tf.executing_eagerly() else None
        self._written_early = False
        self._before: tf.Tensor | None = None

    def end_forward(self) -> None:
        """Remember the value before the update: the forward pass's own reading of it, where there is one."""
        users = self._new_users()
        self._written_early = any(operation.type != READ for operation in users)
        reads = [operation for operation in users if operation.type == READ]
        reused = len(reads) > 0 and len(reads) == len(users)
        self._before = reads[0].outputs[0] if reused else read(self._held)

    def expect_update(self) -> None:
        """From now on, who writes is the optimizer."""
        self._past = users_of(self._held)

    @property
    def before(self) -> tf.Tensor:
        """The value before the update; a reader holds it over the update, which then has to copy."""
        assert self._before is not None
        return self._before

    @property
    def moved(self) -> bool:
        """Whether anything has changed the variable since the end of the forward pass, as far as that is known by now."""
        if tf.executing_eagerly():
            return _differ(read(self._held), self.before)
        # Nobody uses a variable that this graph does not show.
        return not users_of(self._held) or any(operation.type != READ for operation in self._new_users())

    @property
    def moved_in_forward(self) -> bool:
        """Whether anything has changed the variable in the forward pass."""
        return self._written_early if self._first is None else _differ(self.before, self._first)

    def update(self) -> Update:
        """To be called after the optimizer."""
        writes = [operation for operation in self._new_users() if operation.type != READ]
        if writes and all(operation.type in (ADD, SUBTRACT) for operation in writes):
            plus, minus = ([write.inputs[1] for write in writes if write.type == kind] for kind in (ADD, SUBTRACT))
            return Update(tuple(plus), tuple(minus))
        return Update((read(self._held),), (self.before,))

    def _new_users(self) -> list[tf.Operation]:
        return [operation for name, operation in users_of(self._held).items() if name not in self._past]


def _differ(one: tf.Tensor, other: tf.Tensor) -> bool:
    return bool(tf.reduce_any(tf.not_equal(one, other)))
