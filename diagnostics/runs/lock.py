"""One writer for a folder: a lock that the kernel drops when its process dies, and a file that says who holds it."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import stat
import sys
import threading
import time
import weakref
from dataclasses import asdict, dataclass
from pathlib import Path

from diagnostics.runs.confined import NO_LINK_NO_WAIT
from diagnostics.runs.files import make_folder
from diagnostics.runs.typed import from_record
from probes.errors import UsageError

NAME = ".writer.lock"
BEAT_SECONDS = 15.0
STALE_SECONDS = 300.0
"""Age from which the last sign of life from another machine counts as none: a busy network disk delays some beats,
and clocks differ by seconds."""
LENGTH = 512  # bytes; a record of one length is replaced in place by one write, which a reader sees whole
ATTEMPTS, PAUSE = 25, 0.02  # a reader that asks who writes holds the lock for an instant


@dataclass(frozen=True)
class Holder:
    """Who writes a folder.

    Attributes:
        process: the process's number on its machine.
        host: the machine's name.
        since: when it began, in seconds since 1970.
        beat: its last sign of life.
    """

    process: int
    host: str
    since: float
    beat: float

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, last seen {max(0.0, time.time() - self.beat):.0f} s ago"


UNNAMED = Holder(0, "an unknown machine", 0.0, 0.0)


def holder(directory: Path) -> Holder | None:
    """Who writes a folder now.

    Args:
        directory: a folder of results.

    Returns:
        The process that holds the folder's lock, or None: nobody began, the writer has ended, or it was killed.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(directory / NAME, os.O_RDONLY | NO_LINK_NO_WAIT)
        try:
            found = _recorded(descriptor)
            return (found or UNNAMED) if _is_live(found, _lock(descriptor, exclusive=False)) else None
        finally:
            os.close(descriptor)
    return None


class FolderLock:
    """The right to write a folder, until `release`; a process that dies loses it.

    Args:
        directory: the folder; made if it is not there.

    Raises:
        UsageError: another process, or another writer of this one, holds it.
        OSError: the folder cannot be made or written.
    """

    def __init__(self, directory: Path) -> None:
        make_folder(directory)
        self._path = directory / NAME
        pulse = _Pulse(_acquired(directory))
        self._stop = weakref.finalize(self, pulse.stop)
        _PULSES.add(pulse)

    def release(self) -> None:
        """Let others write. A second call does nothing."""
        if self._stop.alive:
            self._path.unlink(missing_ok=True)
            self._stop()

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self.release()


class _Pulse:
    """Keeps the lock file open, and writes a sign of life into it from time to time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._began = descriptor, time.time()
        self._stopped, self._open = threading.Event(), threading.Lock()
        self._write()
        threading.Thread(target=self._beat, daemon=True).start()

    def stop(self) -> None:
        with self._open:  # no beat after the close: the number may be another file's by then
            if not self._stopped.is_set():
                self._stopped.set()
                os.close(self._descriptor)

    def stop_in_child(self) -> None:
        """Close a forked process's copy, which would keep the lock when its parent is killed."""
        self._open = threading.Lock()  # the parent's may have been taken at the fork
        self.stop()

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            with self._open, contextlib.suppress(OSError):  # a full disk: the kernel's lock still holds
                if not self._stopped.is_set():
                    self._write()

    def _write(self) -> None:
        about = Holder(os.getpid(), platform.node(), self._began, time.time())
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, json.dumps(asdict(about)).ljust(LENGTH).encode())


_PULSES: weakref.WeakSet[_Pulse] = weakref.WeakSet()


def _stop_in_child() -> None:
    for pulse in list(_PULSES):
        pulse.stop_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_stop_in_child)


def _acquired(directory: Path) -> int:
    found = None
    for _ in range(ATTEMPTS):
        descriptor = os.open(directory / NAME, os.O_RDWR | os.O_CREAT | NO_LINK_NO_WAIT, 0o666)
        try:
            _check_file(directory, descriptor)
            got, found = _lock(descriptor, exclusive=True), _recorded(descriptor)
            if not _is_live(found, got) and _is_in_place(directory / NAME, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        time.sleep(PAUSE)
    raise UsageError(
        what="another process writes here",
        where=str(directory),
        got=str(found or UNNAMED),
        do="wait until it has ended, end it, or name another folder",
    )


def _check_file(directory: Path, descriptor: int) -> None:
    """Refuse to write into what only bears the lock's name: a pipe, a device, or a second name of another file."""
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_nlink > 1:
        raise UsageError(
            what="the lock of this folder is no file of its own",
            where=str(directory / NAME),
            got="a hard link" if stat.S_ISREG(about.st_mode) else "a special file",
            do="remove it, or name another folder",
        )


def _is_in_place(path: Path, descriptor: int) -> bool:
    """Whether the locked file is still the one in the folder: the holder before removes it on release."""
    with contextlib.suppress(OSError):
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    return False


def _is_live(found: Holder | None, got: bool | None) -> bool:
    """Whether a holder lives, given what came of trying its lock: got, refused, or None where locks do not work.

    A free lock proves that a process on this machine is gone; of one on another machine, across a network disk that
    may not pass locks on, only the beat tells.
    """
    if got is False:
        return True
    if found is None:
        return False
    if found.host != platform.node():
        return abs(time.time() - found.beat) < STALE_SECONDS
    return got is None and _runs(found.process)


def _runs(process: int) -> bool:
    if process < 1:  # a group of processes, to the system
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _lock(descriptor: int, *, exclusive: bool) -> bool | None:
    """Try a lock without waiting: got, refused, or None where there are no locks."""
    if sys.platform == "win32":
        return None
    import fcntl  # noqa: PLC0415 - not on Windows

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _recorded(descriptor: int) -> Holder | None:
    with contextlib.suppress(OSError, ValueError, RecursionError):  # a UsageError is a ValueError
        os.lseek(descriptor, 0, os.SEEK_SET)
        return from_record(Holder, json.loads(os.read(descriptor, LENGTH)), NAME)
    return None
