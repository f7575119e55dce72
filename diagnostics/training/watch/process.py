"""Watches the trainings of a process: a `ProbeCallback` on every ``keras.Model.fit``, a monitor on every other loop."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from diagnostics.training.facts.run_facts import RunFacts
from diagnostics.training.fit.callback import ProbeCallback
from diagnostics.training.watch.loop_run import WatchedLoop
from diagnostics.training.watch.loops import WatchedLoops
from probes.errors import UsageError
from probes.monitor import Monitor
from probes.seams.fit import Fit, every_fit_through


class QuietCallback(ProbeCallback):
    """A callback that the script did not ask for: where it cannot measure, it warns and lets training go on."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Put the probes in, if that is possible."""
        try:
            super().on_train_begin(logs)
        except Exception as error:  # a fault of ours must not stop the script
            warnings.warn(f"this fit is not watched: {error}", stacklevel=2)


Callbacks = keras.callbacks.CallbackList | Sequence[Any] | keras.callbacks.Callback | None
"""What ``fit`` takes as ``callbacks``; lists may be nested."""


@dataclass
class WatchedProcess:
    """The trainings of one process, each with a run of its own.

    Attributes:
        next_directory: where the next run goes.
        command: what was typed, for the record.
        budget: the most that measuring may cost, as a share of training.
        directories: the runs so far.
        unseen: why training steps were not measured, and how many of them.
    """

    next_directory: Callable[[], Path]
    command: str
    budget: float | None = None
    directories: list[Path] = field(default_factory=list)
    unseen: dict[str, int] = field(default_factory=dict)
    _loops: list[WatchedLoop] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Prepare to watch the loops."""
        self._watched_loops = WatchedLoops(self._start, self._note_unseen)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Watch inside the ``with`` block; Keras and TensorFlow are put back afterwards.

        Raises:
            UsageError: Keras runs on a backend other than TensorFlow.
        """
        if keras.backend.backend() != "tensorflow":
            raise UsageError(
                what="only training with TensorFlow is watched",
                where="Keras' backend",
                got=keras.backend.backend(),
                do="set KERAS_BACKEND=tensorflow",
            )
        with every_fit_through(self._run_fit), self._watched_loops.installed():
            yield

    @property
    def has_loops(self) -> bool:
        """Whether any of the trainings was a hand-written loop."""
        return len(self._loops) > 0

    def end(self, status: str, error: str | None = None) -> None:
        """End the records of the loops with the script."""
        for loop in self._loops:
            loop.end(status, error)

    def _start(
        self, model: keras.Model, monitor: Monitor, known: dict[str, Any], facts: RunFacts
    ) -> WatchedLoop | None:
        try:
            self._loops.append(WatchedLoop(model.name, monitor, self.next_directory(), self.command, known, facts))
        except (OSError, UsageError) as error:
            self._note_unseen(str(error))
            return None
        self.directories.append(self._loops[-1].directory)
        return self._loops[-1]

    def _note_unseen(self, reason: str) -> None:
        self.unseen[reason] = self.unseen.get(reason, 0) + 1

    def _run_fit(self, original: Fit, bound: inspect.BoundArguments) -> Any:
        with self._watched_loops.paused():
            if self._is_watched(bound.arguments.get("callbacks")):
                return original(*bound.args, **bound.kwargs)
            return self._fit(original, bound)

    def _is_watched(self, callbacks: Callbacks) -> bool:
        """Whether the user's own callback watches this ``fit``."""
        return any(isinstance(each, ProbeCallback) for each in _flat(callbacks))

    def _fit(self, original: Fit, bound: inspect.BoundArguments) -> Any:
        callback = QuietCallback(self.next_directory(), config={"command": self.command}, budget=self.budget)
        bound.arguments["callbacks"] = _with(bound.arguments.get("callbacks"), callback, bound.args[0])
        try:
            return original(*bound.args, **bound.kwargs)
        except BaseException as error:
            callback.end(error)
            raise
        finally:
            if callback.directory.exists():
                self.directories.append(callback.directory)


def _flat(callbacks: Callbacks) -> list[Any]:
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks.callbacks
    return keras.tree.flatten(callbacks) if callbacks else []


def _with(callbacks: Callbacks, callback: ProbeCallback, model: keras.Model) -> Any:
    """The user's callbacks, then ours, so that what theirs log at the end of an epoch is recorded, too."""
    if not isinstance(callbacks, keras.callbacks.CallbackList):
        return [*_flat(callbacks), callback]
    callbacks.callbacks.append(callback)
    callback.set_model(model)
    callback.set_params(callbacks.params)
    return callbacks
