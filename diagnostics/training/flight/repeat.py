"""Repeats recorded steps one by one, compiled as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from diagnostics.training.flight.flight import ENTRY, Flight
from diagnostics.training.flight.in_fit import Recorded
from diagnostics.training.flight.options import FlightRecorder
from diagnostics.training.flight.program import Program
from diagnostics.training.flight.record import Record
from diagnostics.training.flight.signs import Signs
from diagnostics.training.replicas import Batches
from diagnostics.training.state.variables import held, restore
from diagnostics.training.step import TrainingStep
from probes.seams.fit import attribute_set
from probes.seams.nest import Nest

NOTHING = Signs(float("nan"), float("nan"), float("nan"), 0.0, 0.0)


class Step(NamedTuple):
    """One repeated step.

    Attributes:
        number: its number.
        before: the state before it.
        batch: its batch.
        signs: its signs, with all gradients read.
        error: what it raised, if anything.
    """

    number: int
    before: Mapping[str, Any]
    batch: Any
    signs: Signs
    error: Exception | None = None


class Repeater:
    """Runs recorded steps again.

    Args:
        record: the record.
        program: what the steps are made of.
    """

    def __init__(self, record: Record, program: Program) -> None:
        self._record, self._program = record, program
        options = FlightRecorder(on_nonfinite=str(record.content.get("on_nonfinite", "continue")))
        self._flight = Flight(options, Path(), program.model, program.optimizer, thorough=True)
        self._kept = self._flight.prepare(record.spec)
        self._run = self._of_fit() if program.loss is None else self._of_trainer()

    def steps(self) -> Iterator[Step]:
        """All recorded steps in order; the state is resumed from each copy, so that nothing adds up."""
        model, optimizer = self._program.model, self._program.optimizer
        for number, state, batch in self._record.steps():
            if state is not None:
                restore(state, model, optimizer)
            _set_rate(optimizer, self._record.signs.get(number))
            before = held(model, optimizer, host=False)
            yield self._repeated(number, before, batch)

    def _repeated(self, number: int, before: Mapping[str, Any], batch: Nest) -> Step:
        data = tf.data.Dataset.from_generator(lambda: iter([batch]), output_signature=self._record.spec)
        try:
            returned = self._run(iter(data))
        except Exception as error:  # the very error that was recorded, or another of the user's code
            self._kept.take()
            return Step(number, before, batch, NOTHING, error)
        _, signs = self._kept.take()
        values = returned[-1].numpy() if returned is not None else signs[-1]
        return Step(number, before, batch, Signs(*map(float, values)))

    def _of_trainer(self) -> Callable[[Any], Any]:
        program, compiled = self._program, self._record.content["jit_compile"]
        step = TrainingStep(program.model, program.optimizer, program.loss, (), None, jit_compile=compiled)
        step.flight = self._flight

        def run(batches: Batches) -> None:
            step.run(batches, 1)

        return run

    def _of_fit(self) -> Callable[[Any], Any]:
        model = self._program.model
        model.jit_compile, model.run_eagerly = self._record.content["jit_compile"], self._record.content["run_eagerly"]
        recorded = Recorded(model, self._flight, model.train_step)

        def train_step(data: Nest) -> Nest:
            logs = recorded(data)
            return logs | recorded.returned if isinstance(logs, dict) else logs

        with attribute_set(model, "train_step", train_step):
            model.make_train_function(force=True)
        function: Any = model.train_function

        def run(batches: Batches) -> Nest:
            logs = function(batches)
            return logs.get(ENTRY) if isinstance(logs, dict) else None

        return run


def _set_rate(optimizer: keras.optimizers.Optimizer, signs: Signs | None) -> None:
    """Set the learning rate that a callback may have changed between steps; a schedule finds it by itself."""
    rate = getattr(optimizer, "learning_rate", None)
    if signs is not None and rate is not None and float(rate) != signs.learning_rate:
        try:
            optimizer.learning_rate = signs.learning_rate
        except (TypeError, AttributeError, ValueError):
            return
