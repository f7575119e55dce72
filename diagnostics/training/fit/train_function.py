"""Replaces a model's compiled train function during one ``fit``: the same steps, with probes inside."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

import keras
import tensorflow as tf

from diagnostics.training.fit.step_scalars import PREFIX, StepScalars
from diagnostics.training.flight.flight import ENTRY, Flight
from diagnostics.training.flight.in_fit import Recorded
from diagnostics.training.replicas import Batches
from probes.errors import UsageError
from probes.monitor import Monitor
from probes.observing import observing
from probes.seams.fit import attribute_set
from probes.seams.loss_calls import report_batch
from probes.seams.nest import Nest
from probes.seams.unheard import steps_unheard
from probes.two_functions import TwoFunctions

TrainFunction = Callable[[Any], Any]
TrainingData: TypeAlias = "tf.data.Iterator | tf.distribute.DistributedIterator"
Logs: TypeAlias = Any
"""What a step returns: by name, the scalars that Keras prints, or anything else that a custom ``train_step`` returns."""


if TYPE_CHECKING:

    class FittedModel(keras.Model):
        """A model in ``fit``; Keras itself declares ``train_function`` as ``None``."""

        train_function: TrainFunction | None


class Session(Protocol):
    """Is notified of every call of an observed function."""

    def is_running(self) -> bool:
        """Whether its ``fit`` is still running."""
        ...

    @property
    def passes_over(self) -> bool:
        """Whether the next step was made by another process, and only its batch is to be taken."""
        ...

    def pass_over(self, iterator: Batches) -> None:
        """Take the batches of one call."""

    def begin_call(self) -> None:
        """The train function is about to be called."""

    def note(self, scalars: tuple[str, Any] | None, seconds: float) -> None:
        """The train function has returned, with the packed scalars of its last step, if there are any."""

    def give_up(self, reason: str) -> None:
        """Steps that are traced from now on are not measured."""

    def trained_by(self, optimizers: Mapping[str, keras.optimizers.Optimizer]) -> None:
        """A step was run, or traced, in which these optimizers update the parts of the model that they are named by."""

    def fail(self, error: BaseException | None) -> None:
        """The ``fit`` was ended by this exception (``None`` if unknown); restore everything."""


class ObservedFunction:
    """Takes the place of ``model.train_function`` until ``restore``.

    Args:
        model: the model, whose ``train_function`` was made.
        monitor: the probes.
        session: is notified of every call.
        flight: keeps what is needed to repeat the last steps, if anything does.
    """

    def __init__(self, model: FittedModel, monitor: Monitor, session: Session, flight: Flight | None = None) -> None:
        self._model, self._session, self._flight = model, session, flight
        self._bare: TrainFunction | None = model.train_function
        with attribute_set(model, "train_step", _observed_step(model, monitor, session, flight)):
            model.make_train_function(force=True)
        assert model.train_function is not None
        self._observed: TrainFunction = model.train_function
        if model.steps_per_execution == 1:
            # Keras calls each step: those that no probe measures run without probes.
            with attribute_set(model, "train_step", _unobserved_step(model, flight)):
                model.make_train_function(force=True)
            self._observed = TwoFunctions(monitor, model.train_function, self._observed)
        self._has_run = False
        model.train_function = self

    def __call__(self, iterator: object) -> Logs:
        """Run one or several steps; Keras calls this."""
        if not isinstance(iterator, tf.data.Iterator | tf.distribute.DistributedIterator):  # train_on_batch
            return self._bare_function()(iterator)
        if not self._session.is_running():
            self._session.fail(None)
            return self._bare_function()(iterator)
        try:
            return self._step_of_fit(iterator)
        except (StopIteration, tf.errors.OutOfRangeError):  # the end of the data
            raise
        except BaseException as error:  # also what a signal raises while rows are written
            self._session.fail(error)
            raise

    def _step_of_fit(self, iterator: TrainingData) -> Logs:
        if self._session.passes_over:
            self._session.pass_over(cast(Batches, iterator))
            return {}
        self._session.begin_call()
        started = time.perf_counter()
        with nullcontext() if self._flight is None else self._flight.recording(getattr(iterator, "element_spec", None)):
            logs = self._observed_or_bare(iterator)
        self._has_run = True
        self._end_flight(logs)
        self._session.note(_taken(logs), time.perf_counter() - started)
        return logs

    def _end_flight(self, logs: Logs) -> None:
        """Remove from the logs what a step compiled by XLA returned, and stop training if it has to be."""
        returned = logs.pop(ENTRY, None) if isinstance(logs, dict) else None
        if self._flight is not None and self._flight.end_call(int(self._model.steps_per_execution or 1), returned):
            self._model.stop_training = True

    @property
    def splits(self) -> bool | None:
        """Whether steps that are not measured run in a function of their own; ``None`` where there is no choice."""
        return self._observed.splits if isinstance(self._observed, TwoFunctions) else None

    @splits.setter
    def splits(self, known: bool | None) -> None:
        if isinstance(self._observed, TwoFunctions):
            self._observed.splits = bool(known)

    def leave(self) -> None:
        """End the session, because another ``fit`` has begun: its own has ended without calling a callback."""
        self._session.fail(None)

    def restore(self) -> None:
        """Restore the model's own function, unless it has been replaced by another one meanwhile."""
        if self._model.train_function is self:
            self._model.train_function = self._bare

    def _observed_or_bare(self, iterator: object) -> Logs:
        """Run the step; if it cannot be traced with probes, trace it without, which raises the user's own errors again."""
        try:
            return self._observed(iterator)
        except (StopIteration, UsageError, tf.errors.OpError):  # end of data, misuse, and errors at run time
            raise
        except Exception as error:
            if self._has_run or self._model.run_eagerly:  # tracing consumes no data, an eager step does
                raise
            bare = self._bare_function()
            logs = bare(iterator)
            self._observed = bare
            self._session.give_up(f"a fault of the probes: {type(error).__name__}: {error}")
            return logs

    def _bare_function(self) -> TrainFunction:
        mine = self._model.train_function
        self._model.train_function = self._bare
        self._model.make_train_function()
        self._bare = self._model.train_function
        if mine is self and self._session.is_running():
            self._model.train_function = mine
        assert self._bare is not None
        return self._bare


def _observed_step(
    model: FittedModel, monitor: Monitor, session: Session, flight: Flight | None
) -> Callable[[Any], Any]:
    original = model.train_step
    recorded = Recorded(model, flight, original)

    @functools.wraps(original)
    def train_step(data: Nest) -> Logs:
        scalars = StepScalars(model)
        # Replicas run on threads of their own, so watched loops are told here that this step belongs to ``fit``.
        with steps_unheard(), scalars.collecting(), observing(monitor, session.give_up):
            report_batch(data)
            logs = recorded(data)
            session.trained_by(scalars.optimizers)
        return logs | scalars.packed(logs) | recorded.returned if isinstance(logs, dict) else logs

    return train_step


def _unobserved_step(model: FittedModel, flight: Flight | None) -> Callable[[Any], Any]:
    """The step with nothing but its scalars, which are recorded at every step."""
    original = model.train_step
    recorded = Recorded(model, flight, original)

    @functools.wraps(original)
    def train_step(data: Nest) -> Logs:
        scalars = StepScalars(model)
        with steps_unheard(), scalars.collecting():
            logs = recorded(data)
        return logs | scalars.packed(logs) | recorded.returned if isinstance(logs, dict) else logs

    return train_step


def _taken(logs: Logs) -> tuple[str, Any] | None:
    """Remove the step's packed scalars from the logs, which Keras is about to read, and return them with their key."""
    keys = [key for key in logs if key.startswith(PREFIX)] if isinstance(logs, dict) else []
    return (keys[0], logs.pop(keys[0])) if keys else None


def check_trainable(model: FittedModel) -> None:
    """Refuse a model that cannot step.

    Raises:
        UsageError: it has no optimizer, and its ``train_step`` is Keras' own, which needs one.
    """
    own_step = getattr(type(model), "train_step", None) is not keras.Model.train_step or "train_step" in vars(model)
    if getattr(model, "optimizer", None) is None and not own_step:
        raise UsageError(
            what="there is no optimizer, so no training step to measure",
            where="ProbeCallback in model.fit(...)",
            got=f"{model!r}, compiled with optimizer=None"
            if getattr(model, "compiled", False)
            else f"{model!r}, not compiled",
            do="call model.compile(optimizer=..., loss=...) before fit",
        )
