"""Watches the trainings of a process: a `ProbeCallback` on every ``keras.Model.fit``, a monitor on every other loop."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import keras

from diagnostics.training.fit.callback import ProbeCallback
from diagnostics.training.replicas import is_chief
from diagnostics.training.watch.loop_run import LoopRun
from diagnostics.training.watch.loops import FirstStep, WatchedLoops
from diagnostics.training.watch.unseen import Unseen
from probes.errors import UsageError
from probes.seams.fit import Fit, every_fit_through
from probes.seams.unheard import steps_unheard


class QuietCallback(ProbeCallback):
    """A callback that the script did not ask for: if it cannot measure, it warns and training continues."""

    refused: str | None = None
    """Why it measures nothing."""

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Put the probes in, if that is possible."""
        try:
            super().on_train_begin(logs)
        except Exception as error:  # a fault of the probes must not stop the script
            self.refused = str(error)
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
        unseen: what was not measured, and why.
    """

    next_directory: Callable[[], Path]
    command: str
    budget: float | None = None
    directories: list[Path] = field(default_factory=list)
    unseen: Unseen = field(default_factory=Unseen)
    _fits: WeakKeyDictionary[keras.Model, int] = field(default_factory=WeakKeyDictionary)
    _loops: list[LoopRun] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Prepare to watch the loops."""
        self._watched_loops = WatchedLoops(self._start, self.unseen)

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
        with every_fit_through(self._run_fit), self._watched_loops.installed(), self.unseen.counting_processes():
            yield

    @property
    def has_loops(self) -> bool:
        """Whether any of the trainings was a hand-written loop."""
        return len(self._loops) > 0

    def end(self, status: str, error: str | None = None) -> None:
        """End the records of the loops with the script."""
        for loop in self._loops:
            loop.end(status, error)

    def _start(self, first: FirstStep) -> LoopRun | None:
        model = first.model
        if not is_chief(model.distribute_strategy):
            return None
        about = {"model": model.name, "loss_name": first.loss, "optimizer": type(first.optimizer).__name__}
        try:
            record = first.known, first.facts
            self._loops.append(LoopRun(first.monitor, self.next_directory(), self.command, about, *record))
        except (OSError, UsageError) as error:
            self.unseen.add(str(error))
            return None
        self.directories.append(self._loops[-1].directory)
        return self._loops[-1]

    def _run_fit(self, original: Fit, bound: inspect.BoundArguments) -> object:
        with steps_unheard():
            if self._is_watched(bound.arguments.get("callbacks")):
                return original(*bound.args, **bound.kwargs)
            return self._fit(original, bound)

    def _is_watched(self, callbacks: Callbacks) -> bool:
        """Whether the user's own callback watches this ``fit``."""
        return any(isinstance(each, ProbeCallback) for each in _flat(callbacks))

    def _number_of_fit(self, model: keras.Model) -> int:
        self._fits[model] = self._fits.get(model, 0) + 1
        return self._fits[model]

    def _fit(self, original: Fit, bound: inspect.BoundArguments) -> object:
        config = {"command": self.command, "fit": self._number_of_fit(bound.args[0])}
        callback = QuietCallback(self.next_directory(), config=config, budget=self.budget, verbose=0)
        bound.arguments["callbacks"] = _with(bound.arguments.get("callbacks"), callback, bound.args[0])
        try:
            return original(*bound.args, **bound.kwargs)
        except BaseException as error:
            callback.end(error)
            raise
        finally:
            if callback.refused is not None:
                self.unseen.add(f"fit of {bound.args[0].name}: {callback.refused}")
            elif callback.directory.exists():
                self.directories.append(callback.directory)


def _flat(callbacks: Callbacks) -> list[Any]:
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks.callbacks
    return keras.tree.flatten(callbacks) if callbacks else []


def _with(callbacks: Callbacks, callback: ProbeCallback, model: keras.Model) -> object:
    """The user's callbacks, then ours, so that what theirs log at the end of an epoch is recorded, too."""
    if not isinstance(callbacks, keras.callbacks.CallbackList):
        return [*_flat(callbacks), callback]
    callbacks.callbacks.append(callback)
    callback.set_model(model)
    callback.set_params(callbacks.params)
    return callbacks
