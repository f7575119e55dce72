"""Takes the checkpoints of one training, and takes up the newest one of another process."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from diagnostics.runs import folders, manifest
from diagnostics.runs.files import json_text
from diagnostics.runs.run import load_run
from diagnostics.training.checkpoints.place import Place, packed, unpacked
from diagnostics.training.checkpoints.store import Checkpoints
from diagnostics.training.limits import whole
from diagnostics.training.recorder import LenientRecorder
from diagnostics.training.state.variables import capture, restore
from probes.continuing import carried, carry_on
from probes.errors import UsageError
from probes.monitor import Monitor

TRAINING, MONITOR = "training/", "monitor/"


class Checkpointing:
    """What one training needs to be taken up again.

    Args:
        run: the run's folder.
        every: steps between two checkpoints.
        resume: whether to go on where the folder's run ended.
        about: config, seed and probes of the run, which must agree with those of its beginning.

    Attributes:
        start: where training begins; before the first step unless a checkpoint was found.
        continues: the rows that stay of each table; ``None`` for a new run.

    Raises:
        UsageError: the folder holds something else than the beginning of this run.
    """

    def __init__(self, run: Path, every: int, *, resume: bool, about: Mapping[str, Any]) -> None:
        self._store, self._every = Checkpoints(run), every
        self.start, self.continues = Place(), None
        self._arrays: Mapping[str, np.ndarray] = {}
        self._pending: list[dict[str, Any]] = []
        self._losses: list[np.ndarray] = []
        self._warned: set[str] = set()
        self._seen: dict[int, float] = {}
        if resume and folders.is_occupied(run):
            _check_agreement(run, about)
            self.continues = {}
            self._find()
            self._seen = _losses_behind(run, self.start.step)
        if about.get("seed") is None and self.start.shuffle_seed is None:
            self.start = replace(self.start, shuffle_seed=secrets.randbelow(2**31 - 1) + 1)

    def _find(self) -> None:
        found = self._store.newest()
        if found is not None:
            path, self._arrays = found
            self.start, self._pending, self._losses = unpacked(self._arrays, str(path))
            self.continues = dict(self.start.rows)

    def room(self, step: int) -> int:
        """How many steps may follow before the next checkpoint is due."""
        return self._every - step % self._every

    def is_due(self, step: int) -> bool:
        """Whether a checkpoint is to be taken before this step."""
        return step > self.start.step and step % self._every == 0

    def take(self, parts: Parts, recorder: LenientRecorder, place: Place, losses: Sequence[np.ndarray] = ()) -> None:
        """Take a checkpoint; where the disk refuses, training goes on with a warning.

        Args:
            parts: what is trained.
            recorder: brings its rows to disk first.
            place: the place, but for what the recorder knows.
            losses: the losses of the epoch so far.
        """
        recorder.flush_until(place.step, hold=True)
        try:
            place = replace(place, **recorder.place())
            arrays = {TRAINING + name: value for name, value in capture(*parts.state()).items()}
            if parts.monitor is not None:
                arrays |= {MONITOR + name: value for name, value in carried(parts.monitor).items()}
            self._store.save(place.step, arrays | packed(place, recorder.pending, losses))
        except (OSError, UsageError) as error:
            self._warn("disk", f"no checkpoint of step {place.step}; training goes on\n{error}")
        if kernels := parts.random_kernels():
            which = f"{', '.join(kernels)} keep their state in the compiled step"
            self._warn("random", f"a resumed training will differ: {which}; use keras.random, or tf.random.Generator")

    def _warn(self, about: str, message: str) -> None:
        if about not in self._warned:
            self._warned.add(about)
            warnings.warn(message, stacklevel=4)

    def compare(self, first: int, losses: np.ndarray) -> None:
        """Warn if the steps that are made again have other losses than they had, where those came to disk.

        Args:
            first: the number of the first step.
            losses: the losses of the steps from there on.
        """
        for step, loss in enumerate(losses.tolist(), first):
            had = self._seen.pop(step, loss)
            if had != loss and not (np.isnan(had) and np.isnan(loss)):
                self._seen.clear()
                more = "its data, or some operation in it, does not repeat itself"
                warnings.warn(f"step {step} has a loss of {loss!r}, and had {had!r}: {more}", stacklevel=4)

    def prepare(self, monitor: Monitor | None) -> None:
        """Before the first step is traced: let the monitor go on where it was."""
        own = {name.removeprefix(MONITOR): each for name, each in self._arrays.items() if name.startswith(MONITOR)}
        if monitor is not None and own:
            carry_on(monitor, own)

    def take_up(self, parts: Parts, recorder: LenientRecorder) -> list[np.ndarray]:
        """Write the state of model, optimizer and generators back; returns the losses of the epoch so far."""
        own = {name.removeprefix(TRAINING): each for name, each in self._arrays.items() if name.startswith(TRAINING)}
        restore(own, *parts.state())
        recorder.go_on(self.start.seconds, self.start.first_steps, self._pending)
        losses, self._arrays, self._pending = self._losses, {}, []
        return losses

    @property
    def is_resumed(self) -> bool:
        """Whether there is a state to take up, and it has not been yet."""
        return bool(self._arrays)


class Parts:
    """What is trained: the parts that hold its state.

    Args:
        model: the model.
        optimizer: its optimizer.
        metrics: called when the state is needed, as some metrics are made late.
        monitor: the probes.
        random_kernels: called for the types of operations in the compiled step whose random state cannot be read.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        metrics: Callable[[], Sequence[keras.metrics.Metric]],
        monitor: Monitor | None,
        random_kernels: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self.random_kernels = random_kernels
        self._model, self._optimizer, self._metrics, self.monitor = model, optimizer, metrics, monitor

    def state(self) -> tuple[keras.Model, keras.optimizers.Optimizer, Sequence[keras.metrics.Metric]]:
        """Model, optimizer and metrics."""
        return self._model, self._optimizer, self._metrics()


def checked_every(every: int | None, directory: object, strategy: tf.distribute.Strategy, where: str) -> int | None:
    """The steps between two checkpoints; ``None`` for none.

    Raises:
        UsageError: no whole number, or checkpoints where there is no folder for them, or of several replicas.
    """
    if every is None:
        return None
    given = f"{where}(checkpoint_every=...)"
    if directory is None:
        do = "name the run's folder: directory=..."
        raise UsageError(what="checkpoints need a folder", where=given, got="directory=None", do=do)
    if strategy.num_replicas_in_sync > 1:
        got, do = f"{strategy.num_replicas_in_sync} replicas", "use keras.callbacks.BackupAndRestore, or one replica"
        raise UsageError(what="checkpoints hold the state of one replica", where=given, got=got, do=do)
    return whole("checkpoint_every", every, 1, where)


def check_no_resume(resume: bool, where: str, do: str) -> None:
    """Refuse to resume where no checkpoints are taken.

    Raises:
        UsageError: it is asked for.
    """
    if resume:
        raise UsageError(what="there is nothing to resume from", where=where, got="no checkpoints", do=f"give {do}")


def _losses_behind(run: Path, step: int) -> dict[int, float]:
    """The losses of steps behind a checkpoint."""
    scalars = load_run(run).scalars
    if "loss" not in scalars:
        return {}
    rows = scalars[(scalars["split"] == "train") & (scalars["step"] >= step)]
    return dict(zip(rows["step"].tolist(), rows["loss"].tolist(), strict=True))


def _check_agreement(run: Path, about: Mapping[str, Any]) -> None:
    old = manifest.read(run, "run")
    for name, value in about.items():
        if json_text(old.get(name)) != json_text(value):
            raise UsageError(
                what="this run cannot be resumed with other settings",
                where=f"{run}, {name}",
                got=f"{value!r:.200}, where the run began with {old.get(name)!r:.200}",
                do="give the settings that it began with, or train in another folder",
            )
