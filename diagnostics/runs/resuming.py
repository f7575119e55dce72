"""Taking up an experiment that was not finished, and leaving a mark where a training failed before it could."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from diagnostics.runs import folders, lock, manifest
from diagnostics.runs.experiment import found_runs, run_directory
from diagnostics.runs.files import json_text
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError

MUST_AGREE = ("scenario", "config", "data")
"""What two parts of one experiment share; arms and seeds may be added."""


def resumed(directory: Path, content: Mapping[str, Any]) -> tuple[lock.FolderLock, dict[str, Any]]:
    """Go on with an experiment in the folder that holds its beginning.

    Args:
        directory: the scenario's folder.
        content: what the record of the whole experiment would be.

    Returns:
        The folder's lock, and the old record with the new arms and seeds beside the old ones. Where a killed process left
        no readable record, a new one, if the finished runs fit it.

    Raises:
        UsageError: no scenario there, one with other settings, or one that another process writes.
    """
    if not folders.is_occupied(directory):  # killed before there was a record
        return manifest.create(directory, "scenario", content)
    if not manifest.is_damaged(directory):
        manifest.read(directory, "scenario")  # what is no scenario is left as it is
    held = manifest.locked(directory)
    try:
        _check_unused(directory)
        record = _whole_record(directory, content)
        manifest.update(directory, record)
    except BaseException:
        held.release()
        raise
    return held, record


def begin_again(directory: Path, arm: str, seed: int) -> bool:
    """Whether a run is still to be made; what is left of one that did not finish is cleared away first.

    Raises:
        UsageError: another process writes the run, or a link stands in its place.
    """
    place = run_directory(directory, arm, seed)
    if not place.exists():
        return True
    if not manifest.is_damaged(place) and manifest.read(place, "run")["status"] == "finished":
        return False
    with manifest.locked(place):
        for each in place.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            elif each.name != lock.NAME:
                each.unlink()
    return True


def record_failure(place: Path, config: Mapping[str, Any], seed: int, error: Exception) -> None:
    """Leave a failed run where a training ended before it had a record of its own."""
    if (place / manifest.NAME).exists():
        return
    writer = RunWriter(place, command=str(config.get("command", "")), config=config, seed=seed)
    writer.finish("failed", error=f"{type(error).__name__}: {error}")


def _check_unused(directory: Path) -> None:
    """Refuse where a killed command has left processes that still train."""
    for arm, seed in found_runs(directory):
        place = run_directory(directory, arm, seed)
        if (holder := lock.holder(place)) is not None:
            raise UsageError(
                what="a run of this experiment is being written",
                where=str(place),
                got=str(holder),
                do="wait until it has ended, or end that process",
            )


def _whole_record(directory: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    if manifest.is_damaged(directory):
        for place, difference in _other_settings(directory, content):
            raise _changed(str(place), difference)
        return manifest.new("scenario", content)
    old = manifest.read(directory, "scenario")
    for name in MUST_AGREE:
        if json_text(old.get(name)) != json_text(content[name]):
            raise _changed(f"--resume, {directory}", f"{name} {old.get(name)!r}, asked for {content[name]!r}")
    arms = old["arms"] | content["arms"]
    seeds = list(dict.fromkeys([*old["seeds"], *content["seeds"]]))
    return old | {"arms": arms, "seeds": seeds, "status": manifest.RUNNING, "ended": None}


def _other_settings(directory: Path, content: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Runs whose settings are not those of an experiment: its record is lost, so that they have to speak for it."""
    common = {name: content["config"][name] for name in ("epochs", "batch_size")} | {"data": content["data"]["name"]}
    for arm, seed in found_runs(directory):
        place = run_directory(directory, arm, seed)
        if manifest.is_damaged(place) or arm not in content["arms"]:
            continue
        had = manifest.read(place, "run").get("config", {})
        for name, value in (common | dict(content["arms"][arm]["settings"])).items():
            if json_text(had.get(name)) != json_text(value):
                yield place, f"{name} {had.get(name)!r}, asked for {value!r}"


def _changed(where: str, got: str) -> UsageError:
    return UsageError(
        what="these results cannot be continued",
        where=where,
        got=got,
        do="resume with the options of the first run, or name another folder",
    )
