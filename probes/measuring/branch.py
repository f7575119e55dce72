"""Work that is done in some steps only, and costs next to nothing in the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import tensorflow as tf

Work = Callable[[], list[tf.Tensor]]


def when(due: tf.Tensor | bool, work: Work) -> list[tf.Tensor]:
    """What ``work`` returns when ``due``; otherwise zeros of the same shapes, or nothing when eager.

    ``tf.cond`` would be unfolded into the step: a switch for every tensor that the work reads, and a walk over all of
    its dead operations in each step that is not due. Here the branch stays a function of its own, called as a whole or
    not at all. It needs one device that holds everything; where there may be several, ``tf.cond`` it is.

    Args:
        due: a boolean scalar; the literal ``True`` puts the work into the step itself.
        work: traced once; returns tensors of fixed shapes, and may read and write variables.

    Returns:
        As many tensors as ``work`` returns.
    """
    if due is True:
        return work()
    if tf.executing_eagerly():
        return work() if due else []
    if is_a_call(due):
        then = tf.function(work, autograph=False).get_concrete_function()
        return called(due, branch_of(then), [])
    return _unfolded(cast(tf.Tensor, due), work)


def is_a_call(due: tf.Tensor | bool) -> bool:
    """Whether work becomes a function that the step calls, or a part of the step itself."""
    return due is not True and not tf.executing_eagerly() and not _several_devices()


@dataclass(frozen=True)
class Branch:
    """Work as a function, and what is called with the same arguments in a step that is not due."""

    then: Any
    otherwise: Any


def branch_of(then: Any) -> Branch:
    """The branch of a concrete function that returns tensors of fixed shapes."""
    returns = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in then.outputs]
    reads = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in then.inputs]
    with tf.init_scope():
        otherwise = tf.function(lambda *reads: _zeros(returns), input_signature=reads, autograph=False)
        return Branch(then, otherwise.get_concrete_function())


def called(due: tf.Tensor | bool, branch: Branch, tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """What a branch returns for these arguments, or zeros."""
    then = branch.then
    stateful = any(tensor.dtype == tf.resource for tensor in then.inputs)
    outputs = (tf.raw_ops.If if stateful else tf.raw_ops.StatelessIf)(
        cond=due,
        input=[*tensors, *then.captured_inputs],
        Tout=[tensor.dtype for tensor in then.outputs],
        then_branch=then,
        else_branch=branch.otherwise,
        output_shapes=[tensor.shape for tensor in then.outputs],
    )
    return list(outputs) if then.outputs else []


def _unfolded(due: tf.Tensor, work: Work) -> list[tf.Tensor]:
    returns: list[tf.Tensor] = []

    def then() -> list[tf.Tensor]:
        returns.extend(work())
        return list(returns)

    return tf.cond(due, then, lambda: _zeros(returns))


def _zeros(like: list) -> list[tf.Tensor]:
    return [tf.zeros(tensor.shape, tensor.dtype) for tensor in like]


def _several_devices() -> bool:
    return tf.distribute.has_strategy() or any(
        device.device_type != "CPU" for device in tf.config.list_logical_devices()
    )
