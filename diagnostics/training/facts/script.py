"""Says which program trains, and which commit of it."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

from diagnostics.runs.facts import Script

PATIENCE = 2.0
"""Seconds that git may take: a repository on a slow network disk must not hold up a training."""


def running_script() -> Script | None:
    """The program that this process runs; ``None`` in an interactive session."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return None if main is None else script_at(Path(main))


@functools.cache
def script_at(path: Path) -> Script:
    """A program with the commit that is checked out around it.

    Args:
        path: its file, in a git repository or not.
    """
    path = path.absolute()
    commit = _git(path.parent, "rev-parse", "HEAD")
    changes = None if commit is None else _git(path.parent, "status", "--porcelain", "--untracked-files=no")
    return Script(str(path), commit, None if changes is None else changes != "")


def _git(folder: Path, *arguments: str) -> str | None:
    """What git answers; ``None`` if there is no git, no repository, or no answer in time."""
    command = ["git", "-C", str(folder), "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
