"""Puts a `ProbeCallback` on every ``keras.Model.fit`` of the process."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras

from diagnostics.callback import ProbeCallback


class QuietCallback(ProbeCallback):
    """One that nobody has asked for by name: where it cannot measure, it says so and lets training go on."""

    def on_train_begin(self, logs: Any = None) -> None:
        """Put the probes in, if that is possible."""
        try:
            super().on_train_begin(logs)
        except Exception as error:  # whatever it is, the script was fine without us
            warnings.warn(f"this fit is not watched: {error}", stacklevel=2)


@dataclass
class WatchedFits:
    """Which trainings the process did.

    Attributes:
        next_directory: where the next run goes.
        command: what was typed, for the record.
        budget: the most that measuring may cost, as a share of training.
        directories: the runs so far.
    """

    next_directory: Callable[[], Path]
    command: str
    budget: float | None = None
    directories: list[Path] = field(default_factory=list)

    def install(self) -> Callable[[], None]:
        """Begin to watch.

        Returns:
            A function that puts Keras back as it was.
        """
        owner: Any = next(kind for kind in keras.Model.__mro__ if "fit" in vars(kind))
        original = owner.fit
        owner.fit = self._watched(original)

        def put_back() -> None:
            owner.fit = original

        return put_back

    def _watched(self, original: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(original)

        @functools.wraps(original)
        def fit(model: Any, *args: Any, **options: Any) -> Any:
            try:
                bound = signature.bind(model, *args, **options)
            except TypeError:  # wrong arguments are Keras' to complain about
                return original(model, *args, **options)
            if self._is_watched(bound.arguments.get("callbacks")):
                return original(model, *args, **options)
            return self._fit(original, bound)

        return fit

    def _is_watched(self, callbacks: Any) -> bool:
        """By the user's own callback."""
        return any(isinstance(each, ProbeCallback) for each in _flat(callbacks))

    def _fit(self, original: Callable[..., Any], bound: inspect.BoundArguments) -> Any:
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


def _flat(callbacks: Any) -> list[Any]:
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks.callbacks
    return keras.tree.flatten(callbacks) if callbacks else []


def _with(callbacks: Any, callback: ProbeCallback, model: Any) -> Any:
    """The user's callbacks and ours, after them: as what they log at an epoch's end is to be recorded, too."""
    if not isinstance(callbacks, keras.callbacks.CallbackList):
        return [*_flat(callbacks), callback]
    callbacks.append(callback)
    callback.set_model(model)
    callback.set_params(callbacks.params)
    return callbacks
