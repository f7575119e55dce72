"""Trains the arms of a scenario in several processes, here or on a cluster, with the numbers of one process."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib

from probes.errors import UsageError, unknown_name

BACKENDS = {"loky": "joblib", "dask": "distributed", "ray": "ray"}
"""joblib's back-ends that run processes, and the package that each one needs."""


def train_arms(
    scenario: Any,
    arms: Iterable[str],
    seeds: Sequence[int],
    directory: Path,
    command: str,
    *,
    jobs: int,
    backend: str,
    done: Callable[[str], None],
) -> None:
    """Train each arm, all its seeds in one process, so that they share its compiled step.

    Args:
        scenario: the scenario; its class and knobs travel, not the object.
        arms: names of the arms.
        seeds: the seeds.
        directory: the scenario's folder, already opened.
        command: what was typed, for the record.
        jobs: processes at a time.
        backend: ``loky`` (processes here), ``dask`` or ``ray`` (a cluster that those libraries know).
        done: told of every arm that has ended.

    Raises:
        UsageError: an unknown back-end, or one whose package is not installed.
    """
    kind = f"{type(scenario).__module__}:{type(scenario).__name__}"
    work = [
        joblib.delayed(train_arm)(kind, asdict(scenario), arm, tuple(seeds), str(directory), command) for arm in arms
    ]
    with _backend(backend):
        for arm in joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(work):
            done(str(arm))


def train_arm(kind: str, knobs: dict[str, Any], arm: str, seeds: tuple[int, ...], directory: str, command: str) -> str:
    """What one process does: make the scenario again, and train one arm.

    Returns:
        The arm's name.
    """
    from diagnostics.workbench import quiet_import, repeatable  # noqa: PLC0415 - in the other process only

    with quiet_import():
        module, _, name = kind.partition(":")
        scenario = getattr(importlib.import_module(module), name)(**knobs)
        load = importlib.import_module("scenarios.data").load
        runner = importlib.import_module("diagnostics.experiment").Runner
    repeatable()
    chosen = next(known for known in scenario.arms() if known.name == arm)
    runner(scenario, load(scenario.data), Path(directory), command).train(chosen, seeds)
    return arm


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
