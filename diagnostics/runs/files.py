"""Files that are whole or not there, and JSON that every reader accepts."""

from __future__ import annotations

import errno
import functools
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias

PARTIAL = ".partial"

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What JSON can hold, once it is read or made `plain`."""


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside its place, sync it, rename it into place, and sync the folder.

    A reader sees the old file or the new one, never half of one, also after a power failure. An exception leaves
    nothing behind; a killed process leaves a hidden ``.NAME.PROCESS.partial``, see `is_leftover`. Where a link has the
    file's name, the link is replaced, and what it points to is left alone.

    Args:
        path: where the file goes; its folder exists.

    Returns:
        A context that gives the open binary file.

    Raises:
        OSError: the disk is full, the folder is gone, and the like.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    partial.unlink(missing_ok=True)
    try:
        with partial.open("x+b") as file:  # exclusively: an open that follows no link
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, unless they are there; a power failure does not undo it.

    Raises:
        OSError: a file is in the way, or it may not be made.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for place in missing:
        sync_folder(place.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder (new, replaced, removed) survive a power failure.

    Raises:
        OSError: the disk failed.
    """
    if sys.platform == "win32":  # which opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that syncs files only
            raise
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the content of a file that somebody else wrote survive a power failure.

    Raises:
        OSError: it is not there, or the disk failed.
    """
    with path.open("rb") as file:
        os.fsync(file.fileno())


def is_leftover(path: Path) -> bool:
    """Whether a file is what a killed process left half written."""
    return path.name.startswith(".") and path.name.endswith(PARTIAL)


def write_json(path: Path, value: object) -> None:
    """Write a value as strict JSON, whole or not at all.

    Args:
        path: where the file goes; its folder exists.
        value: anything; `plain` says what becomes of it.

    Raises:
        OSError: the file cannot be written.
    """
    with written_whole(path) as file:
        file.write(json_text(value).encode())


def json_text(value: object) -> str:
    """A value as indented, strict JSON text: no bare NaN or Infinity, which only Python would read.

    Args:
        value: anything; `plain` says what becomes of it.

    Returns:
        The text, ending in a line break.
    """
    return plain_text(plain(value))


def plain_text(value: Json) -> str:
    """The same for a value that is `plain` already."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


@functools.singledispatch
def plain(value: object) -> Json:
    """A value as what JSON can hold.

    Mappings and sequences are followed, NumPy arrays and scalars become lists and numbers, a float that is not finite
    becomes ``"nan"``, ``"inf"`` or ``"-inf"`` (which `float` reads back), and anything else its repr.

    Args:
        value: anything.

    Returns:
        None, bool, int, finite float, str, or lists and string-keyed dicts of them.
    """
    tolist = getattr(value, "tolist", None)  # NumPy, pandas and TensorFlow, none of which is imported here
    return plain(tolist()) if callable(tolist) else _shown(value)


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # whatever somebody's class does: a record is not worth a training
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"


@plain.register(str)
def _text(value: str) -> str:
    return str(value)


@plain.register(int)
@plain.register(type(None))
def _exact(value: int | None) -> int | None:
    return value


@plain.register(Path)
def _path(value: Path) -> str:
    return str(value)


@plain.register(float)
def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else str(float(value))


@plain.register(Mapping)
def _mapping(value: Mapping[object, object]) -> dict[str, Json]:
    return {str(key): plain(item) for key, item in value.items()}


@plain.register(list)
@plain.register(tuple)
def _sequence(value: list[object] | tuple[object, ...]) -> list[Json]:
    return [plain(item) for item in value]


@plain.register(Set)
def _set(value: Set[object]) -> list[Json]:
    return sorted((plain(item) for item in value), key=str)
