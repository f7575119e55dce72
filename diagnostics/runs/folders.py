"""Folders for new results: nothing that is there already is overwritten."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from diagnostics.runs import lock
from diagnostics.runs.files import is_leftover
from probes.errors import UsageError

PAGES = (".html", ".htm")
"""Endings of a page's name."""


def is_page(path: Path) -> bool:
    """Whether a path names a page, which may hold a run, rather than a folder of results."""
    return path.suffix.lower() in PAGES and not path.is_dir()


def free_directory(wanted: Path) -> Path:
    """``wanted``, or the first of ``wanted-2``, ``wanted-3``, … that holds nothing: earlier results stay."""
    numbered = (wanted.with_name(f"{wanted.name}-{number}") for number in itertools.count(2))
    return check_output(next(path for path in itertools.chain([wanted], numbered) if _is_free(path)))


def check_output(path: Path) -> Path:
    """A folder that can be made and written.

    Raises:
        UsageError: there is something already, or the folder above it cannot be written.
    """
    if is_occupied(path):
        raise occupied(path, where=f"--out {path}")
    above = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        got = "a folder that may not be written" if above.is_dir() else "a file"
        raise UsageError(
            what="the folder for results cannot be made",
            where=f"--out {path}",
            got=f"{above}, which is {got}",
            do="name a folder that you may write",
        )
    return path


def check_free(file: Path) -> None:
    """Refuse to replace a file.

    Raises:
        UsageError: it is there.
    """
    if os.path.lexists(file):
        raise occupied(file, where=f"--out {file}")


def is_occupied(path: Path) -> bool:
    """Whether there is a file, or a folder that holds something.

    What a process leaves that is killed before it has written a first whole file does not count.
    """
    if not path.is_dir():
        return path.exists()
    return any(each.name != lock.NAME and not is_leftover(each) for each in path.iterdir())


def _is_free(path: Path) -> bool:
    """Whether results can go there: nothing is there, no link leads elsewhere, and nobody is about to write."""
    return not path.is_symlink() and not is_occupied(path) and lock.holder(path) is None


def occupied(path: Path, where: str) -> UsageError:
    """The error for results that would overwrite what is there."""
    return UsageError(
        what="results are never overwritten",
        where=where,
        got="a folder that holds files already" if path.is_dir() else "a file",
        do="name another one, or move this one away; report and compare replace it with --force",
    )
