"""One recorded training: keeps its last steps, judges their signs, and writes them down at a fault."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from diagnostics.training.flight.building import build
from diagnostics.training.flight.judge import SPOILED, Fault, Judge
from diagnostics.training.flight.kept import KeptSteps
from diagnostics.training.flight.options import FlightRecorder
from diagnostics.training.flight.ring import Ring
from diagnostics.training.flight.signs import StepWatch, packed
from diagnostics.training.flight.undoing import Undo
from diagnostics.training.flight.writing import write_record
from diagnostics.training.state.variables import held
from probes.seams.nest import Nest

CHECK_EVERY = 16
"""Calls between two looks at the signs: each look waits for the device, which must not happen at every step."""

ENTRY = "_flight_of_step"
"""The key under which a step compiled by XLA, which cannot keep anything, returns its batch and signs."""


class Flight:
    """Keeps and judges the steps of one training; its methods are called in the order of the class.

    Args:
        options: the settings.
        folder: the run's folder.
        model: the model that is trained, built.
        optimizer: its optimizer.
        about: what replaying has to know beside state and batches; called when a record is written.
        thorough: whether the signs of a step say of all gradients whether they are finite.
        first: the number of the first step.
    """

    def __init__(
        self,
        options: FlightRecorder,
        folder: Path,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        about: Callable[[], Mapping[str, Any]] = dict,
        *,
        thorough: bool = False,
        first: int = 0,
    ) -> None:
        self.options, self._folder, self._about = options, folder, about
        self._model, self._optimizer, self._first = model, optimizer, first
        self._thorough = thorough or options.on_nonfinite == "skip"
        self._ring, self._judge = Ring(options.steps), Judge(options)
        self._kept: KeptSteps | None = None
        self._weights_are_finite = tf.function(partial(_are_finite, model))
        self._calls = self._since = self._learned_bytes = 0
        self._returned: list[Any] = []
        self._new_epoch = True
        self.records: list[Path] = []
        self.fault: Fault | None = None

    # On the host, around each call of the compiled function.

    def begin_epoch(self) -> None:
        """Callbacks may have changed the state between epochs, so it is copied again."""
        self._new_epoch = True

    def begin_call(self, spec: Nest) -> None:
        """A compiled function is about to run.

        Args:
            spec: the structure of its batches.
        """
        self.prepare(spec)
        newest = self._ring.newest
        if newest is None or self._new_epoch or self._since >= self._every:
            self.look()
            self.look_at_weights()
            self._ring.begin(self._seen, held(self._model, self._optimizer, host=False))
            self._new_epoch, self._since = False, 0

    def end_call(self, count: int, returned: Nest = None) -> bool:
        """It has returned.

        Args:
            count: its number of steps, at most.
            returned: what it returned under `ENTRY`, if anything.

        Returns:
            Whether training has to stop.
        """
        self._since += count
        self._calls += 1
        if returned is not None:
            self._returned.append(returned)
        if self._calls % CHECK_EVERY == 0 or self.options.on_nonfinite == "stop":
            self.look()
        return self.has_stopped

    def prepare(self, spec: Nest) -> KeptSteps:
        """Make all variables before the first step."""
        if self._kept is None:
            build(self._model, self._optimizer, spec)
            self._kept = KeptSteps(spec)
        return self._kept

    @contextmanager
    def recording(self, spec: Nest) -> Iterator[None]:
        """`begin_call`, and `raised` if the ``with`` block raises anything but the end of the data."""
        self.begin_call(spec)
        try:
            yield
        except (StopIteration, tf.errors.OutOfRangeError):
            raise
        except Exception as error:
            self.raised(error)
            raise

    def raised(self, error: BaseException) -> None:
        """The step has raised an exception, which goes on to the user."""
        self.look()
        if isinstance(error, tf.errors.OpError):
            self._write(Fault(self._seen, "raised", f"{type(error).__name__}: {error}"))

    def request(self, reason: str) -> Path | None:
        """Write a record of the last steps although all are finite, such as at a finding.

        Args:
            reason: why, for the record.
        """
        self.look()
        self._write(Fault(max(0, self._seen - 1), "requested", reason))
        return self.records[-1] if self.records else None

    def look(self) -> None:
        """Bring the signs from the device, and judge them."""
        if self._kept is not None and self._ring.newest is not None:
            batches, signs = self._kept.take()
            returned, self._returned = self._returned, []
            batches += [[*each[:-1]] for each in returned]
            signs += [each[-1].numpy() for each in returned]
            self._ring.add(batches, signs)
            self._judged(signs)

    def look_at_weights(self) -> None:
        """Judge the weights, for gradients that are too large to be looked at in every step."""
        if self._ring.newest is not None and self._ring.newest.signs and not bool(self._weights_are_finite()):
            self._judge_weights()

    def _judge_weights(self) -> None:
        fault = self._judge.fault_of_weights(self._seen - 1)
        if fault is not None:
            self._write(fault)

    # Inside the step that is compiled.

    def entering(self, batch: Nest, *, inside_xla: bool = False) -> Nest:
        """Keep the batch; returns the one to go on with."""
        return batch if self._kept is None or inside_xla else self._kept.entering(batch)

    def before(self, metrics: Iterable[keras.metrics.Metric]) -> Undo | None:
        """Hold on to what the step is about to change, if it may have to be undone."""
        if self.options.on_nonfinite != "skip":
            return None
        own = [*self._model.variables, *self._optimizer.variables]
        return Undo([*own, *(each for metric in metrics for each in metric.variables)])

    def signs(self, loss: tf.Tensor, gradients: Sequence[Any], scale: tf.Tensor | None) -> tf.Tensor:
        """The signs of a step whose parts are known."""
        return packed(loss, gradients, self._optimizer, thorough=self._thorough, scale=scale)

    def signs_of(self, watch: StepWatch) -> tf.Tensor:
        """The signs of a step that was watched."""
        return watch.packed(self._optimizer, thorough=self._thorough)

    def leaving(self, signs: tf.Tensor, undo: Undo | None) -> None:
        """Undo the step if it has to be; to be called once it is known."""
        if undo is not None:
            undo.unless(signs[3] > 0)

    def keep(self, signs: tf.Tensor) -> None:
        """Keep the signs, outside of XLA."""
        if self._kept is not None:
            self._kept.leaving(signs)

    @property
    def has_stopped(self) -> bool:
        """Whether a fault has ended the training."""
        return self.fault is not None and self.options.on_nonfinite == "stop"

    @property
    def ending(self) -> str:
        """Why training was stopped."""
        return "" if self.fault is None else f"{self.fault.sentence}; the flight recorder stopped the training"

    @property
    def _seen(self) -> int:
        """The number of steps whose signs are known."""
        newest = self._ring.newest
        return self._first if newest is None else newest.first + len(newest.signs)

    @property
    def _every(self) -> int:
        """Steps between two copies: fewer where batches are large."""
        newest = self._ring.newest
        if newest is not None and newest.batches and not self._learned_bytes:
            self._learned_bytes = max(1, newest.bytes // len(newest.batches))
        fitting = self.options.memory // self._learned_bytes if self._learned_bytes else self.options.every
        return max(1, min(self.options.every, fitting))

    def _judged(self, signs: Sequence[np.ndarray]) -> None:
        first = self._seen - len(signs)
        for number, each in enumerate(signs, first):
            fault = self._judge.fault(number, np.asarray(each))
            if fault is not None:
                self._write(fault)

    def _write(self, fault: Fault) -> None:
        if fault.kind in SPOILED:
            self.fault = self.fault or fault
        if len(self.records) >= self.options.most:
            return
        try:
            self.records.append(write_record(self._folder, fault, self._ring.stretches, self._kept, self._about()))
        except Exception as error:  # as everywhere in a record: training is worth more
            warnings.warn(f"the flight record of step {fault.step} cannot be written: {error}", stacklevel=3)
        else:
            place = self.records[-1]
            warnings.warn(
                f"{fault.sentence}; recorded in {place}. Explain it: python -m diagnostics.replay {self._folder}",
                stacklevel=3,
            )


def _are_finite(model: keras.Model) -> tf.Tensor:
    return tf.reduce_all([tf.reduce_all(tf.math.is_finite(each.value)) for each in model.trainable_variables])
