"""Errors that their reader can act on: what happened, where, what was found, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class UsageError(ValueError):
    """A mistake in how the toolkit was called, told in four parts.

    Args:
        what: what cannot be done, in one clause.
        where: the argument, file or layer that it concerns.
        got: what was found there.
        do: what to do about it.
    """

    ag_pass_through: ClassVar = True  # raised inside a tf.function, AutoGraph leaves this error as it is

    def __init__(self, *, what: str, where: str, got: str, do: str) -> None:
        self.what, self.where, self.got, self.do = what, where, got, do
        super().__init__(f"{what}\n  where:   {where}\n  got:     {got}\n  do this: {do}")

    def __reduce__(self):
        """Survive the trip between processes, which pickles exceptions by positional arguments."""
        return _rebuild, (self.what, self.where, self.got, self.do)


def _rebuild(what: str, where: str, got: str, do: str) -> UsageError:
    return UsageError(what=what, where=where, got=got, do=do)


def unknown_name(kind: str, name: str, known: Iterable[str], where: str | None = None) -> UsageError:
    """The error for a misspelt name: lists the names there are and points to the nearest.

    Args:
        kind: what the name should have named, such as ``"scenario"``.
        name: what was given.
        known: the names there are.
        where: the argument, where it is not the kind's name.
    """
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"use {nearest[0]!r}" if nearest else "use one of them"
    return UsageError(
        what=f"there is no {kind} {name!r}",
        where=where or f"the {kind}'s name",
        got=f"{name!r}; there are {', '.join(names) or 'none'}",
        do=hint,
    )
