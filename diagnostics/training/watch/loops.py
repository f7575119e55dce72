"""Puts a monitor on every hand-written loop that updates a Keras model with the gradients of a tape.

Nobody says which model a loop trains. Each Keras model that is called inside a tape is captured; when an optimizer then
changes some of its weights in the same function, that was a training step of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import keras

from diagnostics.training.facts import settings
from diagnostics.training.facts.run_facts import RunFacts
from diagnostics.training.watch.loop_run import WatchedLoop
from probes.measuring.replicas import alone
from probes.monitor import Monitor
from probes.seams import tapes, updates
from probes.seams.graph import current_graph, key_of
from probes.step.step import Step

OTHER_FUNCTION = "the forward pass and the optimizer's update run in different functions"


Start = Callable[[Any, Monitor, dict[str, Any], RunFacts], WatchedLoop | None]
"""Makes the record of a model that was trained for the first time: the model, its monitor, what is known and will be."""


class WatchedLoops:
    """Listens to tapes, to the models called inside them, and to updates; on one thread, where it was installed.

    Args:
        start: makes the record of a model that was trained for the first time.
        note_unseen: called with the reason when a training step was not measured.
    """

    def __init__(self, start: Start, note_unseen: Callable[[str], None]) -> None:
        self._start, self._note_unseen = start, note_unseen
        self._monitors: dict[int, Monitor] = {}
        self._facts: dict[int, RunFacts] = {}
        self._loops: dict[int, WatchedLoop | None] = {}
        self._open: dict[int, tuple[Any, Step]] = {}
        self._captures = ExitStack()
        self._tapes = self._calls = 0

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Watch the loops of this thread inside the ``with`` block."""
        with self._captures, tapes.hearing_tapes(self), updates.hearing_updates(self):
            yield

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Ignore what this thread does inside the ``with`` block: in ``fit``, which is watched in another way."""
        with tapes.unheard(), updates.unheard():
            yield

    def enter_tape(self) -> None:
        """Forget the models of the last step when the next one begins."""
        if not self._tapes:
            self._open.clear()
        self._tapes += 1

    def leave_tape(self) -> None:
        """With the outermost tape ends the forward pass."""
        self._tapes -= 1
        if not self._tapes:
            self._captures.close()

    def enter_layer(self, layer: keras.Layer) -> None:
        """Capture a model that is called inside a tape, unless it is part of another."""
        outermost = self._tapes and not self._calls and isinstance(layer, keras.Model)
        if outermost and id(layer) not in self._open:
            self._capture(layer)
        self._calls += 1

    def leave_layer(self) -> None:
        """A call is over."""
        self._calls -= 1

    def before_update(self, optimizer: keras.optimizers.Optimizer) -> None:
        """End the forward pass, which the tape has not done when the update comes inside it."""
        self._captures.close()
        for _, step in self._open.values():
            step.scaled_by(optimizer)

    def after_update(
        self, optimizer: keras.optimizers.Optimizer, gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        """Measure the models whose weights the optimizer has changed; for others this was no step."""
        by_key = dict(zip(map(key_of, variables), gradients, strict=True))
        for key, (model, step) in [*self._open.items()]:
            own = [by_key.get(key_of(variable)) for variable in model.trainable_variables]
            if any(gradient is not None for gradient in own):
                self._update(model, step, own, optimizer)
                del self._open[key]

    def _update(
        self, model: keras.Model, step: Step, gradients: Sequence[Any], optimizer: keras.optimizers.Optimizer
    ) -> None:
        if step.capture.graph is not current_graph():
            self._note_unseen(OTHER_FUNCTION)
            return
        monitor = self._monitors[id(model)]
        try:
            monitor.record(gradients)
        except Exception as error:  # a fault of ours must not stop the script
            self._note_unseen(str(error))
            return
        if id(model) not in self._loops:
            facts = self._facts[id(model)]
            known = alone(lambda: facts.begin(lambda: settings.of_loop(model, optimizer)))
            self._loops[id(model)] = self._start(model, monitor, known, facts)

    def _capture(self, model: keras.Model) -> None:
        try:
            if id(model) not in self._monitors:
                self._monitors[id(model)] = alone(lambda: Monitor(model))
                self._facts[id(model)] = RunFacts(model, self._monitors[id(model)])
            self._open[id(model)] = model, self._captures.enter_context(self._monitors[id(model)].capturing())
        except Exception as error:  # a fault of ours must not stop the script
            self._note_unseen(str(error))
