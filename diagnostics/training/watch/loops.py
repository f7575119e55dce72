"""Puts a monitor on every hand-written loop that steps a Keras optimizer with the gradients of a tape.

Nobody says which model a loop trains: each Keras model that is called inside a tape is captured, and when an optimizer then
changes some of its weights, in the same function, it was a training step of that model.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import tensorflow as tf

from diagnostics.training.watch.loop_run import WatchedLoop
from probes.capture.capture import current_graph
from probes.monitor import Monitor
from probes.seams.updates import hearing_updates
from probes.step.step import Step

OTHER_FUNCTION = "the forward pass and the optimizer's update run in different functions"


class WatchedLoops(threading.local):
    """What runs on this thread: tapes, models called in them, and updates.

    Args:
        started: makes the record of a model that was trained for the first time.
        unseen: told why a training step was not measured.
    """

    def __init__(self, started: Callable[[Any, Monitor], WatchedLoop | None], unseen: Callable[[str], None]) -> None:
        self._started, self._unseen = started, unseen
        self._monitors: dict[int, Monitor] = {}
        self._loops: dict[int, WatchedLoop | None] = {}
        self._open: dict[int, tuple[Any, Step]] = {}
        self._stack = ExitStack()
        self._tapes = self._calls = 0
        self._paused = 1  # on other threads than the one where it was installed, updates are not heard

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Watch the loops of this thread inside the ``with`` block; Keras and TensorFlow are put back afterwards."""
        tape, layer = tf.GradientTape, keras.Layer
        originals = tape.__enter__, tape.__exit__, layer.__call__
        tape.__enter__ = self._entering(tape.__enter__)
        tape.__exit__ = self._exiting(tape.__exit__)
        layer.__call__ = self._calling(layer.__call__)
        self._paused -= 1
        try:
            with hearing_updates(self):
                yield
        finally:
            self._paused += 1
            tape.__enter__, tape.__exit__, layer.__call__ = originals
            self._stack.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Look away: inside ``fit``, which is watched otherwise."""
        self._paused += 1
        try:
            yield
        finally:
            self._paused -= 1

    def before_update(self, optimizer: Any) -> None:
        """The forward pass is over, also where the update stands inside the tape."""
        self._stack.close()
        for _, step in self._open.values():
            step.scaled_by(optimizer)

    def after_update(self, optimizer: Any, gradients: Sequence[Any], variables: Sequence[Any]) -> None:
        """Measure the models of which the optimizer has changed weights; of others this was no step."""
        by_key = dict(zip(map(_key, variables), gradients, strict=True))
        for key, (model, step) in [*self._open.items()]:
            own = [by_key.get(_key(variable)) for variable in model.trainable_variables]
            if any(gradient is not None for gradient in own):
                self._update(model, step, own)
                del self._open[key]

    def _update(self, model: Any, step: Step, gradients: Sequence[Any]) -> None:
        if step.capture.graph is not current_graph():
            self._unseen(OTHER_FUNCTION)
            return
        monitor = self._monitors[id(model)]
        try:
            monitor.update(gradients)
        except Exception as error:  # the script was fine without us
            self._unseen(str(error))
            return
        if id(model) not in self._loops:
            self._loops[id(model)] = self._started(model, monitor)

    def _capture(self, model: Any) -> None:
        try:
            if id(model) not in self._monitors:
                with ThreadPoolExecutor(1) as other_thread:  # variables made here would belong to what is traced
                    self._monitors[id(model)] = other_thread.submit(Monitor, model).result()
            self._open[id(model)] = model, self._stack.enter_context(self._monitors[id(model)].capture())
        except Exception as error:  # the script was fine without us
            self._unseen(str(error))

    def _entering(self, original: Any) -> Any:
        @functools.wraps(original)
        def enter(tape: Any) -> Any:
            if not self._tapes and not self._paused:
                self._open.clear()
            self._tapes += 1
            return original(tape)

        return enter

    def _exiting(self, original: Any) -> Any:
        @functools.wraps(original)
        def leave(tape: Any, *error: Any) -> Any:
            self._tapes -= 1
            if not self._tapes and not self._paused:
                self._stack.close()
            return original(tape, *error)

        return leave

    def _calling(self, original: Any) -> Any:
        @functools.wraps(original)
        def call(layer: Any, *args: Any, **options: Any) -> Any:
            outermost = self._tapes and not self._calls and not self._paused and isinstance(layer, keras.Model)
            if outermost and id(layer) not in self._open:
                self._capture(layer)
            self._calls += 1
            try:
                return original(layer, *args, **options)
            finally:
                self._calls -= 1

        return call


def _key(variable: Any) -> int:
    return id(variable.value if isinstance(variable, keras.Variable) else variable)
