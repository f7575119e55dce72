"""Keeps reading and writing inside a folder of results, whoever made it: no link and no name leads out."""

from __future__ import annotations

import os
from pathlib import Path

from probes.errors import UsageError

SEPARATORS = frozenset("/\\\0")


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
    if path.is_symlink():
        raise UsageError(
            what="a link stands where results belong",
            where=str(path),
            got=f"a link to {os.readlink(path)!r}",
            do="replace it by what it points to; if you did not make this folder, do not trust it",
        )


def is_name(text: str) -> bool:
    """Whether a text names one file or folder, on every system: not empty, no separator, not ``.`` or ``..``."""
    return text not in ("", ".", "..") and not SEPARATORS & set(text)
