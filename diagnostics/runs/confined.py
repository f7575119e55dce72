"""Keeps reading and writing inside a folder of results, whoever made it: no link and no name leads out."""

from __future__ import annotations

import errno
import os
import reprlib
import stat
from pathlib import Path

from probes.errors import UsageError

SEPARATORS = frozenset("/\\\0")
NO_LINK_NO_WAIT = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
NAME_TOO_LONG, TOO_LONG = 256, 4000  # bytes in a name and in a path that common systems refuse
LONGEST = 200  # bytes; file systems take 255, and endings are added


def own(folder: Path, *names: str) -> Path:
    """The path of something in a folder of results.

    Args:
        folder: the folder as the user named it; it may be reached through links.
        *names: what is below it, one name for each level.

    Raises:
        UsageError: a name is no name of one file, or one of the levels is a link.
    """
    path = folder
    for name in names:
        if not is_name(name):
            raise UsageError(
                what="this name leads out of the folder of results",
                where=str(path),
                got=repr(name),
                do="give it a name without separators; if you did not make this folder, do not trust it",
            )
        path = path / name
        check_no_link(path)
    return path


def check_no_link(path: Path) -> None:
    """Refuse a link in place of a file or folder of results.

    Raises:
        UsageError: it is a link.
    """
    if os.path.islink(path):
        raise UsageError(
            what="a link stands where results belong",
            where=str(path),
            got=f"a link to {os.readlink(path)!r}",
            do="replace it by what it points to; if you did not make this folder, do not trust it",
        )


def as_path(value: object, where: str) -> Path:
    """What was given as a path.

    Args:
        value: text or a path.
        where: the argument, named in errors.

    Raises:
        UsageError: anything else, or a text that names no place on any disk.
    """
    if isinstance(value, str | os.PathLike):
        path = Path(value)
        if "\0" not in str(path) and _is_short(path):
            return path
    do = "give a path as text, or a pathlib.Path"
    raise UsageError(what="this is no path", where=where, got=reprlib.repr(value), do=do)


def _is_short(path: Path) -> bool:
    try:
        return len(os.fsencode(path)) < TOO_LONG and all(len(os.fsencode(part)) < NAME_TOO_LONG for part in path.parts)
    except UnicodeEncodeError:  # half a pair of surrogates
        return False


def read(path: Path, limit: int = -1) -> bytes:
    """The content of a file of results.

    Args:
        path: the file.
        limit: bytes that are read at most; negative for all.

    Raises:
        FileNotFoundError: there is none.
        OSError: it cannot be read, or it is no plain file: opening a pipe would wait for ever, and a link leads elsewhere.
    """
    descriptor = os.open(path, os.O_RDONLY | NO_LINK_NO_WAIT)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    finally:
        os.close(descriptor)


def as_name(text: str) -> str:
    """A text as the name of one file or folder: itself, if it is one already.

    Args:
        text: anything; what cannot stand in a name becomes an underscore, and what is too long is cut.
    """
    kept = "".join("_" if letter in SEPARATORS else letter for letter in text)
    short = kept.encode(errors="replace")[:LONGEST].decode(errors="ignore")
    return short if is_name(short) else "_" + short.replace(".", "_")


def is_name(text: str) -> bool:
    """Whether a text names one file or folder, on every system: not empty, no separator, not ``.`` or ``..``."""
    return text not in ("", ".", "..") and not SEPARATORS & set(text)
