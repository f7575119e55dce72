"""Trains a program once, as it is or with a remedy, and judges what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np

from diagnostics.rules import Finding, Remedy, diagnose
from diagnostics.runs.run import load_run
from diagnostics.training.fit.callback import ProbeCallback
from diagnostics.training.remedies.changes import CHANGES
from diagnostics.training.remedies.program import Make, Program
from diagnostics.training.remedies.rebuilding import NotTriedError
from diagnostics.training.remedies.task import WORST, Task, skill_of, task_of
from diagnostics.training.remedies.training import Training
from probes.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

HELD_OUT = 0.2
"""Share of the examples that is held out where there are no others to judge a model by."""
SPLIT = 0
"""Seed of the held-out part, the same for all trainings, so that they differ in nothing else."""
WEIGHT = "sample_weight"
AT_ONCE = 256
"""Examples in one call of the model."""


@dataclass(frozen=True)
class Trial:
    """What came of one training.

    Args:
        skill: on held-out data, −1 to 1 (see `task.skill_of`).
        findings: all of them.
        error: the exception that ended it; empty if none did.
    """

    skill: float
    findings: tuple[Finding, ...]
    error: str = ""

    @property
    def loud(self) -> tuple[Finding, ...]:
        """Warnings and errors."""
        return tuple(one for one in self.findings if one.is_loud)


def tried(make: Make, seed: int, folder: Path, remedy: Remedy | None = None) -> Trial:
    """Train the program of a seed.

    Args:
        make: makes it.
        seed: for everything random.
        folder: for the run; new.
        remedy: a change; none for the program as it is.

    Raises:
        NotTriedError: the change cannot be made.
        UsageError: the program cannot be trained at all.
    """
    change = None if remedy is None else CHANGES.get(remedy.change)
    if remedy is not None and change is None:
        raise NotTriedError("only you can make this change")
    policy = remedy.settings["policy"] if remedy is not None and remedy.change == "precision" else None
    with _precision(policy):
        keras.utils.set_random_seed(seed)
        training = _prepared(make(seed))
        if change is not None and remedy is not None:
            training = change(training, remedy.settings)
        error = _fit(training, folder)
        skill = WORST if error else _skill(training)
    return Trial(skill, tuple(diagnose(load_run(folder))), error)


@contextmanager
def _precision(policy: str | None) -> Iterator[None]:
    kept = keras.config.dtype_policy()
    if policy is not None:
        keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(kept)


def _prepared(program: Program) -> Training:
    """The program with a part of its data held out."""
    x, y = np.asarray(program.x), np.asarray(program.y)
    options = dict(program.options)
    task: Task = task_of(program.model, y)
    if program.validation is not None:
        held_x, held_y = (np.asarray(each) for each in program.validation)
    else:
        out = np.random.default_rng(SPLIT).random(len(x)) < HELD_OUT
        held_x, held_y, x, y = x[out], y[out], x[~out], y[~out]
        if options.get(WEIGHT) is not None:
            options[WEIGHT] = np.asarray(options[WEIGHT])[~out]
    return Training(program.model, x, y, held_x, held_y, task, program.epochs, program.batch_size, options)


def _fit(training: Training, folder: Path) -> str:
    """Train; what the training raises is returned, as long as it has left a run."""
    callbacks: Sequence[keras.callbacks.Callback] = training.options.get("callbacks", ())
    options = {name: value for name, value in training.options.items() if name != "callbacks"}
    try:
        training.model.fit(
            training.x,
            training.y,
            epochs=training.epochs,
            batch_size=training.batch_size,
            validation_data=(training.held_x, training.held_y),
            verbose=0,  # pyright: ignore[reportArgumentType]
            callbacks=[*callbacks, ProbeCallback(folder, verbose=0)],
            **options,
        )
    except UsageError:
        raise
    except Exception as error:  # a fault may end in one, and the run says how far it came
        if not (folder / "run.json").exists():
            raise UsageError(
                what="the program cannot be trained",
                where="model.fit(x, y)",
                got=f"{type(error).__name__}: {error!s:.200}",
                do="return a compiled model and data that fit takes",
            ) from error
        return f"{type(error).__name__}: {error!s:.200}"
    return ""


def _skill(training: Training) -> float:
    parts = [
        np.asarray(training.model(training.held_x[start : start + AT_ONCE], training=False))
        for start in range(0, len(training.held_x), AT_ONCE)
    ]
    return skill_of(training.task, training.held_y, np.concatenate(parts))
