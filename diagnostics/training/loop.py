"""The training loop: a compiled GradientTape step with probes inside, and a record of everything it did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from diagnostics.runs.run import Run, load_run
from diagnostics.runs.writer import RunWriter
from diagnostics.training.new_run import new_run
from diagnostics.training.progress import progress_bar
from diagnostics.training.recorder import Recorder
from diagnostics.training.replicas import is_chief
from diagnostics.training.step import TrainingStep, evaluate, kept_state
from probes.checks import check_probes
from probes.monitor import Monitor
from probes.probe import Probe

STEPS_PER_CALL = 64
"""Steps in one call of the compiled function: enough to hide Python, few enough for Ctrl-C and a lively progress bar."""

Progress = Callable[[int, Mapping[str, float]], None]
"""Told after every call: steps done since the last time, and the numbers that matter."""


class TrainingLoop:
    """The loop behind `Trainer`, which can also begin another training with the step that is compiled already.

    Args:
        model, optimizer, loss, probes, directory, metrics, config, seed, steps_per_call, jit_compile: as for `Trainer`.

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
        probes = None if probes is None else check_probes(probes)
        monitor = None if probes == () else Monitor(model, probes, optimizer=optimizer)
        self.model, self.optimizer, self.metrics = model, optimizer, tuple(metrics)
        self.monitor = monitor
        self.directory, self.config, self.seed = directory, dict(config or {}), seed
        self._steps_per_call = steps_per_call
        self._step = TrainingStep(model, optimizer, loss, self.metrics, monitor, jit_compile=jit_compile)

    def restart(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        *,
        directory: str | Path | None,
        config: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        """Begin another training with the step that is compiled already.

        Args:
            model: a model of the same structure, whose variables are copied: weights, statistics, random generators.
            optimizer: one of the same kind, whose variables are copied: learning rate, step counter, momentum.
            directory: the new run's folder.
            config: what decides the new run's numbers.
            seed: the new run's seed.
        """
        optimizer.build(model.trainable_variables)
        self.optimizer.build(self.model.trainable_variables)
        for mine, other in ((self.model, model), (self.optimizer, optimizer)):
            for variable, value in zip(mine.variables, other.variables, strict=True):
                variable.assign(value)
        if self.monitor is not None:
            self.monitor.reset()
        self.directory, self.config, self.seed = directory, dict(config or {}), seed

    def random_kernels(self) -> list[str]:
        """What in the compiled step draws random numbers that only the default ``set_seeds`` repeats; see ``seeding``."""
        return self._step.random_kernels()

    def fit(
        self,
        train_dataset: tf.data.Dataset,
        *,
        validation_data: tf.data.Dataset | None = None,
        train_again: tf.data.Dataset | None = None,
        test_data: tf.data.Dataset | None = None,
        test_each_epoch: bool = True,
        epochs: int = 1,
        progress: Progress | bool = True,
        tensorboard: bool = False,
        set_seeds: Callable[[int], None] = keras.utils.set_random_seed,
    ) -> Run | None:
        """Train, and record while training goes on: `Trainer.fit`, with a choice of how to seed.

        The default seeds everything, at the price of optimising compiled functions anew.
        """
        if self.seed is not None:
            set_seeds(self.seed)
        with self._progress(progress, train_dataset, epochs) as told, self._writer(tensorboard) as writer:
            session = _Session(self, writer, told)
            try:
                for epoch in range(epochs):
                    session.train(train_dataset, epoch)
                    session.evaluate_again(train_again, epoch)
                    session.validate(validation_data, epoch)
                    if test_each_epoch or epoch == epochs - 1:
                        session.test(test_data, epoch)
            finally:
                session.flush()
        return None if self._folder is None else load_run(self._folder)

    @property
    def _folder(self) -> str | Path | None:
        """One run, one writer: of several workers it is the chief."""
        return self.directory if is_chief(self._step.strategy) else None

    @contextmanager
    def _progress(self, progress: Progress | bool, dataset: tf.data.Dataset, epochs: int) -> Iterator[Progress | None]:
        if not isinstance(progress, bool):
            yield progress
        elif not progress or not is_chief(self._step.strategy):
            yield None
        else:
            steps = int(dataset.cardinality())
            with progress_bar(steps * epochs if steps >= 0 else None) as advance:
                yield partial(advance, self.model.name)

    def _writer(self, tensorboard: bool) -> Any:
        if self._folder is None:
            return nullcontext()
        names = [repr(probe) for probe in self.monitor.probes] if self.monitor else []
        about = {"command": self.config.get("command", "diagnostics.Trainer"), "config": self.config, "probes": names}
        return new_run(self._folder, tensorboard=tensorboard, seed=self.seed, **about)


class _Session:
    """One call of ``fit``: counts steps, collects scalars, and hands everything to the writer."""

    def __init__(self, loop: TrainingLoop, writer: RunWriter | None, progress: Progress | None) -> None:
        self._loop, self._progress = loop, progress
        self._recorder = Recorder(writer, loop.monitor)
        self._step = 0
        self._validated: dict[str, float] = {}

    def train(self, dataset: tf.data.Dataset, epoch: int) -> None:
        """One epoch, several steps a call; a data set of unknown length goes step by step."""
        for metric in self._loop.metrics:
            metric.reset_state()
        left = int(dataset.cardinality())
        most = self._loop._steps_per_call if left >= 0 else 1
        batches = self._loop._step.batches(dataset)
        while left:
            count = min(left, most) if left > 0 else 1
            try:
                losses, rates = self._loop._step.run(batches, count)
            except tf.errors.OutOfRangeError:
                break
            left -= count if left > 0 else 0
            self._note(epoch, losses.numpy(), rates.numpy())
        self._add_metrics()

    def validate(self, dataset: tf.data.Dataset | None, epoch: int) -> None:
        """Loss and metrics in inference mode, with the weights at the end of the epoch."""
        if dataset is not None:
            values = self._evaluate(dataset, epoch, "validation", training=False)
            self._validated = {f"validation {name}": value for name, value in values.items()}

    def test(self, dataset: tf.data.Dataset | None, epoch: int) -> None:
        """The same on examples that nothing is chosen by."""
        if dataset is not None:
            self._evaluate(dataset, epoch, "test", training=False)

    def evaluate_again(self, dataset: tf.data.Dataset | None, epoch: int) -> None:
        """The training data with the weights at the end of the epoch, in both modes."""
        if dataset is not None:
            with kept_state(self._loop.model):
                self._evaluate(dataset, epoch, "train_again", training=True)
            self._evaluate(dataset, epoch, "train_inference", training=False)

    def _evaluate(self, dataset: tf.data.Dataset, epoch: int, split: str, *, training: bool) -> dict[str, float]:
        for metric in self._loop.metrics:
            metric.reset_state()
        loss = float(evaluate(self._loop._step, dataset, training=training))
        values = self._metric_values()
        self._recorder.add(np.array([self._step - 1]), epoch=epoch, split=split, loss=loss, **values)
        return values

    def flush(self) -> None:
        """Bring what was measured to disk."""
        self._recorder.flush()

    def _note(self, epoch: int, losses: np.ndarray, rates: np.ndarray) -> None:
        if self._recorder.is_due:
            self.flush()
        steps = np.arange(self._step, self._step + len(losses))
        self._step += len(losses)
        self._recorder.add(steps, epoch=epoch, split="train", loss=losses, learning_rate=rates)
        if self._progress is not None:
            self._progress(len(losses), {"loss": float(losses[-1]), **self._validated})

    def _add_metrics(self) -> None:
        """Figures over the epoch stand with its last step."""
        self._recorder.complete(self._metric_values())

    def _metric_values(self) -> dict[str, float]:
        return {metric.name: float(metric.result()) for metric in self._loop.metrics}
