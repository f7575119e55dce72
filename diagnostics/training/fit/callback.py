"""The callback that puts probes into ``model.fit``."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import keras

from diagnostics.runs.folders import free_directory
from diagnostics.runs.writer import RunWriter
from diagnostics.training.checkpoints.inputs import check_repeatable
from diagnostics.training.checkpoints.session import Checkpointing, check_no_resume, checked_every
from diagnostics.training.facts import settings
from diagnostics.training.facts.losses import minimises_compiled_loss
from diagnostics.training.facts.run_facts import RunFacts
from diagnostics.training.fit.announcement import announcement
from diagnostics.training.fit.budget import check_budget
from diagnostics.training.fit.session import FitSession
from diagnostics.training.fit.train_function import ObservedFunction, check_trainable
from diagnostics.training.flight.about import check_recordable, of_fit
from diagnostics.training.flight.flight import Flight
from diagnostics.training.flight.in_fit import check_fit
from diagnostics.training.flight.options import FlightRecorder, options_of
from diagnostics.training.limits import check_switch, checked_config, checked_directory, checked_seed, whole
from diagnostics.training.new_run import check_sinks, new_run
from diagnostics.training.replicas import is_chief
from probes.checks import check_probes
from probes.monitor import Monitor
from probes.probe import Probe
from probes.seams.datasets import Feed, feed_of_running_fit
from probes.seams.fit import hear_errors, running_callback_list
from probes.seams.random_kernels import random_kernels_of

if TYPE_CHECKING:
    from diagnostics.training.fit.train_function import FittedModel
    from diagnostics.training.sink import Sink


class ProbeCallback(keras.callbacks.Callback):
    """Measures ``model.fit`` from inside Keras' compiled train step, every tenth step by default, and writes a run.

    ::

        model.fit(x, y, epochs=3, callbacks=[diagnostics.ProbeCallback("runs/mine")])

    Steps count from 0 in each ``fit``. The recorded ``loss`` is what the step's tape differentiates with respect to the
    model's weights, for the step's own batch, summed over replicas and without loss scaling. Metrics, and whatever else
    ``train_step`` returns, are those of the step, too; Keras itself logs means over the epoch so far. Metrics that cannot
    be split by step, such as AUC, stand in the last step of each epoch. If different parts of a model have losses of their
    own, as in a GAN, there is one column for each, such as ``loss/discriminator``, and ``loss`` is their sum.

    Training and its output do not change. If the disk cannot be written, training continues, and a warning names the first
    step that is lost.

    Args:
        directory: the run's folder; it must not exist, or be empty. If the same callback is passed to another ``fit``, that
            one is recorded in ``directory-2``, and so on.
        probes: what to measure; ``probes.default()`` by default.
        config: any other settings that affect the results; stored in ``run.json``.
        seed: the seed that you have set; stored in ``run.json``.
        budget: the largest share of training time that measuring may take (0.05 is 5 %); steps are measured less often to
            keep within it. ``None`` keeps the probes' own cadence. The actual cost is stored in ``run.json`` either way.
        tensorboard: also write TensorBoard's event files, into ``tensorboard/`` in the run's folder, during training.
        sinks: trackers that take the run over during training, such as ``[diagnostics.sinks.MLflow()]``; one that fails gets no
            more, with a warning.
        flight_recorder: ``True`` or a ``diagnostics.FlightRecorder``: at the first loss or gradient that is not finite, write
            what is needed to repeat the last steps to ``flight/`` in the run's folder.
        checkpoint_every: steps between two checkpoints in ``checkpoints/`` in the run's folder, of which the last two are kept.
        resume: go on where a killed or interrupted run in ``directory`` took its last checkpoint; begin where there is none.
            Repeat the script as it was: in the same call of ``fit``, the steps that were made are passed over, and only their
            batches are read, so that training goes on in the midst of an epoch, bit-equal to one that was not killed. Put
            the callback first: those behind it are told what the epochs passed over came to.
        verbose: 1 says on standard error, before the first step, what is measured when; 0 says nothing.

    Under a ``tf.distribute`` strategy the statistics are those of the whole batch, and the chief writes the run.

    Raises:
        UsageError: TensorBoard is asked for and not installed, an invalid budget, or something that is no sink.
    """

    def __init__(  # noqa: PLR0913 - one option a keyword
        self,
        directory: str | Path,
        probes: Iterable[Probe] | None = None,
        *,
        config: Mapping[str, Any] | None = None,
        seed: int | None = None,
        budget: float | None = None,
        tensorboard: bool = False,
        sinks: Iterable[Sink] = (),
        flight_recorder: FlightRecorder | bool | None = None,
        checkpoint_every: int | None = None,
        resume: bool = False,
        verbose: int = 1,
    ) -> None:
        super().__init__()
        self._sinks = check_sinks(sinks, "ProbeCallback", tensorboard=tensorboard)
        self.directory = self._wanted = checked_directory(directory, "ProbeCallback")
        self.probes = None if probes is None else check_probes(probes)
        self._config, self._seed = checked_config(config, "ProbeCallback"), checked_seed(seed, "ProbeCallback")
        self._budget = check_budget(budget)
        self._verbose = whole("verbose", int(verbose) if isinstance(verbose, bool) else verbose, 0, "ProbeCallback")
        self._recorder = options_of(flight_recorder, "ProbeCallback")
        if checkpoint_every is not None:
            whole("checkpoint_every", checkpoint_every, 1, "ProbeCallback")
        check_switch("resume", resume, "ProbeCallback")
        self._checkpoint_every, self._resume = checkpoint_every, resume
        self._session: FitSession | None = None
        self._runs = 0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Put the probes in.

        Raises:
            UsageError: no optimizer, a folder that is not empty, or anything that ``Monitor`` refuses; before the first step.
        """
        model = cast("FittedModel", self.model)
        if isinstance(model.train_function, ObservedFunction):
            model.train_function.leave()
        check_trainable(model)
        if self._recorder is not None:
            check_recordable(model.distribute_strategy, True, "ProbeCallback")
            check_fit(model)
        monitor = Monitor(model, self.probes, optimizer=model.optimizer, losses=False)
        facts = RunFacts(model, monitor)
        feed = feed_of_running_fit()
        training = partial(settings.of_fit, model, feed, self.params or {})
        kept = self._checkpointing(monitor, feed)
        writer = self._writer(monitor, facts.begin(training, whole_loss=minimises_compiled_loss(model)), kept)
        try:
            flight = self._flight(writer, monitor, 0 if kept is None else kept.start.step)
            self._session = FitSession(model, monitor, writer, self._budget, facts, flight, kept)
        except Exception as error:
            if writer is not None:
                writer.finish("failed", error=f"{type(error).__name__}: {error}")
            raise
        self._runs += 1
        if self._verbose and writer is not None:
            print(announcement(monitor.probes, self.directory), file=sys.stderr)
        _end_with_fit(self._session)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Note the epoch."""
        if self._session is not None:
            self._session.begin_epoch(epoch)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Record the epoch's metrics."""
        if self._session is not None:
            self._session.end_epoch(logs)

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Take the probes out, and end the run."""
        if self._session is not None:
            self._session.finish()
            self._session = None

    def end(self, error: BaseException) -> None:
        """Take the probes out and record the exception that ended ``fit``; for a caller that has caught it."""
        if self._session is not None:
            self._session.fail(error)
            self._session = None

    def _checkpointing(self, monitor: Monitor, feed: Feed) -> Checkpointing | None:
        """What takes checkpoints; in a second ``fit``, those of ``directory-2``."""
        model, where = cast("FittedModel", self.model), "ProbeCallback"
        every = checked_every(self._checkpoint_every, self._wanted, model.distribute_strategy, where)
        if every is None:
            check_no_resume(self._resume, f"{where}(resume=True)", f"{where}(..., checkpoint_every=...)")
            return None
        check_repeatable(feed.dataset, "model.fit(x)")
        if self._resume and self._runs:
            self.directory = self._wanted.with_name(f"{self._wanted.name}-{self._runs + 1}")
        about = {"seed": self._seed, "probes": [repr(probe) for probe in monitor.probes]}
        return Checkpointing(self.directory, every, resume=self._resume, about=about)

    def _flight(self, writer: RunWriter | None, monitor: Monitor, first: int) -> Flight | None:
        """What records the steps of one ``fit``."""
        if self._recorder is None or writer is None:
            return None
        model = cast("FittedModel", self.model)
        about = of_fit(model, lambda: random_kernels_of(monitor.traced))
        return Flight(self._recorder, self.directory, model, model.optimizer, about, first=first)

    def _writer(self, monitor: Monitor, facts: Mapping[str, Any], kept: Checkpointing | None) -> RunWriter | None:
        """The run's writer; ``None`` in every worker but the chief, which writes for all."""
        model = cast("FittedModel", self.model)
        if not is_chief(model.distribute_strategy):
            return None
        if self._runs and not self._resume:
            self.directory = free_directory(self._wanted)
        known = {"model": model.name, "optimizer": _name_of_optimizer(model), **(self.params or {})}
        known |= {"steps_per_execution": model.steps_per_execution, "jit_compile": model.jit_compile}
        names = [repr(probe) for probe in monitor.probes]
        known |= {"loss": "of each step's batch", "loss_name": _name_of_loss(model.loss), "fit": self._runs + 1}
        config = known | self._config
        command = self._config.get("command", "diagnostics.ProbeCallback")
        about = {"command": command, "config": config, "seed": self._seed, "probes": names, "facts": facts}
        about |= {"continues": None if kept is None else kept.continues}
        return new_run(self.directory, sinks=self._sinks, **about)


def _name_of_loss(loss: object) -> str | None:
    """The loss given to ``compile``, by the name that its class or function has; of several, all names."""
    if loss is None or isinstance(loss, str):
        return loss
    if isinstance(loss, Mapping | list | tuple):
        return ", ".join(str(_name_of_loss(each)) for each in (loss.values() if isinstance(loss, Mapping) else loss))
    return getattr(loss, "__name__", type(loss).__name__)


def _name_of_optimizer(model: FittedModel) -> str | None:
    """The optimizer given to ``compile``; ``None`` if a ``train_step`` of the user's may use others."""
    own = type(model).train_step is not keras.Model.train_step or type(model).compile is not keras.Model.compile
    held = {id(value) for value in vars(model).values() if isinstance(value, keras.optimizers.Optimizer)}
    return None if own and len(held) > 1 else type(model.optimizer).__name__


def _end_with_fit(session: FitSession) -> None:
    """End the session when ``fit`` frees its callbacks, because Keras calls no callback after an exception."""
    callbacks = running_callback_list()
    if callbacks is not None:
        hear_errors(callbacks, session.fail)
        weakref.finalize(callbacks, session.abandon)
