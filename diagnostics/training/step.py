"""The compiled step of the built-in loop: forward pass, gradients, update, probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import keras
import tensorflow as tf

from diagnostics.training.replicas import equal_share, examples_of, iterator_of, on_all, share, strategy_of
from probes.monitor import Monitor
from probes.seams.loss_calls import report_batch, reported
from probes.seams.nest import Nest
from probes.seams.random_kernels import random_kernels


class TrainingStep:
    """Several training steps as one compiled function.

    Args:
        model: the model.
        optimizer: its optimizer.
        loss: a function of (y_true, y_pred) to a scalar.
        metrics: Keras metrics, updated with every batch.
        monitor: the probes, or ``None`` for the bare step.
        jit_compile: compile each step with XLA.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        loss: Callable[..., tf.Tensor],
        metrics: Sequence[keras.metrics.Metric],
        monitor: Monitor | None,
        *,
        jit_compile: bool = False,
    ) -> None:
        self.model, self.optimizer, self.metrics = model, optimizer, metrics
        self.loss, self.jit_compile = loss, jit_compile
        self._reported = reported(loss)
        self._monitor = monitor
        self.strategy = strategy_of(model, optimizer, jit_compile=jit_compile)
        self._train_one = on_all(
            self.strategy, tf.function(self._train, jit_compile=True) if jit_compile else self._train
        )
        self._evaluate_one = on_all(self.strategy, self._evaluate_batch)
        self._signature: tuple[Any, tf.Tensor] | None = None
        self._random_kernels: list[str] | None = None
        self._compiled = tf.function(self._run, reduce_retracing=True)
        self.evaluate_all = tf.function(self._evaluate, reduce_retracing=True)

    def run(self, batches: Iterator[Nest], count: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Train on the next ``count`` batches.

        Args:
            batches: an iterator over a ``tf.data.Dataset``.
            count: number of steps; there must be enough batches.

        Returns:
            Loss ``[count]`` before each update, and learning rate ``[count]``.

        Raises:
            tf.errors.OutOfRangeError: there are no more batches.
        """
        arguments = batches, tf.constant(count)
        self._signature = self._signature or arguments
        return self._compiled(*arguments)

    def batches(self, dataset: tf.data.Dataset) -> Iterator[Nest]:
        """An iterator over a data set whose batches are those of the whole strategy, not of one replica."""
        return iterator_of(self.strategy, dataset)

    def random_kernels(self) -> list[str]:
        """Operations of the compiled step that ``set_host_seeds`` does not restart; see ``seeding``."""
        if self._random_kernels is None and self._signature is not None:
            self._random_kernels = random_kernels(
                self._compiled.get_concrete_function(*self._signature).graph.as_graph_def()
            )
        return self._random_kernels or []

    def _run(self, batches: Iterator[Nest], count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        losses = tf.TensorArray(tf.float32, size=count)
        rates = tf.TensorArray(tf.float32, size=count)
        for number in tf.range(count):
            loss, rate = self._train_one(next(batches))
            losses = losses.write(number, loss)
            rates = rates.write(number, rate)
        return losses.stack(), rates.stack()

    def _train(self, batch: Nest) -> tuple[tf.Tensor, tf.Tensor]:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
        capture = self._monitor.capture() if self._monitor else nullcontext()
        with tf.GradientTape() as tape, capture:
            report_batch(batch)
            predicted = self.model(x, training=True)
            loss = self._total_loss(y, predicted, weight)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.model.trainable_variables
        gradients = tape.gradient(scaled, variables)
        rate = equal_share(tf.cast(self.optimizer.learning_rate, tf.float32))
        self.optimizer.apply(gradients, variables)
        if self._monitor is not None:
            self._monitor.update(gradients)
        for metric in self.metrics:
            metric.update_state(y, predicted, sample_weight=weight)
        return tf.cast(loss, tf.float32), rate

    def _evaluate(self, batches: Iterator[Nest], steps: tf.Tensor, training: bool) -> tf.Tensor:
        total, count = tf.constant(0.0), tf.constant(0.0)
        for _ in tf.range(steps):
            loss, examples = self._evaluate_one(next(batches), training)
            total += loss * examples
            count += examples
        return tf.math.divide_no_nan(total, count)

    def _evaluate_batch(self, batch: Nest, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
        predicted = self.model(x, training=training)
        loss = tf.cast(self._total_loss(y, predicted, weight), tf.float32)
        for metric in self.metrics:
            metric.update_state(y, predicted, sample_weight=weight)
        return loss, examples_of(y)

    def _total_loss(self, y: Nest, predicted: Nest, weight: tf.Tensor | None) -> tf.Tensor:
        """The loss plus the losses that layers add, such as weight penalties."""
        extra = {} if weight is None else {"sample_weight": weight}
        loss = share(self.loss, self._reported(y, predicted, **extra), y)
        return tf.add_n([loss, *(equal_share(tf.cast(term, loss.dtype)) for term in self.model.losses)])


def evaluate(step: TrainingStep, dataset: tf.data.Dataset, *, training: bool = False) -> tf.Tensor:
    """Mean loss over a data set, a scalar; the step's metrics are updated, too.

    Args:
        step: the step.
        dataset: batches as for training.
        training: use training mode, which draws dropout masks and moves statistics; ``kept_state`` restores them.
    """
    steps = int(dataset.cardinality())
    steps = steps if steps >= 0 else sum(1 for _ in dataset)
    # An iterator, not the data set: a loop over the data set would optimize the graph again at every call.
    return step.evaluate_all(step.batches(dataset), tf.constant(steps), training)


@contextmanager
def kept_state(model: keras.Model) -> Iterator[None]:
    """Restore what a forward pass in training mode changes: moving statistics and random generators."""
    kept = [(variable, variable.numpy()) for variable in model.non_trainable_variables]
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)
