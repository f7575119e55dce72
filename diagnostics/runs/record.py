"""``run.json`` at the border: parsed within limits, its fields checked, missing ones filled in. Nobody behind it meets a wrong type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from diagnostics.runs import confined
from diagnostics.runs.files import plain, plain_text
from diagnostics.runs.typed import from_record, to_record
from probes.errors import UsageError

MOST_BYTES = 64 << 20
"""The largest ``run.json``: a hundred times that of a model with 10,000 layers; parsing takes 10 to 30 times as much memory."""
MOST_LEVELS = 100
"""The deepest nesting; ten levels are usual, and Python's own functions give up at a few hundred."""

Status = Literal["running", "finished", "failed", "interrupted", "killed"]


@dataclass(frozen=True)
class Layer:
    """A row of ``layer_table``; what is missing stays missing."""

    layer: str
    depth: int | None = None
    kind: str = ""
    units: int | None = None
    parameters: int | None = None
    status: str = ""


@dataclass(frozen=True)
class Common:
    """What every ``run.json`` holds, with the defaults for what is missing."""

    schema_version: int = 0
    kind: str = "run"
    status: Status = "running"
    started: str = ""
    ended: str | None = None
    command: str = ""
    versions: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Run(Common):
    """What the ``run.json`` of a run holds."""

    config: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    layer_table: tuple[Layer, ...] = ()
    probes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario(Common):
    """What the ``run.json`` of a scenario holds beside its plan, see ``diagnostics.runs.plan``."""

    seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cost:
    """What measuring has cost: shares of the training, and seconds."""

    share: float | None = None
    recording: float = 0.0
    closing: float = 0.0
    method: str = ""
    budget: float | None = None
    every: int | None = None
    steps: int | None = None
    measured_steps: int | None = None
    more_per_measured_step: float | None = None
    per_step_without: float | None = None
    first_calls: float | None = None


@dataclass(frozen=True)
class Gap:
    """Steps of which a run holds nothing or only a part, see ``diagnostics.runs.backlog``."""

    first: int
    until: int
    reason: str = ""


@dataclass(frozen=True)
class Extra:
    """Fields that only some runs have; they are not filled in."""

    error: str = ""
    unobserved: str = ""
    lost_from_step: int | None = None
    gaps: tuple[Gap, ...] = ()
    recorded: Mapping[str, float] = field(default_factory=dict)
    cost: Cost | None = None
    resumed: tuple[str, ...] = ()


KINDS: Mapping[str, type[Common]] = {"run": Run, "scenario": Scenario}


def parsed(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        OSError: the file is missing, no plain file, or cannot be read.
        ValueError: it is too large, no JSON, nested too deeply, or no object.
    """
    content = confined.read(path, MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES >> 20} MiB")
    if not content.strip(b"\0 \t\r\n"):
        raise ValueError(f"an empty file of {len(content)} bytes")
    try:
        value = json.loads(content.decode())
    except RecursionError:
        raise ValueError(f"nested more than {MOST_LEVELS} levels deep") from None
    if not isinstance(value, dict):
        raise ValueError("JSON, but not an object")
    check_depth(value)
    return _encodable(value) if b"\\ud" in content.lower() else value


def encoded(value: Mapping[str, Any], where: str) -> bytes:
    """The content of a file that `parsed` reads back.

    Args:
        value: see ``diagnostics.runs.files.plain``.
        where: the file, named in errors.

    Raises:
        UsageError: the value is nested too deeply, or too large.
    """
    try:
        whole = plain(value)
        check_depth(whole)
        content = plain_text(whole).encode(errors="backslashreplace")
    except (RecursionError, ValueError):
        raise _unrecordable(where, f"a value that holds itself, or more than {MOST_LEVELS} levels") from None
    if len(content) > MOST_BYTES:
        raise _unrecordable(where, f"{len(content) >> 20} MiB; up to {MOST_BYTES >> 20} MiB can be read back")
    return content


def check_depth(value: object) -> None:
    """Raise a ValueError for what is nested deeper than it can be handled."""
    level: list[object] = [value]
    for _ in range(MOST_LEVELS):
        inner = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = [item for items in inner for item in items]
        if not level:
            return
    raise ValueError(f"nested more than {MOST_LEVELS} levels deep")


def _unrecordable(where: str, got: str) -> UsageError:
    do = "leave data such as arrays and objects out of the config, or give their names"
    return UsageError(what="this cannot be recorded", where=where, got=got, do=do)


def checked(record: Mapping[str, Any], kind: str, where: str) -> dict[str, Any]:
    """A record with every known field of the right type.

    Args:
        record: the content of ``run.json``.
        kind: ``"run"`` or ``"scenario"``.
        where: the file, named in errors.

    Returns:
        The record, with defaults for what is missing; unknown fields are kept.

    Raises:
        UsageError: a field has the wrong type.
    """
    known = to_record(from_record(KINDS[kind], record, where))
    extra = to_record(from_record(Extra, record, where)) if kind == "run" else {}
    whole = dict(record) | known | {name: value for name, value in extra.items() if name in record}
    if kind == "run":
        whole["layer_table"] = [dict(row) for row in record.get("layer_table", ())]
    else:
        _check_arms(whole.get("arms", ()), where)
    return whole


def _check_arms(arms: object, where: str) -> None:
    if not isinstance(arms, list | dict) or not all(isinstance(arm, str) for arm in arms):
        raise UsageError(
            what="the arms of a scenario are a list of names, or a mapping by name",
            where=f"{where}: arms",
            got=f"{arms!r:.200}",
            do="restore the file, or run the scenario again",
        )


def _encodable(value: dict[str, Any]) -> dict[str, Any]:
    """Without halves of surrogate pairs, which JSON can write and UTF-8 cannot."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
