"""Runs a command in this process and says what it should not have done: a traceback, a long wait, a file outside, a file replaced."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import signal
import stat
import struct
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diagnostics.commands.command import TRACEBACK

SECONDS = 20
WATCHED = (
    "open",
    "os.listdir",
    "os.scandir",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.link",
    "os.truncate",
    "os.chmod",
)
PARTS = ("error: ", "\n  where: ", "\n  got: ", "\n  do this: ")
NOT_OURS = ("/proc", "/sys", "/dev")

_outside: list[str] = []
_touched: list[str] = []


class TooSlowError(BaseException):
    """A command took longer than it may."""


@dataclass
class Guarded:
    """What came of a command.

    Attributes:
        code: its exit code.
        out: its standard output.
        err: its standard error.
        faults: what it should not have done.
    """

    code: object = None
    out: str = ""
    err: str = ""
    faults: list[str] = field(default_factory=list)


def guarded(
    main: Callable[[Sequence[str]], object],
    arguments: Sequence[str],
    folder: Path,
    outside: Path,
    *,
    changes: bool = False,
) -> Guarded:
    """Run a command on a folder.

    Args:
        main: the command.
        arguments: what is typed after it.
        folder: the folder of results; what was in it may not change but for `PAGES`.
        outside: a folder that may be neither read nor written.
        changes: whether the command may change what it reads, as going on with a training does.
    """
    os.environ[TRACEBACK] = "1"  # what a command would only say that it did not expect is a fault
    result, before, there = Guarded(), contents(folder), contents(outside)
    with _at_most(SECONDS), _nothing_in(outside) as touched, _streams(result), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result.code = main(arguments)
        except SystemExit as stop:
            result.code = stop.code
        except TooSlowError:
            result.faults.append(f"it took more than {SECONDS} s, at {_where()}")
        except BaseException as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(last.filename).name}:{last.lineno}"
            result.faults.append(f"{type(error).__name__} at {place}: {error!s:.300}\n{traceback.format_exc()[-3000:]}")
    result.faults += [f"it touched {each}" for each in dict.fromkeys(touched)]
    result.faults += said_wrongly(result) if not result.faults else []
    if contents(outside) != there:
        result.faults.append("it changed files outside")
    if changes:
        return result
    after = contents(folder)
    result.faults += [f"it changed {name}" for name in before if after.get(name) != before[name] and not _is_page(name)]
    result.faults += [f"it left {name}" for name in after if name.endswith(".partial") and name not in before]
    return result


def said_wrongly(result: Guarded) -> list[str]:
    """What is wrong with a command's words and exit code."""
    if result.code in (0, 3):
        return []
    if result.code != 2:
        return [f"exit code {result.code!r}: {result.err[-500:]}"]
    if "Traceback" in result.err or len(result.err) > 10_000:
        return [f"it said {result.err[:3000]!r}"]
    text = result.err[result.err.find(PARTS[0]) :] if PARTS[0] in result.err else ""
    missing = [part.strip() for part in PARTS if text.count(part) < 1]
    return [f"no {', '.join(missing)} in {result.err[-500:]!r}"] if missing else []


def contents(folder: Path) -> dict[str, Any]:
    """Everything below a folder: kind, and content or target."""
    found = {}
    for path in [folder, *folder.rglob("*")] if folder.is_dir() else [folder]:
        with contextlib.suppress(OSError):
            found[str(path)] = _content(path)
    return found


def _content(path: Path) -> tuple[int, Any]:
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode):
        return stat.S_IFLNK, os.readlink(path)
    readable = stat.S_ISREG(about.st_mode) and about.st_mode & 0o444
    return stat.S_IFMT(about.st_mode), (
        about.st_size,
        path.read_bytes() if about.st_size < 1 << 22 else b"",
    ) if readable else b""


def _is_page(name: str) -> bool:
    path = Path(name)
    return path.name in ("report.html", "findings.json", "replay.html", "compare.html") or "figures" in path.parts[-2:]


def _where() -> str:
    found = traceback.extract_tb(sys.exc_info()[2])
    return " > ".join(f"{Path(each.filename).name}:{each.lineno}" for each in found[-6:])


def without_privileges() -> None:
    """Let permissions of files count for this process, also where it runs as root."""
    version, none = 0x20080522, struct.pack("6I", *[0] * 6)
    ctypes.CDLL(None).capset(struct.pack("Ii", version, 0), none)


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _streams(result: Guarded) -> Iterator[None]:
    out, err, sleep, waits = io.StringIO(), io.StringIO(), time.sleep, []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if seconds >= 1 and len(waits) > 2:
            raise KeyboardInterrupt  # as who follows a run that goes on for ever would
        sleep(min(seconds, 0.01))

    time.sleep = wait
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield
    finally:
        time.sleep = sleep
        result.out, result.err = out.getvalue(), err.getvalue()


@contextlib.contextmanager
def _nothing_in(outside: Path) -> Iterator[list[str]]:
    if _hear not in _hooks:
        sys.addaudithook(_hear)
        _hooks.append(_hear)
    _outside.append(str(outside.resolve()))
    _touched.clear()
    touched: list[str] = []
    try:
        yield touched
    finally:
        _outside.clear()
        touched += _touched


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _outside or event not in WATCHED or not arguments:
        return
    path = arguments[0]
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, str) or path.startswith(NOT_OURS):
        return
    follows = event in ("open", "os.listdir", "os.scandir") and not _refuses_links(event, arguments)
    real = (
        os.path.realpath(path)
        if follows
        else os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    )
    if real == _outside[0] or real.startswith(_outside[0] + os.sep):
        caller = traceback.extract_stack()[:-1]
        _touched.append(
            f"{event} {path} by {' < '.join(f'{Path(c.filename).name}:{c.lineno}' for c in reversed(caller[-7:]))}"
        )


def _refuses_links(event: str, arguments: tuple[Any, ...]) -> bool:
    return event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & getattr(os, "O_NOFOLLOW", 0))


_hooks: list[Callable[..., None]] = []
