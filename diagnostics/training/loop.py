"""One call of ``Trainer.fit``: epochs of compiled steps, evaluations between them, and a record of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import asdict, replace

import keras
import numpy as np
import tensorflow as tf

from diagnostics.runs.writer import RunWriter
from diagnostics.training.checkpoints.inputs import not_repeated, pass_over, pass_over_all
from diagnostics.training.checkpoints.place import Place
from diagnostics.training.checkpoints.session import Checkpointing, Parts
from diagnostics.training.flight.building import build
from diagnostics.training.limits import first_step_explained
from diagnostics.training.recorder import Facts, LenientRecorder
from diagnostics.training.replicas import Batches
from diagnostics.training.step import TrainingStep, evaluate, kept_state
from probes.errors import UsageError
from probes.monitor import Monitor
from probes.seams.datasets import stages_of

Progress = Callable[[int, Mapping[str, float]], None]
"""Called with the number of steps since the last call, and the numbers to show."""


class Loop:
    """Counts steps, collects scalars, and hands everything to the writer.

    Args:
        step: the compiled step.
        monitor: the probes inside it; ``None`` if there are none.
        writer: the run; ``None`` records nothing.
        progress: called after every call of the compiled step.
        steps_per_call: training steps in one such call.
        facts: what else ``run.json`` gets when it becomes known.
        callbacks: Keras callbacks that training has begun for.
        checkpointing: takes checkpoints, and may have one to go on from.

    Attributes:
        is_stopped: whether the flight recorder has stopped the training.
    """

    def __init__(
        self,
        step: TrainingStep,
        monitor: Monitor | None,
        writer: RunWriter | None,
        progress: Progress | None,
        steps_per_call: int,
        facts: Facts | None = None,
        callbacks: keras.callbacks.CallbackList | None = None,
        checkpointing: Checkpointing | None = None,
    ) -> None:
        self._compiled, self._progress, self._steps_per_call = step, progress, steps_per_call
        self._recorder, self._writer = LenientRecorder(writer, monitor, facts), writer
        self._callbacks = callbacks or keras.callbacks.CallbackList([], model=step.model)
        self._checkpointing = checkpointing
        self._parts = Parts(step.model, step.optimizer, lambda: step.metrics, monitor, step.random_kernels)
        self._start = Place() if checkpointing is None else checkpointing.start
        self._step = self._epoch_start = 0
        self._logs: list[Mapping[str, float]] = []
        self.is_stopped = False
        self._losses: list[np.ndarray] = []
        self._metrics: dict[str, float] = {}
        self._validated: dict[str, float] = {}

    def train(self, dataset: tf.data.Dataset, epoch: int) -> None:
        """One epoch, several steps a call; a data set of unknown length goes step by step."""
        self._callbacks.on_epoch_begin(epoch)
        self._losses.clear()
        for metric in self._compiled.metrics:
            metric.reset_state()
        if self._compiled.flight is not None:
            self._compiled.flight.begin_epoch()
        self._epoch_start = self._step
        left, batches = int(dataset.cardinality()), self._compiled.batches(dataset)
        if self._is_resumed_in(epoch):
            left = self._take_up(dataset, batches, left)
        while left:
            count = self._steps_of_next_call(left)
            self._callbacks.on_train_batch_begin(self._step)
            try:
                losses, rates = self._run(dataset, batches, count)
            except tf.errors.OutOfRangeError:
                break
            left -= count if left > 0 else 0
            self._note(epoch, losses.numpy(), rates.numpy())
            if self.is_stopped:
                break
        self._metrics = self._metric_values()
        self._recorder.complete(self._metrics)  # values of the whole epoch belong to its last step

    def _steps_of_next_call(self, left: int) -> int:
        """Several steps a call; one where the data's length is unknown."""
        most = 1 if left < 0 else min(left, self._steps_per_call)
        return most if self._checkpointing is None else min(most, self._checkpointing.room(self._step))

    def _is_resumed_in(self, epoch: int) -> bool:
        return self._checkpointing is not None and self._checkpointing.is_resumed and epoch == self._start.epoch

    def resume(self, dataset: tf.data.Dataset, evaluated: Iterable[tf.data.Dataset | None], epochs: int) -> int:
        """Get to where the checkpoint was taken, if there is one.

        Args:
            dataset: the training data.
            evaluated: the data sets of each epoch's evaluations.
            epochs: how many epochs there are to be.

        Returns:
            The epoch to go on with; ``epochs`` if training is over.

        Raises:
            UsageError: there are fewer batches than there were.
        """
        if self._checkpointing is None or not self._checkpointing.is_resumed:
            return 0
        self._checkpointing.prepare(self._parts.monitor)
        self._pass_over(dataset, evaluated)
        if self.is_asked_to_stop or self._start.epoch >= epochs:
            self._take_up_state(dataset)
            return epochs
        return self._start.epoch

    def _pass_over(self, dataset: tf.data.Dataset, evaluated: Iterable[tf.data.Dataset | None]) -> None:
        """Repeat the batches of the epochs before the checkpoint, and what callbacks were told of them.

        Of the data of evaluations, what is shuffled has to be gone through, too: each pass has an order of its own.
        """
        first_steps = [
            step for _, step in sorted((int(epoch), step) for epoch, step in self._start.first_steps.items())
        ]
        shuffled = [
            each for each in evaluated if each is not None and any("Shuffle" in str(s) for s in stages_of(each))
        ]
        for epoch, logs in enumerate(self._start.logs):
            until = first_steps[epoch + 1] if epoch + 1 < len(first_steps) else self._start.step - self._start.in_epoch
            self._callbacks.on_epoch_begin(epoch)
            batches = self._compiled.batches(dataset)
            self._skip(batches, until - first_steps[epoch])
            if int(dataset.cardinality()) < 0:
                pass_over(batches, 1)  # the loop, too, finds the end of such data by asking for one more
            for each in shuffled:
                pass_over_all(each)
            self._callbacks.on_epoch_end(epoch, dict(logs))
            self._logs.append(logs)
        self._epoch_start = self._step

    def _skip(self, batches: Batches, steps: int) -> None:
        found = pass_over(batches, steps)
        if found < steps:
            raise not_repeated(f"{found} batches in an epoch that had {steps}", "Trainer.fit(..., resume=True)")
        self._step += steps

    def _take_up_state(self, dataset: tf.data.Dataset) -> None:
        assert self._checkpointing is not None
        build(self._compiled.model, self._compiled.optimizer, dataset.element_spec, self._compiled.metrics)
        self._losses = self._checkpointing.take_up(self._parts, self._recorder)
        if self._compiled.stretches is not None:
            self._compiled.stretches.splits = self._start.splits

    def _take_up(self, dataset: tf.data.Dataset, batches: Batches, left: int) -> int:
        """Go on in the midst of an epoch; returns the steps that are left of it."""
        self._skip(batches, self._start.in_epoch)
        self._take_up_state(dataset)
        return left - self._start.in_epoch if left >= 0 else left

    def checkpoint(self) -> None:
        """Take a checkpoint, if there are to be any."""
        if self._checkpointing is None:
            return
        stretches = self._compiled.stretches
        place = replace(
            self._start,
            step=self._step,
            epoch=len(self._logs),
            in_epoch=self._step - self._epoch_start,
            logs=tuple(self._logs),
            splits=None if stretches is None else stretches.splits,
        )
        self._checkpointing.take(self._parts, self._recorder, place, self._losses)

    def _run(self, dataset: tf.data.Dataset, batches: Batches, count: int) -> tuple[tf.Tensor, tf.Tensor]:
        """The next steps; why the first ones fail is explained, later errors pass."""
        flight = self._compiled.flight
        explained = nullcontext() if self._step else first_step_explained(dataset, self._compiled.model)
        with explained, nullcontext() if flight is None else flight.recording(dataset.element_spec):
            result = self._compiled.run(batches, count)
            self.is_stopped = flight is not None and flight.end_call(count)
        return result

    def end_epoch(self, epoch: int) -> bool:
        """Report the epoch to callbacks; returns whether one of them stops the training.

        Raises:
            UsageError: the first epoch had no batch.
        """
        if not self._step:
            do = "check what the data set is made from"
            raise UsageError(
                what="nothing to train on", where="Trainer.fit(...)", got="a data set without batches", do=do
            )
        loss = float(np.mean(np.concatenate(self._losses))) if self._losses else float("nan")
        validated = {name.replace("validation ", "val_"): value for name, value in self._validated.items()}
        self._logs.append({"loss": loss, **self._metrics, **validated})
        self._epoch_start = self._step
        self._callbacks.on_epoch_end(epoch, dict(self._logs[-1]))
        return self.is_asked_to_stop or self.is_stopped

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether a callback has asked for the end of training."""
        return bool(getattr(self._compiled.model, "stop_training", False)) and bool(self._callbacks.callbacks)

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
            with kept_state(self._compiled.model):
                self._evaluate(dataset, epoch, "train_again", training=True)
            self._evaluate(dataset, epoch, "train_inference", training=False)

    def _evaluate(self, dataset: tf.data.Dataset, epoch: int, split: str, *, training: bool) -> dict[str, float]:
        for metric in self._compiled.metrics:
            metric.reset_state()
        with first_step_explained(dataset, self._compiled.model, f"the evaluation of {split} data"):
            loss = float(evaluate(self._compiled, dataset, training=training))
        values = self._metric_values()
        self._recorder.add(np.array([self._step - 1]), epoch=epoch, split=split, loss=loss, **values)
        return values

    def flush(self) -> None:
        """Bring what was measured to disk; a disk that cannot be written does not stop training."""
        if self._compiled.flight is not None:
            self._compiled.flight.look()
            self._compiled.flight.look_at_weights()
        self._recorder.flush_until(self._step)

    def end(self) -> None:
        """Bring the rest to disk, and name the steps that could not be stored."""
        self.flush()
        gaps = self._recorder.gaps()
        if gaps and self._writer is not None:
            with suppress(UsageError):  # of a disk that still refuses, the recorder has warned
                self._writer.describe(gaps=[asdict(gap) for gap in gaps])

    def _note(self, epoch: int, losses: np.ndarray, rates: np.ndarray) -> None:
        # Before the new rows are added: the last one stays in memory, for the metrics that its epoch may end with.
        if self._recorder.is_due:
            self.flush()
        steps = np.arange(self._step, self._step + len(losses))
        self._step += len(losses)
        self._recorder.add(steps, epoch=epoch, split="train", loss=losses, learning_rate=rates)
        self._losses.append(losses)
        self._callbacks.on_train_batch_end(self._step - 1, {"loss": float(losses[-1])})
        if self._progress is not None:
            self._progress(len(losses), {"loss": float(losses[-1]), **self._validated})
        if self._checkpointing is not None:
            self._checkpointing.compare(self._step - len(losses), losses)
            if self._checkpointing.is_due(self._step):
                self.checkpoint()

    def _metric_values(self) -> dict[str, float]:
        return {metric.name: float(metric.result()) for metric in self._compiled.metrics}
