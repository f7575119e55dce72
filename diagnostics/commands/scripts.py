"""Runs somebody's script or module as Python itself would, and says how it ended."""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from probes.errors import UsageError

EXIT_RAISED, EXIT_INTERRUPTED = 1, 130
OURS = (__file__, "<frozen runpy>", runpy.__file__)


def check_target(target: str, *, module: bool) -> None:
    """Refuse what is not there.

    Raises:
        UsageError: no such file or module.
    """
    if module and not _has_module(target):
        do = "name a module that Python finds from this folder, or give a file without -m"
        raise UsageError(what="there is no such module to run", where="-m MODULE", got=f"{target!r:.200}", do=do)
    if not module and not _is_script(target):
        got = f"{target!r:.200}, seen from {Path.cwd()}"
        raise UsageError(what="there is no such script", where="SCRIPT", got=got, do="give the path of a Python file")


def run_target(target: str, arguments: Sequence[str], *, module: bool) -> tuple[int, str]:
    """Run it as ``__main__``, with its own ``sys.argv`` and ``sys.path``; a traceback goes to standard error.

    Args:
        target: a file, or a module's name.
        arguments: what follows on its command line.
        module: whether it is a module.

    Returns:
        The exit status: 0, 1 after an exception, 130 after Ctrl-C; and in a word, as runs have it.

    Raises:
        SystemExit: as the script raised it.
    """
    kept = list(sys.argv), list(sys.path)
    sys.argv = [target, *arguments]
    if not module:
        sys.path[0:1] = [str(Path(target).resolve().parent)]
    try:
        if module:
            runpy.run_module(target, run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(target, run_name="__main__")
    except Exception as error:
        _show(error)
        return EXIT_RAISED, "failed"
    except KeyboardInterrupt as error:
        _show(error)
        return EXIT_INTERRUPTED, "interrupted"
    finally:
        sys.argv[:], sys.path[:] = kept
    return 0, "finished"


def short_name(target: str, *, module: bool) -> str:
    """What the script is called in the names of folders."""
    return target.replace(".", "-") if module else Path(target).resolve().stem


def _is_script(target: str) -> bool:
    """A file, or a folder that Python can run."""
    return os.path.isfile(target) or os.path.isfile(os.path.join(target, "__main__.py"))


def _has_module(name: str) -> bool:
    try:
        found = importlib.util.find_spec(name)
        if found is None or found.submodule_search_locations is None:
            return found is not None
        return importlib.util.find_spec(f"{name}.__main__") is not None
    except (ImportError, ValueError, AttributeError, OSError):
        return False


def _show(error: BaseException) -> None:
    """The traceback, without the frames between the command line and the script."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename in OURS:
        traceback = traceback.tb_next
    error.__traceback__ = traceback
    sys.excepthook(type(error), error, traceback)
