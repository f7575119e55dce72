"""Probes in ``model.fit``: one callback, nothing else changed."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras

from diagnostics.runs.folders import free_directory
from diagnostics.training.facts import settings
from diagnostics.training.facts.run_facts import RunFacts
from diagnostics.training.fit.budget import check_budget
from diagnostics.training.fit.session import FitSession
from diagnostics.training.fit.train_function import ObservedFunction, check_trainable
from diagnostics.training.new_run import new_run
from diagnostics.training.replicas import is_chief
from probes.checks import check_probes
from probes.monitor import Monitor
from probes.probe import Probe
from probes.seams.datasets import feed_of_running_fit
from probes.seams.fit import running_callback_list


class ProbeCallback(keras.callbacks.Callback):
    """Measures every step of ``model.fit`` from inside Keras' compiled train step, and writes a run.

    ::

        model.fit(x, y, epochs=3, callbacks=[diagnostics.ProbeCallback("runs/mine")])

    Steps count from 0 in each ``fit``. ``loss`` is that of the step's batch, where Keras logs the mean over the epoch so far
    (which is recorded on several replicas). Training and what it prints stay as they are. When the disk refuses, training
    goes on, and a warning says from which step on readings are lost.

    Args:
        directory: the run's folder; it must not exist, or be empty. When the same callback sees another ``fit``, that
            becomes a run of its own in ``directory-2``, and so on.
        probes: what to measure; ``probes.default()`` when not given.
        config: what else decides the numbers; kept in ``run.json``.
        seed: the seed that you have set, for the record.
        budget: the most that measuring may cost, as a share of training (0.05 is 5 %): the cadence is stretched to keep it.
            ``None`` keeps the probes' own cadence. What it did cost is measured either way, and stands in ``run.json``.
        tensorboard: write TensorBoard's event files into ``tensorboard/`` in the run's folder, too, while training goes on.

    Under a ``tf.distribute`` strategy the record is that of all replicas together, and the chief writes it.

    Raises:
        UsageError: TensorBoard is asked for and not installed, or an invalid budget.
    """

    def __init__(
        self,
        directory: str | Path,
        probes: Iterable[Probe] | None = None,
        *,
        config: Mapping[str, Any] | None = None,
        seed: int | None = None,
        budget: float | None = None,
        tensorboard: bool = False,
    ) -> None:
        super().__init__()
        if tensorboard:
            from diagnostics.training.tensorboard.board import require_tensorboard  # noqa: PLC0415 - draws, which takes a second to load

            require_tensorboard()
        self.directory = self._wanted = Path(directory)
        self.probes = None if probes is None else check_probes(probes)
        self._config, self._seed = dict(config or {}), seed
        self._budget, self._tensorboard = check_budget(budget), tensorboard
        self._session: FitSession | None = None
        self._runs = 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Put the probes in.

        Raises:
            UsageError: no optimizer, an occupied folder, or what ``Monitor`` refuses; before the first step.
        """
        model: Any = self.model
        if isinstance(model.train_function, ObservedFunction):
            model.train_function.leave()
        check_trainable(model)
        monitor = Monitor(model, self.probes, optimizer=model.optimizer)
        facts = RunFacts(model, monitor)
        feed = feed_of_running_fit()
        writer = self._writer(monitor, facts.begin(lambda: settings.of_fit(model, feed, self.params or {})))
        try:
            self._session = FitSession(model, monitor, writer, self._budget, facts)
        except Exception as error:
            if writer is not None:
                writer.finish("failed", error=f"{type(error).__name__}: {error}")
            raise
        self._runs += 1
        _end_with_fit(self._session)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the epoch."""
        if self._session is not None:
            self._session.begin_epoch(epoch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Record the epoch's figures."""
        if self._session is not None:
            self._session.end_epoch(logs)

    def on_train_end(self, logs: Any = None) -> None:
        """Take the probes out, and end the run."""
        if self._session is not None:
            self._session.finish()
            self._session = None

    def end(self, error: BaseException) -> None:
        """``fit`` was ended by this exception: take the probes out now, and record it; to be called by who has caught it."""
        if self._session is not None:
            self._session.fail(error)
            self._session = None

    def _writer(self, monitor: Monitor, facts: Mapping[str, Any]) -> Any:
        """One run, one writer: of several workers it is the chief."""
        model: Any = self.model
        if not is_chief(model.distribute_strategy):
            return None
        if self._runs:
            self.directory = free_directory(self._wanted)
        known = {"model": model.name, "optimizer": type(model.optimizer).__name__, **(self.params or {})}
        known |= {"steps_per_execution": model.steps_per_execution, "jit_compile": model.jit_compile}
        names = [repr(probe) for probe in monitor.probes]
        several = model.distribute_strategy.num_replicas_in_sync > 1
        known["loss"] = "mean over the epoch so far, as Keras logs it" if several else "of each step's batch"
        config = known | self._config
        command = self._config.get("command", "diagnostics.ProbeCallback")
        about = {"command": command, "config": config, "seed": self._seed, "probes": names, "facts": facts}
        return new_run(self.directory, tensorboard=self._tensorboard, **about)


def _end_with_fit(session: FitSession) -> None:
    """End the session when ``fit`` frees its callbacks, at the latest: Keras calls no callback after an exception."""
    callbacks = running_callback_list()
    if callbacks is not None:
        weakref.finalize(callbacks, session.abandon)
