"""Puts a monitor on every hand-written loop that updates a Keras model with the gradients of a tape, on any thread.

Nobody says which model a loop trains. Each Keras model that is called inside a tape is captured; when an optimizer then
changes some of its weights in the same function, that was a training step of the model.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import keras

from diagnostics.training.facts import settings
from diagnostics.training.facts.run_facts import RunFacts
from diagnostics.training.watch.loop_run import LoopRun
from diagnostics.training.watch.unseen import Unseen
from probes.measuring.replicas import alone
from probes.monitor import Monitor
from probes.seams import gradients, tapes, updates
from probes.seams.gradients import Differentiation
from probes.seams.graph import current_graph, key_of
from probes.step.step import Step


@dataclass(frozen=True)
class FirstStep:
    """What is known of a training after the first step of a model.

    Attributes:
        model, monitor, optimizer: the model, what measures it, and what has updated it.
        loss: the name of the loss in the script, if it has one.
        facts: what becomes known later.
        known: the entries of ``run.json`` that are known now.
    """

    model: keras.Model
    monitor: Monitor
    optimizer: keras.optimizers.Optimizer
    loss: str | None
    facts: RunFacts
    known: dict[str, Any]


Start = Callable[[FirstStep], LoopRun | None]


class WatchedLoops:
    """Watches the loops of all threads, which includes those that a ``tf.distribute`` strategy starts for its replicas.

    Args:
        start: starts the record of a model that was trained for the first time.
        unseen: collects what could not be measured, and why.
    """

    def __init__(self, start: Start, unseen: Unseen) -> None:
        self._start, self.unseen = start, unseen
        self._monitors: dict[int, Monitor] = {}
        self._facts: dict[int, RunFacts] = {}
        self._runs: dict[int, LoopRun | None] = {}
        self._lock = threading.Lock()
        self._threads = threading.local()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Watch inside the ``with`` block."""
        with (
            tapes.hearing_tapes_everywhere(self._of_thread),
            updates.hearing_updates_everywhere(self._of_thread),
            gradients.hearing_gradients_everywhere(self._of_thread),
        ):
            try:
                yield
            finally:
                self._of_thread().drop()

    def monitor(self, model: keras.Model) -> Monitor:
        """The model's monitor; the replicas of a model share one."""
        with self._lock:
            if id(model) not in self._monitors:
                self._monitors[id(model)] = alone(lambda: Monitor(model))
                self._facts[id(model)] = RunFacts(model, self._monitors[id(model)])
            return self._monitors[id(model)]

    def measured(self, model: keras.Model, optimizer: keras.optimizers.Optimizer, loss: str | None) -> None:
        """Start a run with the model's first step."""
        with self._lock:
            if id(model) in self._runs:
                return
            facts = self._facts[id(model)]
            known = alone(lambda: facts.begin(lambda: settings.of_loop(model, optimizer)))
            self._runs[id(model)] = self._start(
                FirstStep(model, self._monitors[id(model)], optimizer, loss, facts, known)
            )

    def _of_thread(self) -> _Thread:
        if not hasattr(self._threads, "own"):
            self._threads.own = _Thread(self)
        return self._threads.own


class _Thread:
    """Listens to the tapes of one thread, to the models called inside them, and to updates."""

    def __init__(self, loops: WatchedLoops) -> None:
        self._loops, self._unseen = loops, loops.unseen
        self._open: dict[int, tuple[keras.Model, Step]] = {}
        self._losses: list[Differentiation] = []
        self._captures = ExitStack()
        self._tapes = self._calls = 0

    def drop(self) -> None:
        """Forget models that were called, but not updated."""
        for model, _ in self._open.values():
            self._loops.monitor(model).drop()
        self._open.clear()
        self._losses.clear()

    def enter_tape(self) -> None:
        """Forget the last step when the next one begins."""
        if not self._tapes:
            self.drop()
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

    def __call__(self, differentiation: Differentiation) -> None:
        """Note a loss, and that its gradients wait for an update."""
        self._losses.append(differentiation)
        self._unseen.differentiated(differentiation.sources)

    def before_update(self, optimizer: keras.optimizers.Optimizer) -> None:
        """End the forward pass, which the tape has not done when the update comes inside it."""
        self._captures.close()
        for model, _ in self._open.values():
            self._loops.monitor(model).scaled_by(optimizer)

    def after_update(
        self, optimizer: keras.optimizers.Optimizer, gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        """Measure the models whose weights the optimizer has changed; for others this was no step."""
        by_key = dict(zip(map(key_of, variables), gradients, strict=True))
        owned: set[int] = set()
        for key, (model, step) in [*self._open.items()]:
            own = [by_key.get(key_of(variable)) for variable in model.trainable_variables]
            if any(gradient is not None for gradient in own):
                owned.update(map(key_of, model.trainable_variables))
                del self._open[key]
                self._update(model, step, own, optimizer)
        self._unseen.updated(optimizer, variables, owned)

    def _update(
        self, model: keras.Model, step: Step, gradients: Sequence[Any], optimizer: keras.optimizers.Optimizer
    ) -> None:
        monitor = self._loops.monitor(model)
        if step.capture.graph is not current_graph():
            monitor.drop()
            self._unseen.in_other_function(model)
            return
        try:
            monitor.record(gradients)
        except Exception as error:  # a fault of the probes must not stop the script
            self._unseen.add(str(error))
            return
        self._loops.measured(model, optimizer, self._name_of_loss(model))

    def _name_of_loss(self, model: keras.Model) -> str | None:
        own = {key_of(variable) for variable in model.trainable_variables}
        return next((each.name for each in self._losses if own.intersection(map(key_of, each.sources))), None)

    def _capture(self, model: keras.Model) -> None:
        try:
            self._open[id(model)] = model, self._captures.enter_context(self._loops.monitor(model).capturing())
        except Exception as error:  # a fault of the probes must not stop the script
            self._unseen.add(str(error))
