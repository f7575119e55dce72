"""Trains the arms of a scenario in several processes, here or on a cluster, with the numbers of one process."""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
from joblib.externals import loky
from joblib.externals.loky import process_executor

from diagnostics.commands.quiet import quiet_import, repeatable
from diagnostics.runs import manifest
from diagnostics.runs.experiment import run_directory
from diagnostics.training.progress import Advance
from probes.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from diagnostics.training.contract import ScenarioLike

BACKENDS = {"loky": "joblib", "dask": "distributed", "ray": "ray"}
"""joblib's back-ends that run processes, and the package that each one needs."""


MOST_JOBS = 4
"""Each process loads TensorFlow: more than a few want more memory than a laptop has."""

POLL_SECONDS = 0.5


def usual_jobs(groups: int) -> int:
    """Processes for a scenario when nobody said how many: one a core, and one in all beside a GPU, which they would share.

    Args:
        groups: groups of arms that share a compiled step.
    """
    import tensorflow as tf  # noqa: PLC0415

    if tf.config.list_physical_devices("GPU"):
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, groups, MOST_JOBS)


def train_groups(
    scenario: ScenarioLike[Any, Any],
    groups: Iterable[Sequence[str]],
    seeds: Sequence[int],
    directory: Path,
    command: str,
    *,
    jobs: int,
    backend: str,
    advance: Advance,
    tensorboard: bool = False,
) -> None:
    """Train groups of arms, each in one process with all its seeds, so that they share their compiled step.

    Args:
        scenario: the scenario; its class and knobs travel, not the object.
        groups: names of the arms of each group; what takes longest should come first.
        seeds: the seeds.
        directory: the scenario's folder, already opened.
        command: what was typed, for the record.
        jobs: processes at a time.
        backend: ``loky`` (processes here), ``dask`` or ``ray`` (a cluster that those libraries know).
        advance: told of every run that has ended.
        tensorboard: write TensorBoard's event files, too.

    Raises:
        UsageError: an unknown back-end, or one whose package is not installed.
    """
    kind = f"{type(scenario).__module__}:{type(scenario).__name__}"
    knobs, groups = asdict(scenario), [tuple(group) for group in groups]
    common = {"directory": str(directory), "command": command, "tensorboard": tensorboard}
    work = [joblib.delayed(train_group)(kind, knobs, group, tuple(seeds), **common) for group in groups]
    with _backend(backend), _watched(directory, [arm for group in groups for arm in group], seeds, advance):
        joblib.Parallel(n_jobs=jobs, batch_size=1)(work)  # pyright: ignore[reportArgumentType]


def dismiss() -> None:
    """End the idle processes here, which would take seconds to take TensorFlow apart and have nothing left to write."""
    loky.get_reusable_executor(reuse=True).shutdown(kill_workers=True)  # pyright: ignore[reportArgumentType]


def train_group(
    kind: str,
    knobs: dict[str, Any],
    names: Sequence[str],
    seeds: tuple[int, ...],
    directory: str,
    command: str,
    tensorboard: bool = False,
) -> None:
    """What one process does: make the scenario again, and train a group of its arms."""
    with quiet_import():
        module, _, name = kind.partition(":")
        scenario = getattr(importlib.import_module(module), name)(**knobs)
        load = importlib.import_module("scenarios.data").load
        runner = importlib.import_module("diagnostics.training.runner").Runner
        repeatable()
    _stay()
    arms = {arm.name: arm for arm in scenario.arms()}
    training = runner(scenario, load(scenario.data), Path(directory), command, tensorboard=tensorboard)
    for each in names:
        training.train(arms[each], seeds)


def _stay() -> None:
    """No replacing: joblib ends a process that has grown, as compiled steps make it, and waits for its end, up to 90 seconds."""
    process_executor._USE_PSUTIL = False  # pyright: ignore[reportPrivateUsage]


@contextlib.contextmanager
def _watched(directory: Path, arms: Sequence[str], seeds: Sequence[int], advance: Advance) -> Iterator[None]:
    """Tell of runs as they end, by their records: whatever the back-end, that is where the processes meet."""
    waiting = {f"{arm}, seed {seed}": run_directory(directory, arm, seed) for arm in arms for seed in seeds}
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
    except UsageError:  # only half written
        return False


def _backend(name: str) -> contextlib.AbstractContextManager[Any]:
    if name not in BACKENDS:
        raise unknown_name("back-end", name, BACKENDS)
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
