"""Work that is done in some steps only, and costs next to nothing in the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

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
    condition = cast(tf.Tensor, due)
    return _unfolded(condition, work) if _several_devices() else _called(condition, work)


def _called(due: tf.Tensor, work: Work) -> list[tf.Tensor]:
    then = tf.function(work, autograph=False).get_concrete_function()
    returns = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in then.outputs]
    reads = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in then.captured_inputs]
    otherwise = tf.function(lambda *reads: _zeros(returns), input_signature=reads, autograph=False)
    stateful = any(spec.dtype == tf.resource for spec in reads)
    outputs = (tf.raw_ops.If if stateful else tf.raw_ops.StatelessIf)(
        cond=due,
        input=then.captured_inputs,
        Tout=[spec.dtype for spec in returns],
        then_branch=then,
        else_branch=otherwise.get_concrete_function(),
        output_shapes=[spec.shape for spec in returns],
    )
    return list(outputs) if returns else []


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
