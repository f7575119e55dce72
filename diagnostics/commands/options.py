"""Checks what was typed before anything slow begins."""

from __future__ import annotations

import fnmatch
import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from probes.errors import UsageError, unknown_name


def counted(option: str, text: str | None) -> int | None:
    """A count of at least 1 from the command line; ``None`` when it was not given.

    Raises:
        UsageError: no whole number, or less than 1.
    """
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(what="this is not a count", where=option, got=repr(text), do="give a whole number, 1 or more")
    return int(text)


def parse_seeds(text: str | None) -> tuple[int, ...] | None:
    """``5`` stands for the seeds 0 to 4, ``3,7,11`` for themselves.

    Raises:
        UsageError: neither of these, or a seed twice.
    """
    if text is None:
        return None
    if "," not in text:
        return tuple(range(counted("--seeds", text) or 0))
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts) or len(set(map(int, parts))) < len(parts):
        do = "give a number of seeds (5), or different seeds separated by commas (3,7,11)"
        raise UsageError(what="these are not seeds", where="--seeds", got=repr(text), do=do)
    return tuple(map(int, parts))


def choose_arms(text: str | None, known: Sequence[str]) -> list[str]:
    """The arms that a comma-separated list of names and patterns stands for, in the scenario's order.

    Raises:
        UsageError: a name or pattern that fits no arm.
    """
    if text is None:
        return list(known)
    patterns = [part.strip() for part in text.split(",") if part.strip()]
    for pattern in patterns or [text]:
        if not fnmatch.filter(known, pattern):
            raise unknown_name("arm", pattern, known)
    return [name for name in known if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def parse_budget(text: str | None) -> float | None:
    """``5%`` and ``0.05`` stand for 0.05.

    Raises:
        UsageError: no number, or not between 0 and 1.
    """
    if text is None:
        return None
    number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError as error:
        raise _no_budget(text) from error
    return check_budget(share, text)


def check_budget(budget: float | None, given: object = None) -> float | None:
    """A share of more than nothing and at most all, or ``None``.

    Raises:
        UsageError: another number.
    """
    if budget is not None and (isinstance(budget, str) or not 0 < budget <= 1):
        raise _no_budget(budget if given is None else given)
    return budget


def _no_budget(given: object) -> UsageError:
    do = "give a share of training, more than 0 and at most 1: 0.05, or 5% on the command line"
    return UsageError(what="this is not a budget", where="budget", got=repr(given), do=do)


def free_directory(wanted: Path) -> Path:
    """``wanted``, or the first of ``wanted-2``, ``wanted-3``, … that holds nothing: earlier results stay."""
    numbered = (wanted.with_name(f"{wanted.name}-{number}") for number in itertools.count(2))
    return check_output(next(path for path in itertools.chain([wanted], numbered) if not _occupied(path)))


def check_output(path: Path) -> Path:
    """A folder that can be made and written.

    Raises:
        UsageError: there is something already, or the folder above it cannot be written.
    """
    if _occupied(path):
        raise UsageError(
            what="results are never overwritten",
            where=f"--out {path}",
            got="a folder that holds files already" if path.is_dir() else "a file",
            do="name another folder, or move this one away",
        )
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


def _occupied(path: Path) -> bool:
    return path.exists() and not (path.is_dir() and not any(path.iterdir()))
