"""The compiled step of the built-in loop: forward pass, gradients, update, probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import keras
import tensorflow as tf

from diagnostics.training.flight.flight import Flight
from diagnostics.training.replicas import equal_share, examples_of, iterator_of, on_all, share, strategy_of
from probes.monitor import Monitor
from probes.seams.loss_calls import report_batch, reported
from probes.seams.random_kernels import random_kernels
from probes.seams.updates import loss_scale


class TrainingStep:
    """Several training steps as one compiled function.

    Args:
        model: the model.
        optimizer: its optimizer.
        loss: a function of (y_true, y_pred) to a scalar.
        metrics: Keras metrics, updated with every batch.
        monitor: the probes, or ``None`` for the bare step.
        jit_compile: compile each step with XLA.

    Attributes:
        flight: keeps what is needed to repeat the last steps; to be set before the first.
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
        self.flight: Flight | None = None
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

    def run(self, batches: Any, count: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Train on the next ``count`` batches.

        Args:
            batches: an iterator over a ``tf.data.Dataset``.
            count: number of steps; there must be enough batches.

        Returns:
            Loss ``[count]`` before each update, and learning rate ``[count]``; fewer if the flight recorder stops training.

        Raises:
            tf.errors.OutOfRangeError: there are no more batches.
        """
        if self._signature is None and self.flight is not None and self.flight.options.on_nonfinite == "stop":
            self._compiled = tf.function(self._run_while_finite, reduce_retracing=True)
        arguments = batches, tf.constant(count)
        self._signature = self._signature or arguments
        return self._compiled(*arguments)

    def batches(self, dataset: tf.data.Dataset) -> Any:
        """An iterator over a data set whose batches are those of the whole strategy, not of one replica."""
        return iterator_of(self.strategy, dataset)

    def random_kernels(self) -> list[str]:
        """Operations of the compiled step that ``set_host_seeds`` does not restart; see ``seeding``."""
        if self._random_kernels is None and self._signature is not None:
            self._random_kernels = random_kernels(
                self._compiled.get_concrete_function(*self._signature).graph.as_graph_def()
            )
        return self._random_kernels or []

    def _run(self, batches: Any, count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        losses = tf.TensorArray(tf.float32, size=count)
        rates = tf.TensorArray(tf.float32, size=count)
        for number in tf.range(count):
            loss, rate, _ = self._recorded(next(batches))
            losses = losses.write(number, loss)
            rates = rates.write(number, rate)
        return losses.stack(), rates.stack()

    def _run_while_finite(self, batches: Any, count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The same up to the first step that is not finite; a loop of its own, so that the other one pays nothing for it."""
        losses = tf.TensorArray(tf.float32, size=count, element_shape=[])
        rates = tf.TensorArray(tf.float32, size=count, element_shape=[])
        done = tf.constant(0)
        for number in tf.range(count):
            loss, rate, finite = self._recorded(next(batches))
            losses = losses.write(number, loss)
            rates = rates.write(number, rate)
            done = number + 1
            if not finite:
                break
        return losses.stack()[:done], rates.stack()[:done]

    def _recorded(self, batch: Any) -> tuple[tf.Tensor, tf.Tensor, Any]:
        """One step with the flight recorder around it: loss, learning rate, and whether both it and its gradients are finite."""
        if self.flight is None:
            return *self._train_one(batch), True
        loss, signs = self._train_one(self.flight.entering(batch))
        self.flight.keep(signs)
        return loss, tf.cast(signs[2], tf.float32), signs[3] > 0

    def _train(self, batch: Any) -> tuple[tf.Tensor, tf.Tensor]:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
        undo = self.flight.before(self.metrics) if self.flight else None
        capture = self._monitor.capture() if self._monitor else nullcontext()
        with tf.GradientTape() as tape, capture:
            report_batch(batch)
            predicted = self.model(x, training=True)
            loss = self._total_loss(y, predicted, weight)
            scaled = self.optimizer.scale_loss(loss)
        variables = self.model.trainable_variables
        gradients = tape.gradient(scaled, variables)
        rate = equal_share(tf.cast(self.optimizer.learning_rate, tf.float32))
        signs = self.flight.signs(loss, gradients, loss_scale(self.optimizer)) if self.flight else rate
        self.optimizer.apply(gradients, variables)
        if self._monitor is not None:
            self._monitor.update(gradients)
        for metric in self.metrics:
            metric.update_state(y, predicted, sample_weight=weight)
        if self.flight is not None:
            self.flight.leaving(signs, undo)
        return tf.cast(loss, tf.float32), signs

    def _evaluate(self, batches: Any, steps: tf.Tensor, training: bool) -> tf.Tensor:
        total, count = tf.constant(0.0), tf.constant(0.0)
        for _ in tf.range(steps):
            loss, examples = self._evaluate_one(next(batches), training)
            total += loss * examples
            count += examples
        return tf.math.divide_no_nan(total, count)

    def _evaluate_batch(self, batch: Any, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
        predicted = self.model(x, training=training)
        loss = tf.cast(self._total_loss(y, predicted, weight), tf.float32)
        for metric in self.metrics:
            metric.update_state(y, predicted, sample_weight=weight)
        return loss, examples_of(y)

    def _total_loss(self, y: Any, predicted: Any, weight: Any) -> tf.Tensor:
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
