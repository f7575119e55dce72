"""The built-in training loop, as users see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
from numpy.typing import ArrayLike

from diagnostics.runs.run import Run, load_run
from diagnostics.runs.writer import RunWriter
from diagnostics.training.batches import BATCH_SIZE, dataset_of, evaluation_of
from diagnostics.training.callbacks import running_callbacks
from diagnostics.training.checkpoints.inputs import check_repeatable
from diagnostics.training.checkpoints.session import Checkpointing, check_no_resume, checked_every
from diagnostics.training.facts import settings
from diagnostics.training.facts.run_facts import RunFacts
from diagnostics.training.flight.about import check_recordable, of_trainer
from diagnostics.training.flight.flight import Flight
from diagnostics.training.flight.options import FlightRecorder, options_of
from diagnostics.training.limits import (
    check_labels,
    check_progress,
    check_switch,
    checked_config,
    checked_directory,
    checked_seed,
    whole,
)
from diagnostics.training.loop import Loop, Progress
from diagnostics.training.named import loss_of, metrics_of, optimizer_of
from diagnostics.training.new_run import check_sinks, new_run
from diagnostics.training.progress import progress_bar
from diagnostics.training.replicas import is_chief
from diagnostics.training.signals import listening
from diagnostics.training.step import TrainingStep
from probes.checks import check_probes
from probes.monitor import Monitor
from probes.probe import Probe

if TYPE_CHECKING:
    from diagnostics.training.sink import Sink

STEPS_PER_CALL = 64
"""Steps in one call of the compiled function: enough to hide Python, few enough for Ctrl-C and a lively progress bar."""


class Trainer:
    """Trains a Keras model with a custom GradientTape loop and records what its probes measure.

    A model that was made inside the scope of a ``tf.distribute`` strategy, such as ``MirroredStrategy`` or
    ``MultiWorkerMirroredStrategy``, is trained by that strategy: each batch is split over the replicas, training and record
    are those of the whole batch, and the chief writes the run. Create model, optimizer and metrics inside the scope.

    Args:
        model: the model, built or not.
        optimizer: any Keras optimizer, or its name. If it scales the loss, statistics are reported unscaled.
        loss: a Keras loss, its name, or a function of (y_true, y_pred) to a scalar.
        probes: what to measure; ``probes.default()`` by default, nothing if empty.
        directory: the run's folder; it must not exist, or be empty. ``None`` records nothing.
        metrics: Keras metrics, or their names, reported for each epoch of training and validation.
        config: any other settings that affect the results; stored in ``run.json``.
        seed: seeds Python, NumPy and TensorFlow when ``fit`` begins, so that shuffling repeats. The weights were drawn when
            the model was made, so seed before that, too. Stored in ``run.json``.
        steps_per_call: training steps in one call of the compiled function.
        jit_compile: compile the step with XLA.
        sinks: trackers that take the run over during training, such as ``[diagnostics.sinks.MLflow()]``; one that fails gets no
            more, with a warning.
        flight_recorder: ``True`` or a ``diagnostics.FlightRecorder``: at the first loss or gradient that is not finite, write
            what is needed to repeat the last steps to ``flight/`` in the run's folder.
        checkpoint_every: steps between two checkpoints in ``checkpoints/`` in the run's folder, of which the last two are
            kept; ``fit(..., resume=True)`` goes on from the newest.

    Attributes:
        monitor: what measures the steps; ``None`` without probes.

    Raises:
        UsageError: anything that ``Monitor`` or ``RunWriter`` refuses, before the first step.
    """

    def __init__(  # noqa: PLR0913 - one option a keyword, as compile has them
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer | str,
        loss: Callable[..., Any] | str,
        *,
        probes: Iterable[Probe] | None = None,
        directory: str | Path | None = None,
        metrics: Iterable[Any] | keras.metrics.Metric | str = (),
        config: Mapping[str, Any] | None = None,
        seed: int | None = None,
        steps_per_call: int = STEPS_PER_CALL,
        jit_compile: bool = False,
        sinks: Iterable[Sink] = (),
        flight_recorder: FlightRecorder | bool | None = None,
        checkpoint_every: int | None = None,
    ) -> None:
        probes = None if probes is None else check_probes(probes)
        optimizer, loss = optimizer_of(optimizer), loss_of(loss)
        measured = metrics_of(metrics, loss)
        self._steps_per_call = whole("steps_per_call", steps_per_call, 1, "Trainer")
        self._directory, self._config, self._seed = (
            None if directory is None else checked_directory(directory, "Trainer"),
            checked_config(config, "Trainer"),
            checked_seed(seed, "Trainer"),
        )
        check_switch("jit_compile", jit_compile, "Trainer")
        self.model, self.optimizer, self._loss = model, optimizer, loss
        self.monitor = None if probes == () else Monitor(model, probes, optimizer=optimizer, losses=False)
        self._step = TrainingStep(model, optimizer, loss, measured, self.monitor, jit_compile=jit_compile)
        self._facts = RunFacts(model, self.monitor)
        self._checkpoint_every = checked_every(checkpoint_every, directory, self._step.strategy, "Trainer")
        self._sinks = check_sinks(sinks, "Trainer")
        self._recorder = options_of(flight_recorder, "Trainer")
        if self._recorder is not None:
            check_recordable(self._step.strategy, directory is not None, "Trainer")
            if self._recorder.on_nonfinite == "stop":  # the host has to look at each step
                self._steps_per_call = 1

    def fit(  # noqa: PLR0913 - what model.fit takes, by the same names
        self,
        train_dataset: object,
        y: ArrayLike | None = None,
        *,
        validation_data: object = None,
        train_again: object = None,
        test_data: object = None,
        test_each_epoch: bool = True,
        epochs: int = 1,
        progress: Progress | bool = True,
        tensorboard: bool = False,
        batch_size: int = BATCH_SIZE,
        shuffle: bool = True,
        sample_weight: object = None,
        class_weight: Mapping[int, float] | None = None,
        callbacks: Iterable[keras.callbacks.Callback] | None = None,
        resume: bool = False,
    ) -> Run | None:
        """Train, and record while training goes on.

        Args:
            train_dataset: batches ``(x, y)`` or ``(x, y, sample_weight)`` as a ``tf.data.Dataset``, ``keras.utils.PyDataset``
                or generator; or arrays, with ``y``.
            y: targets, if ``train_dataset`` are arrays.
            validation_data: batches or arrays ``(x, y)``, evaluated in inference mode at the end of every epoch.
            train_again: the training data as a separate data set, evaluated at the end of every epoch in training mode
                (split ``train_again``) and in inference mode (``train_inference``); training stays bit-equal.
            test_data: examples that nothing is chosen by, evaluated like ``validation_data`` (split ``test``).
            test_each_epoch: evaluate ``test_data`` at the end of every epoch, not only of the last.
            epochs: passes over the training data.
            progress: ``True`` shows a progress bar with loss and validation metrics, ``False`` shows nothing; a function is
                called after every call of the compiled function.
            tensorboard: also write TensorBoard's event files, into ``tensorboard/`` in the run's folder, during training.
            batch_size: examples in a batch, for arrays only.
            shuffle: shuffle the examples before every epoch, for arrays only.
            sample_weight: weights of the examples, for arrays only.
            class_weight: class to the factor of its examples' weight.
            callbacks: Keras callbacks; they are called for the last batch of each call of the compiled function.
            resume: go on where a killed or interrupted run in ``directory`` took its last checkpoint, also in the midst of an
                epoch, bit-equal to a run that was not; begin where there is none. Make model, optimizer and data as they were
                made: batches that were seen are read again and passed over. Callbacks are told of the epochs passed over.

        Returns:
            The stored run, or ``None`` if nothing is recorded or another worker records.

        Raises:
            UsageError: TensorBoard is asked for and not installed; data that cannot be trained on; or a first step that
                fails because batches, model and loss do not fit together.
            KeyboardInterrupt: after the run's status was set to ``interrupted``.
            SystemExit: at SIGTERM, likewise.
        """
        whole("epochs", epochs, 0, "Trainer.fit")
        whole("batch_size", batch_size, 1, "Trainer.fit")
        check_progress(progress)
        check_labels(self._loss, self.model, y)
        kept = self._checkpointing(resume)
        if self._seed is not None:
            self._set_seeds(self._seed)
        options = {"batch_size": batch_size, "shuffle": shuffle, "class_weight": class_weight}
        drawn = None if kept is None else kept.start.shuffle_seed
        train_dataset = dataset_of(train_dataset, y, sample_weight, shuffle_seed=drawn, **options)
        if kept is not None:
            check_repeatable(train_dataset, "Trainer.fit(train_dataset)")
        evaluated = (evaluation_of(data, batch_size) for data in (validation_data, train_again, test_data))
        validation_data, train_again, test_data = evaluated
        facts = self._begin_facts(train_dataset, epochs)
        with (
            self._shown(progress, train_dataset, epochs) as report,
            self._writer(tensorboard, facts, kept) as writer,
            running_callbacks(callbacks, self.model, self.optimizer, epochs) as called,
            listening(lambda _: None),
        ):
            self._step.flight = self._flight(kept)
            loop = Loop(self._step, self.monitor, writer, report, self._steps_per_call, self._facts, called, kept)
            each_epoch = (train_again, train_again, validation_data, test_data if test_each_epoch else None)
            try:
                for epoch in range(loop.resume(train_dataset, each_epoch, epochs), epochs):
                    loop.train(train_dataset, epoch)
                    loop.evaluate_again(train_again, epoch)
                    loop.validate(validation_data, epoch)
                    if test_each_epoch or epoch == epochs - 1:
                        loop.test(test_data, epoch)
                    if loop.end_epoch(epoch):
                        break
                loop.checkpoint()
            finally:
                loop.end()
            if loop.is_stopped and writer is not None and self._step.flight is not None:
                writer.finish("failed", error=self._step.flight.ending)
        return None if self._folder is None else load_run(self._folder)

    def _set_seeds(self, seed: int) -> None:
        """Seed everything, at the price that TensorFlow optimizes compiled functions anew."""
        keras.utils.set_random_seed(seed)

    def _checkpointing(self, resume: bool) -> Checkpointing | None:
        """What takes checkpoints, with the one that training goes on from.

        Raises:
            UsageError: there are none, or they are those of another run.
        """
        if self._checkpoint_every is None or self._directory is None:
            check_no_resume(resume, "Trainer.fit(resume=True)", "Trainer(..., checkpoint_every=...)")
            return None
        about = {"config": self._config, "seed": self._seed, "probes": self._names_of_probes}
        return Checkpointing(Path(self._directory), self._checkpoint_every, resume=resume, about=about)

    def _flight(self, kept: Checkpointing | None) -> Flight | None:
        """What records the steps of one ``fit``."""
        if self._recorder is None or self._folder is None:
            return None
        compiled = {"jit_compile": self._step.jit_compile, "random_kernels": self._step.random_kernels}
        about = of_trainer(self.model, self.optimizer, self._loss, **compiled)
        first = 0 if kept is None else kept.start.step
        return Flight(self._recorder, Path(self._folder), self.model, self.optimizer, about, first=first)

    @property
    def _folder(self) -> str | Path | None:
        """The run's folder; ``None`` in every worker but the chief, which writes for all."""
        return self._directory if is_chief(self._step.strategy) else None

    @contextmanager
    def _shown(self, progress: Progress | bool, dataset: tf.data.Dataset, epochs: int) -> Iterator[Progress | None]:
        if not isinstance(progress, bool):
            yield progress
        elif not progress or not is_chief(self._step.strategy):
            yield None
        else:
            steps = int(dataset.cardinality())
            with progress_bar(steps * epochs if steps >= 0 else None) as advance:
                yield partial(advance, self.model.name)

    def _begin_facts(self, dataset: tf.data.Dataset, epochs: int) -> dict[str, Any]:
        """What ``run.json`` says about the training before its first step."""
        return self._facts.begin(lambda: settings.of_trainer(self._step, self.optimizer, dataset, epochs))

    @property
    def _names_of_probes(self) -> list[str]:
        return [repr(probe) for probe in self.monitor.probes] if self.monitor else []

    def _writer(
        self, tensorboard: bool, facts: Mapping[str, Any], kept: Checkpointing | None
    ) -> AbstractContextManager[RunWriter | None]:
        if self._folder is None:
            return nullcontext()
        about = {"command": self._config.get("command", "diagnostics.Trainer"), "config": self._config, "facts": facts}
        about |= {"probes": self._names_of_probes, "continues": None if kept is None else kept.continues}
        sinks = (*self._sinks, *check_sinks((), "Trainer.fit", tensorboard=tensorboard))
        return new_run(self._folder, sinks=sinks, seed=self._seed, **about)
