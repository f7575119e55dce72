"""Taking up an experiment that was not finished, and leaving a mark where a training failed before it could."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diagnostics.runs import manifest
from diagnostics.runs.files import json_text
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError

MUST_AGREE = ("scenario", "config", "data")
"""What two parts of one experiment share; arms and seeds may be added."""


def resumable(directory: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The record of an experiment that goes on in a folder that holds its beginning.

    Args:
        directory: the scenario's folder.
        content: what the record of the whole experiment would be.

    Returns:
        The old record, with the new arms and seeds beside the old ones.

    Raises:
        UsageError: no scenario there, or one with other settings.
    """
    old = manifest.read(directory, "scenario")
    for name in MUST_AGREE:
        if json_text(old[name]) != json_text(content[name]):
            raise UsageError(
                what="these results cannot be continued",
                where=f"--resume, {directory}",
                got=f"{name} {old[name]!r}, asked for {content[name]!r}",
                do="resume with the options of the first run, or name another folder",
            )
    arms = old["arms"] | content["arms"]
    seeds = list(dict.fromkeys([*old["seeds"], *content["seeds"]]))
    merged = old | {"arms": arms, "seeds": seeds, "status": "running", "ended": None}
    manifest.update(directory, merged)
    return merged


def begin_again(place: Path) -> bool:
    """Whether a run is still to be made; what is left of one that did not finish is cleared away first."""
    if not place.exists():
        return True
    if (place / manifest.NAME).exists() and manifest.read(place, "run")["status"] == "finished":
        return False
    shutil.rmtree(place)
    return True


def record_failure(place: Path, config: Mapping[str, Any], seed: int, error: Exception) -> None:
    """Leave a failed run where a training ended before it had a record of its own."""
    if (place / manifest.NAME).exists():
        return
    writer = RunWriter(place, command=str(config.get("command", "")), config=config, seed=seed)
    writer.finish("failed", error=f"{type(error).__name__}: {error}")
