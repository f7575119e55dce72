"""Keras' or the user's ``train_step`` with the flight recorder around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from diagnostics.training.flight.flight import ENTRY, Flight
from diagnostics.training.flight.signs import StepWatch
from probes.errors import UsageError
from probes.seams.nest import Nest


class Recorded:
    """A training step whose batch and signs are kept.

    Args:
        model: the model in ``fit``.
        flight: keeps them; ``None`` leaves the step as it is.
        step: the step.

    Attributes:
        returned: what the step has to return beside its logs; XLA lets a step keep nothing.
    """

    def __init__(self, model: keras.Model, flight: Flight | None, step: Callable[[Any], Any]) -> None:
        self._model, self._flight, self._step = model, flight, step
        self.returned: dict[str, Any] = {}

    def __call__(self, data: Nest) -> Nest:
        """Run, or trace, the step."""
        if self._flight is None:
            return self._step(data)
        inside_xla = bool(self._model.jit_compile) and not self._model.run_eagerly
        data = self._flight.entering(data, inside_xla=inside_xla)
        undo, watch = self._flight.before(self._model.metrics), StepWatch()
        with watch.watching():
            logs = self._step(data)
        signs = self._flight.signs_of(watch)
        self._flight.leaving(signs, undo)
        if inside_xla:
            self.returned = {ENTRY: (*tf.nest.flatten(data, expand_composites=True), signs)}
        else:
            self._flight.keep(signs)
        return logs


def check_fit(model: keras.Model) -> None:
    """Refuse a ``fit`` whose steps cannot be kept, before the first.

    Raises:
        UsageError: XLA compiles the step, and several run in one call.
    """
    steps = int(model.steps_per_execution or 1)
    if steps > 1 and model.jit_compile:
        raise UsageError(
            what="the steps cannot be recorded",
            where="ProbeCallback(flight_recorder=...)",
            got=f"jit_compile=True with steps_per_execution={steps}, where only the last step of each call can be seen",
            do="call model.compile with steps_per_execution=1 or with jit_compile=False, or leave the recorder out",
        )
