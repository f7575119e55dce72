"""Checks what was typed before anything slow begins."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path

from diagnostics.runs.confined import as_path
from probes.errors import UsageError, unknown_name

BACKENDS = {"loky": "joblib", "dask": "distributed", "ray": "ray"}
"""joblib's process back-ends, and the package that each needs."""
MOST = 2**32 - 1
"""The largest seed that every random generator takes."""
MOST_SEEDS = 10_000
"""Each seed trains every arm once; verdicts are final after a few dozen."""


def counted(option: str, text: str | None) -> int | None:
    """A count of at least 1 from the command line; ``None`` when it was not given.

    Raises:
        UsageError: no whole number, or less than 1.
    """
    if text is None:
        return None
    if not _is_number(text) or int(text) < 1:
        do = f"give a whole number from 1 to {MOST}"
        raise UsageError(what="this is not a count", where=option, got=f"{text!r:.200}", do=do)
    return int(text)


def parse_seeds(text: str | None, first: int = 0) -> tuple[int, ...] | None:
    """``5`` stands for 5 replicates from the first on, ``3,7,11`` for themselves.

    Raises:
        UsageError: neither of these, or a seed twice.
    """
    if text is None:
        return None
    if "," not in text:
        number = counted("--seeds", text) or 0
        if number > MOST_SEEDS:
            raise UsageError(what="too many seeds", where="--seeds", got=text, do=f"give up to {MOST_SEEDS}")
        return tuple(range(first, first + number))
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(map(_is_number, parts)) or len(set(map(int, parts))) < len(parts):
        do = "give a number of seeds (5), or different seeds separated by commas (3,7,11)"
        raise UsageError(what="these are not seeds", where="--seeds", got=f"{text!r:.200}", do=do)
    return tuple(map(int, parts))


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= len(str(MOST)) and int(text) <= MOST


def check_backend(name: str) -> None:
    """Refuse a back-end of joblib that nobody knows.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in BACKENDS:
        raise unknown_name("back-end", f"{name:.200}", BACKENDS, where="--backend")


def out_path(text: str | Path | None) -> Path | None:
    """Where results are wanted; ``None`` when nothing was said.

    Raises:
        UsageError: it names no place on any disk.
    """
    if text is None:
        return None
    if str(text).strip() in ("", "."):
        raise UsageError(what="this names no place for results", where="--out", got=repr(str(text)), do="name one")
    return as_path(text, "--out")


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
