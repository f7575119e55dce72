"""Runs the built-in loop under ``tf.distribute``, with a replica of the model on every device or machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

import keras
import tensorflow as tf

from probes.errors import UsageError
from probes.seams.nest import Nest

SUM = tf.distribute.ReduceOp.SUM


def strategy_of(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, *, jit_compile: bool = False
) -> tf.distribute.Strategy:
    """The strategy in whose scope the model was made; TensorFlow's default strategy, with one replica, if there was none.

    Args:
        model: the model; it must be built if there are several replicas.
        optimizer: its optimizer; with several replicas it is built here, because variables cannot be made inside their step.
        jit_compile: whether XLA compiles the step; not possible with several replicas.

    Raises:
        UsageError: several replicas and XLA, a model that is not built, or one that was made outside of the scope.
    """
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync > 1:
        if jit_compile:
            raise _misuse("jit_compile=True", "leave it out: replicas exchange gradients in the middle of the step")
        if not model.built:
            raise _misuse("a model that is not built", "call model.build(input_shape) inside the strategy's scope")
        if not all(isinstance(each.value, tf.distribute.DistributedValues) for each in model.variables):
            raise _misuse("variables of one device only", "make model, optimizer and metrics inside strategy.scope()")
        with strategy.scope():
            optimizer.build(model.trainable_variables)
    return strategy


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process writes the run: the chief does, or worker 0 if no chief is named."""
    resolver = strategy.cluster_resolver
    jobs = resolver.cluster_spec().jobs if resolver else []
    if not resolver or not jobs:
        return True
    return resolver.task_type == "chief" or ("chief" not in jobs and resolver.task_id == 0)


class Batches(Protocol):
    """An iterator over batches that also runs inside a compiled function."""

    def get_next(self) -> Nest:
        """The next batch."""
        ...


def iterator_of(strategy: tf.distribute.Strategy, dataset: tf.data.Dataset) -> Batches:
    """The data set's batches, each split over the replicas if there are several."""
    several = strategy.num_replicas_in_sync > 1
    return cast(Batches, iter(strategy.experimental_distribute_dataset(dataset) if several else dataset))


def on_all(strategy: tf.distribute.Strategy, work: Callable[..., tuple[tf.Tensor, tf.Tensor]]) -> Callable[..., Any]:
    """Run ``work`` on every replica and sum both of its results.

    Args:
        strategy: the strategy; with one replica, ``work`` is returned unchanged.
        work: takes a replica's part of the batch; returns two scalars that add up over the replicas.
    """
    if strategy.num_replicas_in_sync == 1:
        return work

    def run(*args: Any) -> tuple[tf.Tensor, tf.Tensor]:
        shares = strategy.run(work, args=args)
        return strategy.reduce(SUM, shares[0], axis=None), strategy.reduce(SUM, shares[1], axis=None)

    return run


def examples_of(y: object) -> tf.Tensor:
    """The number of examples in a batch of targets, a float32 scalar."""
    return tf.cast(tf.shape(tf.nest.flatten(y)[0])[0], tf.float32)


def equal_share(value: tf.Tensor) -> tf.Tensor:
    """One replica's share of a value that is the same on all replicas."""
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    return value if replicas == 1 else value / replicas


def share(loss: Callable[..., tf.Tensor], value: tf.Tensor, y: object) -> tf.Tensor:
    """One replica's share of the loss of the whole batch; replicas may have different numbers of examples.

    Args:
        loss: the function that returned ``value``. Keras has already divided its mean losses by the number of replicas, a
            Keras loss that sums adds up as it is, and any other function is assumed to be a mean over the batch.
        value: the mean (or sum) over this replica's examples, a scalar.
        y: the targets of these examples.

    Returns:
        A scalar; over all replicas they add up to the loss of the whole batch.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas == 1 or getattr(loss, "reduction", None) == "sum":
        return value
    context: Any = tf.distribute.get_replica_context()
    examples = examples_of(y)
    part = tf.cast(examples / context.all_reduce(SUM, examples), value.dtype)
    return value * part * (replicas if isinstance(loss, keras.losses.Loss) else 1)


def _misuse(got: str, do: str) -> UsageError:
    return UsageError(what="the model cannot be trained on several replicas", where="Trainer(model)", got=got, do=do)
