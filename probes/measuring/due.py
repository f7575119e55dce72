"""Whether a step is measured, and work that is done only where it is."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import tensorflow as tf

from probes.seams.devices import is_one_cpu

Work = Callable[[], list[tf.Tensor]]


class Concrete(Protocol):
    """What we use of TensorFlow's concrete functions, whose own type names their call only."""

    inputs: Sequence[tf.Tensor]
    outputs: Sequence[tf.Tensor]
    captured_inputs: Sequence[tf.Tensor]
    function_def: Any

    def __call__(self, *tensors: tf.Tensor) -> tf.Tensor:
        """The first, or only, output."""
        ...


_AS_IT_IS = tf.compat.v1.ConfigProto()
_AS_IT_IS.graph_options.rewrite_options.disable_meta_optimizer = True


def call(function: Concrete, tensors: Sequence[tf.Tensor]) -> tf.Tensor:
    """In a graph: the function's only output.

    A function that is called in the ordinary way is optimized when it first runs. For the handful of operations that measure a
    layer this takes longer than all else in the first step, and gains nothing.
    """
    stateful = function.function_def.signature.is_stateful
    outputs = (tf.raw_ops.StatefulPartitionedCall if stateful else tf.raw_ops.PartitionedCall)(
        args=[*tensors, *function.captured_inputs],
        Tout=[output.dtype for output in function.outputs],
        f=function,
        config_proto=_AS_IT_IS.SerializeToString(),
    )
    return cast(Sequence[tf.Tensor], outputs)[0]


def concrete(work: Callable[..., object], *like: tf.TensorSpec) -> Concrete:
    """Trace a function of tensors of these shapes."""
    return cast(Concrete, tf.function(work, autograph=False).get_concrete_function(*like))


@dataclass(frozen=True)
class Branch:
    """Work as a function, and what is called with the same arguments in a step that is not due."""

    then: Concrete
    otherwise: Concrete

    @staticmethod
    def of(then: Concrete) -> Branch:
        """The branch of a function that returns tensors of fixed shapes."""
        returns = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in then.outputs]
        reads = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in then.inputs]
        with tf.init_scope():
            return Branch(then, concrete(lambda *reads: _zeros(returns), *reads))


@dataclass(frozen=True)
class Due:
    """Whether one step is measured; made once for each step and cadence.

    ``tf.cond`` would be unfolded into the step: a switch for every tensor that the work reads, and a walk over all of
    its dead operations in each step that is not due. Here the work stays a function of its own, called as a whole or
    not at all. This needs one device that holds everything; where there may be several, ``tf.cond`` is used.

    Attributes:
        value: a boolean scalar; ``True`` or ``False`` where it is known when the step is traced.
    """

    value: tf.Tensor | bool

    @staticmethod
    def any_of(dues: Iterable[Due]) -> Due:
        """Due if any of these is."""
        values = [due.value for due in dues if due.value is not False]
        return Due(any(value is True for value in values) or functools.reduce(tf.logical_or, values, False))

    @property
    def is_call(self) -> bool:
        """Whether work becomes a function that the step calls, or a part of the step itself."""
        return not isinstance(self.value, bool) and not tf.executing_eagerly() and is_one_cpu()

    @property
    def apart(self) -> Due:
        """The same, with work kept out of the step's own operations even where each step is due."""
        return Due(tf.constant(True)) if self.value is True and not tf.executing_eagerly() else self

    def when(self, work: Work) -> list[tf.Tensor]:
        """What ``work`` returns when due; otherwise zeros of the same shapes, or nothing where that is known by now.

        Args:
            work: traced once; returns tensors of fixed shapes, and may read and write variables.
        """
        if isinstance(self.value, bool) or tf.executing_eagerly():
            return work() if self.value else []
        if self.is_call:
            return self.call(Branch.of(concrete(work)), [])
        returns = list[tf.Tensor]()  # no annotation, which AutoGraph cannot convert on a name that is nonlocal

        def then() -> list[tf.Tensor]:
            returns.extend(work())
            return list(returns)

        return tf.cond(self.value, then, lambda: _zeros(returns))

    def call(self, branch: Branch, tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """What a branch returns for these arguments when due, otherwise zeros; only where ``is_call``."""
        then = branch.then
        stateful = any(tensor.dtype == tf.resource for tensor in then.inputs)
        outputs = (tf.raw_ops.If if stateful else tf.raw_ops.StatelessIf)(
            cond=self.value,
            input=[*tensors, *then.captured_inputs],
            Tout=[tensor.dtype for tensor in then.outputs],
            then_branch=then,
            else_branch=branch.otherwise,
            output_shapes=[tensor.shape for tensor in then.outputs],
        )
        # The raw operation returns itself, no list, where the branch returns nothing.
        return list(cast(Sequence[tf.Tensor], outputs)) if then.outputs else []


def _zeros(like: Iterable[tf.Tensor | tf.TensorSpec]) -> list[tf.Tensor]:
    return [tf.zeros(tensor.shape, tensor.dtype) for tensor in like]
