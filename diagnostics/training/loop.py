"""One call of ``Trainer.fit``: epochs of compiled steps, evaluations between them, and a record of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from diagnostics.runs.writer import RunWriter
from diagnostics.training.recorder import Facts, Recorder
from diagnostics.training.step import TrainingStep, evaluate, kept_state
from probes.monitor import Monitor

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
    """

    def __init__(
        self,
        step: TrainingStep,
        monitor: Monitor | None,
        writer: RunWriter | None,
        progress: Progress | None,
        steps_per_call: int,
        facts: Facts | None = None,
    ) -> None:
        self._compiled, self._progress, self._steps_per_call = step, progress, steps_per_call
        self._recorder = Recorder(writer, monitor, facts)
        self._step = 0
        self._validated: dict[str, float] = {}

    def train(self, dataset: tf.data.Dataset, epoch: int) -> None:
        """One epoch, several steps a call; a data set of unknown length goes step by step."""
        for metric in self._compiled.metrics:
            metric.reset_state()
        left = int(dataset.cardinality())
        most = self._steps_per_call if left >= 0 else 1
        batches = self._compiled.batches(dataset)
        while left:
            count = min(left, most) if left > 0 else 1
            try:
                losses, rates = self._compiled.run(batches, count)
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
            with kept_state(self._compiled.model):
                self._evaluate(dataset, epoch, "train_again", training=True)
            self._evaluate(dataset, epoch, "train_inference", training=False)

    def _evaluate(self, dataset: tf.data.Dataset, epoch: int, split: str, *, training: bool) -> dict[str, float]:
        for metric in self._compiled.metrics:
            metric.reset_state()
        loss = float(evaluate(self._compiled, dataset, training=training))
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
        return {metric.name: float(metric.result()) for metric in self._compiled.metrics}
