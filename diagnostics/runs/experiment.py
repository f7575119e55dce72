"""A stored experiment: the finished runs by arm and seed, and the incomplete ones."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from diagnostics.runs import manifest
from diagnostics.runs.confined import as_path, own
from diagnostics.runs.plan import Plan
from diagnostics.runs.run import Run, load_run
from diagnostics.runs.tables import TABLES
from probes.errors import UsageError, unknown_name

ARMS = "arms"
SEED_PREFIX = "seed-"
MOST_DIGITS = 19
"""Digits of a number that fits into 63 bits."""


@dataclass(frozen=True)
class Incomplete:
    """A run that is not finished and is left out of comparisons.

    Attributes:
        arm: the arm's name.
        seed: the seed.
        status: ``"missing"``, ``"unreadable"``, ``"running"``, ``"killed"``, ``"failed"`` or ``"interrupted"``.
        reason: one line for the reader.
        run: the partial run, if it can be read.
    """

    arm: str
    seed: int
    status: str
    reason: str
    run: Run | None = None


@dataclass(frozen=True, repr=False, eq=False)
class Experiment:
    """A scenario's runs.

    Attributes:
        path: the scenario's folder.
        metadata: the content of its ``run.json``.
        runs: the finished runs by arm, in the scenario's order, and by seed, ascending. An arm without
            finished runs has an empty entry.
        incomplete: every other run that was declared or started, so that none is dropped silently.
    """

    path: Path
    metadata: dict[str, Any]
    runs: dict[str, dict[int, Run]]
    incomplete: tuple[Incomplete, ...] = ()

    @cached_property
    def plan(self) -> Plan:
        """The scenario that the runs belong to.

        Raises:
            UsageError: a field in ``run.json`` is missing or has the wrong type.
        """
        return Plan.of(self.metadata, str(self.path / manifest.NAME))

    def table(self, name: str) -> pd.DataFrame:
        """One table of all finished runs, concatenated.

        Args:
            name: ``"layers"``, ``"units"`` or ``"scalars"``.

        Returns:
            The runs' rows with two columns in front: arm (categorical, in the scenario's order) and seed.

        Raises:
            UsageError: the table is unknown, or no run has finished.
        """
        if name not in TABLES:
            raise unknown_name("table", name, TABLES)
        arms = list(self.runs)
        frames = [_labelled(run, name, arm, arms) for arm, runs in self.runs.items() for run in runs.values()]
        if not frames:
            raise UsageError(
                what="no run has finished", where=str(self.path), got=repr(self), do="run the scenario again"
            )
        return _with_categories(pd.concat(frames, ignore_index=True), frames)

    def __repr__(self) -> str:
        finished = sum(map(len, self.runs.values()))
        rest = "".join(f", {n} {status}" for status, n in Counter(item.status for item in self.incomplete).items())
        return f"Experiment({str(self.path)!r}, {len(self.runs)} arms, {finished} runs finished{rest})"

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(f'{i.arm}, seed {i.seed}: {i.reason}')}</li>" for i in self.incomplete)
        return f"<p>{html.escape(repr(self))}</p><ul>{items}</ul>"


def load_experiment(path: str | Path) -> Experiment:
    """Load a stored experiment, without TensorFlow.

    Args:
        path: the scenario's folder, which holds ``arms/ARM/seed-SEED/``. Arms and seeds that its ``run.json`` declares
            (``arms``: names, or a mapping by name; ``seeds``: integers) are expected; others are included if found.

    Returns:
        The experiment, with finished and incomplete runs separated.

    Raises:
        UsageError: the folder is missing or not a scenario, or its ``run.json`` is damaged or from a newer version.
    """
    path = as_path(path, "load_experiment(path)")
    metadata = manifest.read(path, "scenario")
    expected = [(arm, seed) for arm in metadata.get("arms", ()) for seed in metadata.get("seeds", ())]
    places = dict.fromkeys([*expected, *sorted(found_runs(path))])
    runs: dict[str, dict[int, Run]] = {arm: {} for arm in metadata.get("arms", ())}
    incomplete = []
    for arm, seed in sorted(places, key=lambda place: place[1]):
        outcome = _load(path, arm, seed)
        if isinstance(outcome, Incomplete):
            incomplete.append(outcome)
        else:
            runs.setdefault(arm, {})[seed] = outcome
    return Experiment(path, metadata, runs, tuple(incomplete))


def run_directory(path: str | Path, arm: str, seed: int) -> Path:
    """The folder for the run of one arm and seed.

    Raises:
        UsageError: the arm's name leads out of the folder, or a link stands on the way.
    """
    return own(Path(path), ARMS, arm, f"{SEED_PREFIX}{seed}")


def found_runs(path: Path) -> Iterator[tuple[str, int]]:
    """Arm and seed of every folder that has a run's name; links are not followed."""
    for arm in _folders(path / ARMS):
        for place in _folders(arm):
            seed = place.name.removeprefix(SEED_PREFIX)
            is_number = seed.isascii() and seed.isdecimal() and len(seed) < MOST_DIGITS
            if is_number and place.name == f"{SEED_PREFIX}{int(seed)}":
                yield arm.name, int(seed)


def _folders(path: Path) -> list[Path]:
    if path.is_symlink() or not path.is_dir():
        return []
    return [each for each in path.iterdir() if each.is_dir() and not each.is_symlink()]


def _load(path: Path, arm: str, seed: int) -> Run | Incomplete:
    try:
        directory = run_directory(path, arm, seed)
        if not directory.exists():
            return Incomplete(arm, seed, "missing", "never started")
        run = load_run(directory)
    except UsageError as error:
        return Incomplete(arm, seed, "unreadable", f"{error.got}, at {error.where}")
    if run.status == "finished":
        return run
    return Incomplete(arm, seed, run.status, run.metadata.get("error", f"the run's status is {run.status}"), run)


def _labelled(run: Run, name: str, arm: str, arms: list[str]) -> pd.DataFrame:
    frame = getattr(run, name)
    labels = {"arm": pd.Categorical([arm] * len(frame), categories=arms), "seed": run.seed}
    return pd.concat([pd.DataFrame(labels, index=frame.index), frame], axis=1)


def _with_categories(joined: pd.DataFrame, frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Restore categorical columns: ``concat`` turns them into objects where the runs' categories differ."""
    for column in joined:
        parts = [frame[column] for frame in frames if column in frame]
        if any(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
            names = dict.fromkeys(name for part in parts for name in part.cat.categories)
            joined[column] = pd.Categorical(joined[column], categories=list(names))
    return joined
