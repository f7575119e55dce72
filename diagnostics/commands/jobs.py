"""Trains the arms of a scenario in several processes, locally or on a cluster, with the same results as one process."""

from __future__ import annotations

import contextlib
import functools
import importlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import joblib

from diagnostics.commands.crew import MOST_JOBS, cores, shared_out, stay
from diagnostics.commands.options import BACKENDS, check_backend
from diagnostics.commands.quiet import quiet_import, repeatable, without_advice_on_tracing
from diagnostics.runs import manifest
from diagnostics.runs.experiment import run_directory
from diagnostics.training.progress import Advance
from probes.errors import UsageError

if TYPE_CHECKING:
    from diagnostics.training.contract import ArmLike, DataLike
    from diagnostics.training.division import Task
    from diagnostics.training.runner import Runner

POLL_SECONDS = 0.5


def usual_jobs() -> int:
    """Default number of processes: at most one per core, and one in total on a GPU, which they would have to share."""
    import tensorflow as tf  # noqa: PLC0415

    return 1 if tf.config.list_physical_devices("GPU") else min(cores(), MOST_JOBS)


def train_tasks(
    runner: Runner[ArmLike, DataLike], tasks: Sequence[Task], *, jobs: int, backend: str, advance: Advance
) -> None:
    """Do the trainings in several processes; each compiles a step once for all tasks that share it.

    Args:
        runner: the scenario, with its folder opened; other processes receive the scenario's class and fields, not the object.
        tasks: the trainings, the longest task first.
        jobs: number of parallel processes; with ``loky``, this one counts.
        backend: ``loky`` (local processes), ``dask`` or ``ray`` (a cluster set up with that library).
        advance: called for each run that has ended.

    Raises:
        UsageError: the back-end is unknown or its package is not installed.
    """
    away = Away.of(runner)
    runs = [(arm, seed) for task in tasks for arm in task.arms for seed in task.seeds]
    with _backend(backend), _watched(runner.directory, runs, advance):
        if backend == "loky":
            shared_out(tasks, jobs, runner.work_off, away.work_off)
        else:
            work = [joblib.delayed(away.work_off)(task) for task in tasks]
            joblib.Parallel(n_jobs=jobs, batch_size=1)(work)  # pyright: ignore[reportArgumentType] - joblib has no types


@dataclass(frozen=True)
class Away:
    """A scenario's runner as another process builds it again.

    Args:
        kind: module and class of the scenario.
        fields: the scenario's fields.
        directory: the scenario's folder, already opened.
        command: the command line, stored in ``run.json``.
        tensorboard: write TensorBoard's event files, too.
    """

    kind: str
    fields: Mapping[str, object] = field(hash=False)  # a scenario's fields need not be hashable
    directory: str
    command: str
    tensorboard: bool

    @classmethod
    def of(cls, runner: Runner[ArmLike, DataLike]) -> Away:
        """What describes a runner."""
        kind = f"{type(runner.scenario).__module__}:{type(runner.scenario).__name__}"
        return cls(kind, asdict(runner.scenario), str(runner.directory), runner.command, runner.tensorboard)

    def work_off(self, task: Task) -> None:
        """Do the trainings of one task in this process, with the steps that earlier tasks have compiled."""
        _runner(self).work_off(task)


@functools.lru_cache(maxsize=1)
def _runner(away: Away) -> Runner[ArmLike, DataLike]:
    with quiet_import():
        from diagnostics.training.runner import Runner  # noqa: PLC0415 - TensorFlow
        from scenarios.data import load  # noqa: PLC0415 - TensorFlow

        module, _, name = away.kind.partition(":")
        scenario = getattr(importlib.import_module(module), name)(**away.fields)
        repeatable()
    without_advice_on_tracing()
    stay()
    return Runner(scenario, load(scenario.data), Path(away.directory), away.command, tensorboard=away.tensorboard)


@contextlib.contextmanager
def _watched(directory: Path, runs: Sequence[tuple[str, int]], advance: Advance) -> Iterator[None]:
    """Report runs as they end by polling their records, which works with every back-end."""
    waiting = {f"{arm}, seed {seed}": run_directory(directory, arm, seed) for arm, seed in runs}
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(POLL_SECONDS):
            for words in [words for words, place in waiting.items() if _ended(place)]:
                del waiting[words]
                advance(words, 1, {})

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def _ended(place: Path) -> bool:
    try:
        return (place / manifest.NAME).exists() and manifest.read(place, "run")["status"] != "running"
    except UsageError:  # partly written
        return False


def _backend(name: str) -> contextlib.AbstractContextManager[object]:
    check_backend(name)
    try:
        importlib.import_module(BACKENDS[name])
        if name == "ray":
            importlib.import_module("ray.util.joblib").register_ray()
    except ImportError as error:
        raise UsageError(
            what=f"the back-end {name} is not installed",
            where=f"--backend {name}",
            got=str(error),
            do=f"pip install {BACKENDS[name]}, or use --backend loky",
        ) from error
    return joblib.parallel_config(backend=name)
