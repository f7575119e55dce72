"""What replicas of one model do together, where ``tf.distribute`` runs the step on several devices or machines.

With a single replica nothing here adds an operation to the step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import tensorflow as tf

from probes.measuring.due import Due
from probes.seams.nest import Nest
from probes.seams.replica import place_in_process

T = TypeVar("T")


def count() -> int:
    """The replicas that run this step together, over all workers; 1 where no strategy runs it."""
    return tf.distribute.get_strategy().num_replicas_in_sync if tf.distribute.in_cross_replica_context() is False else 1


def alone(make: Callable[[], T]) -> T:
    """What ``make`` returns when neither a strategy nor a function that is being traced takes hold of its variables.

    Variables that are made inside either would be mirrored to all replicas, or belong to the function, which is then
    traced twice. Both belong to a thread, so that another one is free of them.
    """
    with ThreadPoolExecutor(1) as other_thread:
        return other_thread.submit(make).result()


def once(work: Callable[[], Any]) -> None:
    """Do what is to be done once in a step and process, when all replicas have come here."""
    if count() == 1:
        work()
    else:

        def merge(strategy: tf.distribute.Strategy) -> None:
            work()

        _merge_call(merge)


def summed(tensors: Sequence[tf.Tensor], due: Due) -> list[tf.Tensor]:
    """Each tensor summed over all replicas in a step that is due, the same on every replica; otherwise not to be read.

    Args:
        tensors: float tensors of fixed shapes, alike on all replicas.
        due: whether this step is measured; the same on all replicas.
    """
    if not tensors:
        return []

    def merge(strategy: tf.distribute.Strategy, *shares: Any) -> list[list[tf.Tensor]]:
        flat = due.when(lambda: _sums(strategy, shares))
        return [flat[first : first + len(tensors)] for first in range(0, len(flat), len(tensors))]

    by_replica = _merge_call(merge, *tensors)
    return by_replica[place_in_process()] if by_replica else list(tensors)


def with_rows(vector: tf.Tensor, work: Callable[[tf.Tensor], list[tf.Tensor]], due: Due) -> None:
    """Hand the vectors ``[width]`` of all replicas to ``work``, as rows ``[replicas, width]``, once in a step that is due."""
    replicas = count()
    own = tf.range(replicas) == _replica_context().replica_id_in_sync_group
    rows = tf.where(own[:, None], tf.tile(vector[None], [replicas, 1]), 0.0)

    def merge(strategy: tf.distribute.Strategy, shares: object) -> None:
        due.when(lambda: work(_sums(strategy, [shares])[0]))

    _merge_call(merge, rows)


def _sums(strategy: tf.distribute.Strategy, shares: Sequence[Any]) -> list[tf.Tensor]:
    """The sums on the first replica of this process, then on the next."""
    pairs = [(share, share) for share in shares]
    reduced = strategy.extended.batch_reduce_to(tf.distribute.ReduceOp.SUM, pairs)
    by_tensor = [strategy.experimental_local_results(each) for each in reduced]
    return [tensor for replica in zip(*by_tensor, strict=True) for tensor in replica]


def _merge_call(merge: Callable[..., Any], *args: Any) -> Nest:
    return _replica_context().merge_call(merge, args=args)


def _replica_context() -> tf.distribute.ReplicaContext:
    return tf.distribute.get_replica_context()
