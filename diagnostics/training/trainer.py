"""The built-in training loop, as users see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from diagnostics.runs.run import Run
from diagnostics.training.loop import STEPS_PER_CALL, Progress, TrainingLoop
from probes.probe import Probe


class Trainer:
    """Trains a Keras model with a custom GradientTape loop and records what its probes see.

    A model that was made inside the scope of a ``tf.distribute`` strategy, such as ``MirroredStrategy`` or
    ``MultiWorkerMirroredStrategy``, is trained by it: batches are shared out over the replicas, training and record are those
    of the whole batch, and the chief writes the run. Make model, optimizer and metrics inside the scope.

    Args:
        model: the model, built or not.
        optimizer: any Keras optimizer; one that scales the loss is unscaled in the statistics.
        loss: a function of (y_true, y_pred) to a scalar, such as a Keras loss.
        probes: what to measure; ``probes.default()`` when not given, nothing when empty.
        directory: the run's folder; it must not exist, or be empty. ``None`` records nothing.
        metrics: Keras metrics, reported by epoch for training and validation.
        config: what else decides the numbers; kept in ``run.json``.
        seed: seeds Python, NumPy and TensorFlow when ``fit`` begins, so that shuffling repeats; weights were drawn when
            the model was made, so seed before that, too. Kept in ``run.json``.
        steps_per_call: training steps in one call of the compiled function.
        jit_compile: compile the step with XLA.

    Attributes:
        monitor: what measures the steps; ``None`` without probes.

    Raises:
        UsageError: what ``Monitor`` and ``RunWriter`` refuse, before the first step.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        loss: Callable[..., tf.Tensor],
        *,
        probes: Iterable[Probe] | None = None,
        directory: str | Path | None = None,
        metrics: Iterable[keras.metrics.Metric] = (),
        config: Mapping[str, Any] | None = None,
        seed: int | None = None,
        steps_per_call: int = STEPS_PER_CALL,
        jit_compile: bool = False,
    ) -> None:
        self.model, self.optimizer = model, optimizer
        self._loop = TrainingLoop(
            model,
            optimizer,
            loss,
            probes=probes,
            directory=directory,
            metrics=metrics,
            config=config,
            seed=seed,
            steps_per_call=steps_per_call,
            jit_compile=jit_compile,
        )
        self.monitor = self._loop.monitor

    def fit(
        self,
        train_dataset: tf.data.Dataset,
        *,
        validation_data: tf.data.Dataset | None = None,
        train_again: tf.data.Dataset | None = None,
        epochs: int = 1,
        progress: Progress | bool = True,
        tensorboard: bool = False,
    ) -> Run | None:
        """Train, and record while training goes on.

        Args:
            train_dataset: batches ``(x, y)`` or ``(x, y, sample_weight)``.
            validation_data: the same, evaluated in inference mode at the end of every epoch.
            train_again: the training data as a data set of its own, evaluated at the end of every epoch in training mode
                (split ``train_again``) and in inference mode (``train_inference``); training stays bit-equal.
            epochs: passes over the training data.
            progress: ``True`` shows a progress bar with loss and validation metrics, ``False`` nothing; or a function that
                is told of every call of the compiled function.
            tensorboard: write TensorBoard's event files into ``tensorboard/`` in the run's folder, too, while training goes on.

        Returns:
            The stored run, or ``None`` when nothing is recorded, or another worker records.

        Raises:
            UsageError: TensorBoard is asked for and not installed.
            KeyboardInterrupt: after the record was ended as ``interrupted``.
        """
        options = {"epochs": epochs, "progress": progress, "tensorboard": tensorboard}
        return self._loop.fit(train_dataset, validation_data=validation_data, train_again=train_again, **options)
