"""The compiled step of the built-in loop: forward pass, gradients, update, probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import keras
import tensorflow as tf

from diagnostics.training.flight.flight import Flight
from diagnostics.training.limits import check_scalar
from diagnostics.training.replicas import Batches, equal_share, examples_of, iterator_of, on_all, share, strategy_of
from diagnostics.training.stretches import Results, Run, Steps, Stretches
from probes.monitor import Monitor
from probes.seams.autograph import converted
from probes.seams.loss_calls import report_batch, reported
from probes.seams.nest import Nest
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
        stretches: chooses between steps with and without probes; ``None`` if there is nothing to choose.
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
        self._reported = reported(loss) if isinstance(loss, keras.losses.Loss) else converted(reported(loss))
        self._monitor = monitor
        self.strategy = strategy_of(model, optimizer, jit_compile=jit_compile)
        self._evaluate_one = on_all(self.strategy, self._evaluate_batch)
        self._first_call: tuple[Any, tuple[object, ...]] | None = None
        self._random_kernels: list[str] | None = None
        several = self.strategy.num_replicas_in_sync > 1
        self.stretches = None if monitor is None or several else self._split(monitor)
        self._run: Run = self.stretches or self._whole()
        self.evaluate_all = tf.function(self._evaluate, autograph=False, reduce_retracing=True)

    def _whole(self) -> Run:
        loop = self._noted(self._loop())
        return lambda batches, count: loop(batches, tf.constant(count))

    def _split(self, monitor: Monitor) -> Stretches:
        return Stretches(monitor, self._loop(), self._noted(self._loop()), lambda: not self.random_kernels())

    def _one(self) -> Callable[[Nest], Results]:
        """One step, on every replica."""
        one = on_all(
            self.strategy,
            tf.function(self._train, autograph=False, jit_compile=True) if self.jit_compile else self._train,
        )

        def recorded(batch: Nest) -> Results:
            if self.flight is None:
                return one(batch)
            loss, signs = one(self.flight.entering(batch))
            self.flight.keep(signs)
            return loss, tf.cast(signs[2], tf.float32)

        return recorded

    def _loop(self) -> Steps:
        """Several steps as one compiled function, traced at its first call."""
        one = self._one()

        def run(batches: Batches, count: tf.Tensor) -> Results:
            def body(number: tf.Tensor, losses: tf.TensorArray, rates: tf.TensorArray) -> tuple[object, ...]:
                loss, rate = one(batches.get_next())
                return number + 1, losses.write(number, loss), rates.write(number, rate)

            results = [tf.TensorArray(tf.float32, size=count) for _ in range(2)]
            _, losses, rates = tf.while_loop(lambda number, *_: number < count, body, (0, *results))
            return losses.stack(), rates.stack()

        return tf.function(run, autograph=False, reduce_retracing=True)

    def _noted(self, function: Callable[..., Results]) -> Callable[..., Results]:
        """The function, which leaves behind what it was called with first."""

        def call(*arguments: object) -> Results:
            self._first_call = self._first_call or (function, arguments)
            return function(*arguments)

        return call

    def run(self, batches: Batches, count: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Train on the next ``count`` batches.

        Args:
            batches: an iterator over a ``tf.data.Dataset``.
            count: number of steps; there must be enough batches.

        Returns:
            Loss ``[count]`` before each update, and learning rate ``[count]``.

        Raises:
            tf.errors.OutOfRangeError: there are no more batches.
        """
        return self._run(batches, count)

    def batches(self, dataset: tf.data.Dataset) -> Batches:
        """An iterator over a data set whose batches are those of the whole strategy, not of one replica."""
        return iterator_of(self.strategy, dataset)

    def random_kernels(self) -> list[str]:
        """Operations of the compiled step that ``set_host_seeds`` does not restart; see ``seeding``."""
        if self._random_kernels is None and self._first_call is not None:
            function, arguments = self._first_call
            self._random_kernels = random_kernels(function.get_concrete_function(*arguments).graph.as_graph_def())
        return self._random_kernels or []

    def _train(self, batch: Nest) -> tuple[tf.Tensor, tf.Tensor]:
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
            converted(metric.update_state)(y, predicted, sample_weight=weight)
        if self.flight is not None:
            self.flight.leaving(signs, undo)
        return tf.cast(loss, tf.float32), signs

    def _evaluate(self, batches: Batches, steps: tf.Tensor, training: bool) -> tf.Tensor:
        def body(number: tf.Tensor, total: tf.Tensor, count: tf.Tensor) -> tuple[object, ...]:
            loss, examples = self._evaluate_one(batches.get_next(), training)
            return number + 1, total + loss * examples, count + examples

        _, total, count = tf.while_loop(lambda number, *_: number < steps, body, (0, 0.0, 0.0))
        return tf.math.divide_no_nan(total, count)

    def _evaluate_batch(self, batch: Nest, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
        predicted = self.model(x, training=training)
        loss = tf.cast(self._total_loss(y, predicted, weight), tf.float32)
        for metric in self.metrics:
            converted(metric.update_state)(y, predicted, sample_weight=weight)
        return loss, examples_of(y)

    def _total_loss(self, y: Nest, predicted: Nest, weight: tf.Tensor | None) -> tf.Tensor:
        """The loss plus the losses that layers add, such as weight penalties."""
        extra = {} if weight is None else {"sample_weight": weight}
        loss = self._reported(y, predicted, **extra)
        check_scalar(loss)
        loss = share(self.loss, loss, y)
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
