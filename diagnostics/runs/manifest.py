"""``run.json``: what a folder of results is, how it came about, and whether it ended."""

from __future__ import annotations

import difflib
import functools
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from diagnostics.runs import folders, lock, record
from diagnostics.runs.files import written_whole
from probes.errors import UsageError

NAME = "run.json"
SCHEMA_VERSION = 2
SEALED_FROM = 2
"""The first version whose parts have checksums."""
RUNNING, KILLED = "running", "killed"
"""Statuses before a writer has ended: it writes, or it died without a word. ``"killed"`` is inferred and not stored."""
KEPT = ("layer_table", "probes", "gaps", "recorded")
"""Fields that a continued run keeps."""
LOADERS = {"run": "diagnostics.load_run", "scenario": "diagnostics.load_experiment"}


def create(directory: Path, kind: str, content: Mapping[str, Any]) -> tuple[lock.FolderLock, dict[str, Any]]:
    """Make a new folder of results and write its first ``run.json``.

    Args:
        directory: a folder that does not exist yet, or is empty.
        kind: ``"run"`` or ``"scenario"``.
        content: what else ``run.json`` holds.

    Returns:
        The folder's lock, to be released when the last file is written, and what ``run.json`` holds, see `new`.

    Raises:
        UsageError: something is there already (it is left as it is), another process writes there, or the folder cannot be
            made or written.
    """
    if folders.is_occupied(directory):  # asked before as well, so that no lock file goes into somebody's folder
        raise folders.occupied(directory, where=str(directory))
    held, manifest = locked(directory), new(kind, content)
    try:
        if folders.is_occupied(directory):
            raise folders.occupied(directory, where=str(directory))
        update(directory, manifest)
    except BaseException:
        held.release()
        raise
    return held, manifest


def reopen(directory: Path, kind: str, content: Mapping[str, Any]) -> tuple[lock.FolderLock, dict[str, Any]]:
    """Become the one who writes a folder that holds the beginning of these results; nothing is written yet.

    Args:
        directory: the folder.
        kind: ``"run"`` or ``"scenario"``.
        content: what else ``run.json`` is to hold; where this is empty, what stands there stays.

    Returns:
        The folder's lock, and what ``run.json`` is to hold: the old start time, and in ``resumed`` the times since.

    Raises:
        UsageError: the folder holds no such results, or another process writes there.
    """
    held = locked(directory)
    try:
        old = read(directory, kind)
    except BaseException:
        held.release()
        raise
    known = {name: value for name, value in content.items() if value or name not in old}
    again = {"started": old["started"], "resumed": [*old.get("resumed", ()), now()]}
    return held, {name: old[name] for name in KEPT if name in old} | new(kind, known) | again


def new(kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """What ``run.json`` holds at first: `content` after schema version, kind, status, start time and versions."""
    manifest = {"schema_version": SCHEMA_VERSION, "kind": kind, "status": RUNNING, "started": now(), "ended": None}
    return manifest | {"versions": versions(), **content}


def locked(directory: Path) -> lock.FolderLock:
    """Make a folder for results, unless it is there, and become the one who writes it.

    Args:
        directory: a folder that does not exist yet, or an empty one, or one to go on in.

    Returns:
        The lock; to be released when the last file is written.

    Raises:
        UsageError: another process writes there, or the folder cannot be made or written.
    """
    try:
        return lock.FolderLock(directory)
    except FileExistsError as error:
        raise folders.occupied(directory, where=str(directory)) from error
    except OSError as error:
        raise _unwritable(directory, error) from error


def update(directory: Path, manifest: Mapping[str, Any]) -> None:
    """Replace a folder's ``run.json``, atomically.

    Args:
        directory: the folder.
        manifest: the whole new content.

    Raises:
        UsageError: the file cannot be written, or the content is nested too deeply or too large to be read back; the old
            one still stands.
    """
    content = record.encoded(manifest, str(directory / NAME))
    try:
        with written_whole(directory / NAME) as file:
            file.write(content)
    except OSError as error:
        raise _unwritable(directory, error) from error


def read(directory: Path, kind: str) -> dict[str, Any]:
    """The content of a folder's ``run.json``; a status ``"running"`` whose writer is gone reads ``"killed"``.

    Args:
        directory: the folder.
        kind: what it has to be, ``"run"`` or ``"scenario"``.

    Returns:
        The content.

    Raises:
        UsageError: no such folder, not a folder of results, of another kind, damaged, or written by a newer version.
    """
    manifest = admitted(_parsed(directory), directory / NAME, kind)
    if is_killed(directory, manifest):
        # The writer may have ended, and given up its lock, between reading and asking.
        again = record.checked(_parsed(directory), kind, str(directory / NAME))
        return again | ({"status": KILLED} if is_killed(directory, again) else {})
    return manifest


def admitted(manifest: Mapping[str, Any], file: Path, kind: str) -> dict[str, Any]:
    """What ``run.json`` holds, wherever it comes from, with every known field of the right type.

    Args:
        manifest: a parsed JSON object.
        file: where it stands, named in errors.
        kind: what it has to be, ``"run"`` or ``"scenario"``.

    Raises:
        UsageError: it is of another kind, of a newer version, or a field has the wrong type.
    """
    version, found = manifest.get("schema_version", 0), manifest.get("kind", "run")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        got = f"schema version {version!r:.50}; this version reads up to {SCHEMA_VERSION}"
        raise _unreadable(file, got, "upgrade the toolkit")
    if found != kind:
        do = f"use {LOADERS.get(str(found), 'the version that wrote it')}"
        raise _unreadable(file.parent, f"a {found!s:.50}, not a {kind}", do)
    return record.checked(manifest, kind, str(file))


def is_damaged(directory: Path) -> bool:
    """Whether a folder's ``run.json`` was cut off, by a version that did not write it whole or by the disk.

    Raises:
        UsageError: there is none, or it cannot be opened.
    """
    try:
        _parsed(directory)
    except UsageError as error:
        if isinstance(error.__cause__, OSError):
            raise
        return True
    return False


def is_killed(directory: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether a folder says that it is written, and nobody does."""
    return manifest.get("status") == RUNNING and lock.holder(directory) is None


def kind_of(directory: Path) -> str:
    """What a folder of results holds, ``"run"`` or ``"scenario"``; a page can hold a run only.

    Raises:
        UsageError: no such folder, not a folder of results, of an unknown kind, or damaged.
    """
    if folders.is_page(directory):
        return "run"
    kind = _parsed(directory).get("kind", "run")
    if not isinstance(kind, str) or kind not in LOADERS:
        do = "upgrade the toolkit, or restore the file"
        raise _unreadable(directory / NAME, f"results of the kind {kind!r:.50}", do)
    return kind


def now() -> str:
    """The time, in UTC and ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@functools.cache
def versions() -> dict[str, str | None]:
    """Versions of Python and of the libraries that decide the numbers (None: not installed), without importing any."""
    return {"python": platform.python_version()} | {name: _version(name) for name in ("tensorflow", "keras", "numpy")}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _parsed(directory: Path) -> dict[str, Any]:
    try:
        return record.parsed(directory / NAME)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _unreadable(directory, _what_is_there(directory), _hint(directory)) from error
    except OSError as error:
        got = "a link" if os.path.islink(directory / NAME) else error.strerror or str(error)
        raise _unreadable(directory / NAME, got, "put a plain file that you may read in its place") from error
    except ValueError as error:
        do = "restore the file, or go on with the experiment that it belongs to: --resume makes damaged runs again"
        raise _unreadable(directory / NAME, str(error), do) from error


def _what_is_there(directory: Path) -> str:
    if not directory.exists():
        return "nothing there"
    return f"a folder without {NAME}" if directory.is_dir() else "a file, not a folder"


def _hint(directory: Path) -> str:
    """Point to results near the path that was meant: inside it, around it, or beside it under a similar name."""
    inside = sorted(file.parent.name for file in directory.glob(f"*/{NAME}"))
    if inside:
        return f"give one of the folders inside: {', '.join(inside)}"
    if (directory.parent / NAME).exists():
        return f"give the folder around it, {str(directory.parent)!r}"
    beside = [file.parent.name for file in directory.parent.glob(f"*/{NAME}")]
    nearest = difflib.get_close_matches(directory.name, beside, n=1, cutoff=0.4)
    return f"use {str(directory.parent / nearest[0])!r}" if nearest else f"give a folder that holds {NAME}"


def _unreadable(path: Path, got: str, do: str) -> UsageError:
    return UsageError(what="this cannot be read as results", where=str(path), got=got, do=do)


def _unwritable(directory: Path, error: OSError) -> UsageError:
    return UsageError(
        what="the folder for results cannot be written",
        where=str(directory),
        got=error.strerror or str(error),
        do="name a folder that you may write, on a disk with space",
    )
