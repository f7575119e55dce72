"""Records one call of ``fit``: its steps, its scalars, and how it ended."""

from __future__ import annotations

import itertools
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np

from diagnostics.runs.endings import status_after
from diagnostics.runs.writer import RunWriter
from diagnostics.training.checkpoints.place import Place
from diagnostics.training.checkpoints.session import Checkpointing, Parts
from diagnostics.training.fit.pace import Pace
from diagnostics.training.fit.resumption import Resumption
from diagnostics.training.fit.step_scalars import LOSS, unpacked
from diagnostics.training.fit.train_function import ObservedFunction
from diagnostics.training.flight.flight import Flight
from diagnostics.training.recorder import LenientRecorder
from diagnostics.training.replicas import Batches
from diagnostics.training.signals import Heard, listen
from probes.monitor import Monitor
from probes.seams.fit import heard_call
from probes.seams.random_kernels import random_kernels_of

if TYPE_CHECKING:
    import keras

    from diagnostics.training.facts.run_facts import RunFacts
    from diagnostics.training.fit.train_function import FittedModel

VALIDATION = "val_"
SEEN_BY = (ObservedFunction.__call__.__code__, heard_call.__code__)
"""Functions in which an exception ends the record as it passes."""


class FitSession:
    """Puts probes into a model's train function, and takes them out again, however training ends.

    Args:
        model: a compiled model, in ``fit``.
        monitor: the probes.
        writer: the run; ``None`` where another worker writes it.
        budget: the largest share of training time that measuring may take; ``None`` keeps the probes' own cadence.
        facts: what else ``run.json`` gets when it becomes known.
        flight: keeps what is needed to repeat the last steps, if anything does.
        checkpointing: takes checkpoints, and may have one to go on from.
    """

    def __init__(
        self,
        model: FittedModel,
        monitor: Monitor,
        writer: RunWriter | None,
        budget: float | None = None,
        facts: RunFacts | None = None,
        flight: Flight | None = None,
        checkpointing: Checkpointing | None = None,
    ) -> None:
        self._model, self._monitor, self._writer = model, monitor, writer
        self._recorder, self._facts = LenientRecorder(writer, monitor, facts), facts
        self._pace = Pace(monitor, budget)
        self._history = getattr(model, "history", None)
        self._started = time.monotonic()
        self._step = self._epoch = self._epoch_start = 0
        self._pending: list[tuple[int, tuple[str, Any] | None, float]] = []
        self._by_step: set[str] = set()
        self._given_up: str | None = None
        self._ended = False
        self._earlier = getattr(sys, "last_value", None)
        self._flight = flight
        self._heard: BaseException | None = None
        self._stop_listening = listen(self._hear)
        self._function = ObservedFunction(model, monitor, self, flight)
        kernels = lambda: random_kernels_of(monitor.traced)  # noqa: E731
        parts = Parts(model, model.optimizer, lambda: model.metrics, monitor, kernels)
        self._resumption = None if checkpointing is None else Resumption(checkpointing, parts, self._recorder)

    def is_running(self) -> bool:
        """Whether this ``fit`` is still running; each ``fit`` creates its own history."""
        return not self._ended and getattr(self._model, "history", None) is self._history

    def give_up(self, reason: str) -> None:
        """Warn once that nothing is measured."""
        if self._given_up is None:
            self._given_up = reason
            warnings.warn(f"training goes on unobserved: {reason}", stacklevel=2)

    def trained_by(self, optimizers: Mapping[str, keras.optimizers.Optimizer]) -> None:
        """Note the optimizers that the step was seen to use."""
        if self._facts is not None:
            self._facts.trained_by(optimizers)

    @property
    def passes_over(self) -> bool:
        """Whether the next step was made by another process."""
        return self._resumption is not None and self._resumption.passes_over(self._step)

    def pass_over(self, iterator: Batches) -> None:
        """Take the batches of one call, whose steps another process has made."""
        if self._resumption is not None:
            self._step += self._resumption.pass_over(iterator, self._steps_of_call)

    def begin_call(self) -> None:
        """Go on from a checkpoint, or take one; write to disk what was measured, if a flush is due."""
        if self._resumption is not None and self._resumption.is_open:
            self._take_up(self._resumption)
        if self._resumption is not None and self._resumption.is_due(self._step):
            self._checkpoint(self._resumption)
        if self._recorder.is_due:
            self._flush()
        self._pace.adjust()

    def note(self, scalars: tuple[str, Any] | None, seconds: float) -> None:
        """Keep the scalars of a call's last step, on the device until the next flush."""
        count = self._steps_of_call
        self._pace.note(self._step, count, seconds)
        self._step += count
        self._pending.append((self._step - 1, scalars, time.monotonic() - self._started))

    def begin_epoch(self, epoch: int) -> None:
        """Note where the epoch begins."""
        self._epoch, self._epoch_start = epoch, self._step
        if self._flight is not None:
            self._flight.begin_epoch()

    def end_epoch(self, logs: Mapping[str, Any] | None) -> None:
        """Record the epoch's metrics with its last step, and those of validation in a separate row."""
        if self._resumption is not None:
            logs = self._resumption.end_epoch(logs)
            if self._resumption.is_open:
                return
        self._correct_count()
        self._hand_over()
        numbers = _numbers(logs or {})
        validation = {
            name.removeprefix(VALIDATION): numbers.pop(name) for name in [*numbers] if name.startswith(VALIDATION)
        }
        numbers = {name: value for name, value in numbers.items() if name not in self._by_step}
        if self._step > self._epoch_start:
            self._recorder.complete(numbers)
        if validation:
            self._recorder.add(np.array([self._step - 1]), epoch=self._epoch, split="validation", **validation)

    def finish(self) -> None:
        """End the run after the last epoch, or where the flight recorder stopped it."""
        if self._resumption is not None and self._resumption.is_open:
            self._take_up(self._resumption)
        elif self._resumption is not None and not self._ended:
            self._checkpoint(self._resumption)
        if self._flight is not None:
            self._flight.look()
            self._flight.look_at_weights()
        if self._flight is not None and self._flight.has_stopped:
            self._end("failed", error=self._flight.ending)
        self._end("finished")

    def fail(self, error: BaseException | None) -> None:
        """End the run after an exception; ``None`` if it is not known."""
        error = error or self._heard
        reason = "fit did not reach its end" if error is None else f"{type(error).__name__}: {error}"
        self._end(status_after(error), error=reason)

    def _hear(self, heard: Heard) -> None:
        """Note what may end ``fit``; where nothing of ours is under way that would see it pass, end the record at once."""
        self._heard = heard.error
        if heard.is_raised and not heard.is_inside(SEEN_BY):
            self.fail(heard.error)

    def abandon(self) -> None:
        """End the run of a ``fit`` that called no callback at its end; the exception is known if it ended the process."""
        last = getattr(sys, "last_value", None)
        self.fail(None if last is self._earlier else last)

    @property
    def _steps_of_call(self) -> int:
        return max(1, int(self._model.steps_per_execution or 1))

    def _take_up(self, resumption: Resumption) -> None:
        self._started = resumption.take_up()
        self._function.splits = resumption.start.splits

    def _checkpoint(self, resumption: Resumption) -> None:
        self._hand_over()
        place = Place(self._step, self._epoch, self._step - self._epoch_start, splits=self._function.splits)
        resumption.checkpoint(place)

    def _end(self, status: str, **extra: Any) -> None:
        if self._ended:
            return
        self._ended = True
        self._stop_listening()
        self._function.restore()
        if self._resumption is not None:
            self._resumption.end()
        before = self._recorder.seconds
        self._flush()
        if self._given_up:
            extra["unobserved"] = self._given_up
        else:
            extra["cost"] = self._pace.cost(before, self._recorder.seconds - before)
        if gaps := self._recorder.gaps():
            extra["gaps"] = [asdict(gap) for gap in gaps]
        if self._writer is None:
            return
        try:
            self._writer.finish(status, **extra)
        except Exception as error:  # as during recording, training must not stop for this
            if not gaps:
                warnings.warn(f"the run's end could not be recorded: {error}", stacklevel=2)

    def _flush(self) -> None:
        self._hand_over()
        self._recorder.flush_until(self._step)

    def _correct_count(self) -> None:
        """The epoch's last call may have had fewer steps than the others; the device counted them."""
        if self._given_up is None and self._pending and self._model.steps_per_execution != 1:
            self._step = self._monitor.steps
            self._pending[-1] = (self._step - 1, *self._pending[-1][1:])

    def _hand_over(self) -> None:
        """Bring the scalars of the calls since the last time from the device; calls in a row that have the same names at once."""
        pending, self._pending = self._pending, []
        for key, calls in itertools.groupby(pending, key=lambda call: call[1] and call[1][0]):
            steps, packed, seconds = zip(*calls, strict=True)
            columns = {} if key is None else unpacked(key, [each[1] for each in packed])
            self._by_step |= columns.keys()
            if self._resumption is not None and LOSS in columns:
                self._resumption.compare(steps[0], columns[LOSS])
            self._recorder.add(np.array(steps), epoch=self._epoch, split="train", seconds=list(seconds), **columns)


def _number(value: SupportsFloat) -> float:
    """A scalar on the device or the host as a number; NaN for anything else."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """Those values that Keras and other callbacks have logged that are numbers."""
    return {name: _number(value) for name, value in logs.items() if not isinstance(value, str) and np.ndim(value) == 0}
