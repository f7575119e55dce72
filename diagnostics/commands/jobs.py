"""Trains the arms of a scenario in several processes, locally or on a cluster, with the same results as one process."""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
from joblib.externals import loky
from joblib.externals.loky import process_executor

from diagnostics.commands.quiet import quiet_import, repeatable
from diagnostics.runs import manifest
from diagnostics.runs.experiment import run_directory
from diagnostics.training.progress import Advance
from probes.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from diagnostics.training.contract import ArmLike, DataLike, ScenarioLike

BACKENDS = {"loky": "joblib", "dask": "distributed", "ray": "ray"}
"""joblib's process back-ends, and the package that each needs."""


MOST_JOBS = 4
"""Each process loads TensorFlow, so more than a few would exceed a laptop's memory."""

POLL_SECONDS = 0.5


def usual_jobs(groups: int) -> int:
    """Default number of processes: at most one per core, and one in total on a GPU, which they would have to share.

    Args:
        groups: number of groups of arms that share a compiled step.
    """
    import tensorflow as tf  # noqa: PLC0415

    if tf.config.list_physical_devices("GPU"):
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, groups, MOST_JOBS)


def train_groups(
    scenario: ScenarioLike[ArmLike, DataLike],
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
    """Train each group of arms in one process with all seeds, so that its arms share a compiled step.

    Args:
        scenario: the scenario; processes receive its class and fields, not the object.
        groups: names of the arms in each group; the slowest group should come first.
        seeds: the seeds.
        directory: the scenario's folder, already opened.
        command: the command line, stored in ``run.json``.
        jobs: number of parallel processes.
        backend: ``loky`` (local processes), ``dask`` or ``ray`` (a cluster set up with that library).
        advance: called for each run that has ended.
        tensorboard: write TensorBoard's event files, too.

    Raises:
        UsageError: the back-end is unknown or its package is not installed.
    """
    kind = f"{type(scenario).__module__}:{type(scenario).__name__}"
    knobs, groups = asdict(scenario), [tuple(group) for group in groups]
    common = {"directory": str(directory), "command": command, "tensorboard": tensorboard}
    work = [joblib.delayed(train_group)(kind, knobs, group, tuple(seeds), **common) for group in groups]
    with _backend(backend), _watched(directory, [arm for group in groups for arm in group], seeds, advance):
        joblib.Parallel(n_jobs=jobs, batch_size=1)(work)  # pyright: ignore[reportArgumentType] - joblib has no types


def dismiss() -> None:
    """Kill the idle local processes: all results are stored, and a clean shutdown of TensorFlow takes seconds."""
    loky.get_reusable_executor(reuse=True).shutdown(kill_workers=True)  # pyright: ignore[reportArgumentType] - loky has no types


def train_group(
    kind: str,
    knobs: Mapping[str, object],
    names: Sequence[str],
    seeds: tuple[int, ...],
    directory: str,
    command: str,
    tensorboard: bool = False,
) -> None:
    """The work of one process: rebuild the scenario and train a group of its arms."""
    with quiet_import():
        from diagnostics.training.runner import Runner  # noqa: PLC0415 - TensorFlow
        from scenarios.data import load  # noqa: PLC0415 - TensorFlow

        module, _, name = kind.partition(":")
        scenario = getattr(importlib.import_module(module), name)(**knobs)
        repeatable()
    _stay()
    arms = {arm.name: arm for arm in scenario.arms()}
    runner = Runner(scenario, load(scenario.data), Path(directory), command, tensorboard=tensorboard)
    for each in names:
        runner.train(arms[each], seeds)


def _stay() -> None:
    """Keep the process: joblib replaces one whose memory has grown, as compiled steps cause, and waits up to 90 s for it to end."""
    process_executor._USE_PSUTIL = False  # pyright: ignore[reportPrivateUsage]


@contextlib.contextmanager
def _watched(directory: Path, arms: Sequence[str], seeds: Sequence[int], advance: Advance) -> Iterator[None]:
    """Report runs as they end by polling their records, which works with every back-end."""
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
    except UsageError:  # partly written
        return False


def _backend(name: str) -> contextlib.AbstractContextManager[object]:
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
