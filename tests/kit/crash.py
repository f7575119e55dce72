"""Every state in which a crash can leave a folder: records what a program does to it, and rebuilds it after each step."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Content = dict[str, bytes | None]
"""Files by path relative to the folder; None is a folder."""
MOST_PENDING = 7
"""Of more changes than this, a power failure is tried with all, none and each single one lost."""


@dataclass(frozen=True)
class State:
    """What a crash may leave.

    Attributes:
        content: the files.
        done: what the program had reported as done before, see `Trace.done`.
        what: the last step, and what was lost.
    """

    content: Content
    done: int
    what: str

    def build(self, folder: Path) -> Path:
        """Write the files."""
        folder.mkdir(parents=True)
        for name, content in sorted(self.content.items()):
            if content is None:
                (folder / name).mkdir(parents=True, exist_ok=True)
        for name, content in self.content.items():
            if content is not None and (folder / name).parent.is_dir():
                (folder / name).write_bytes(content)
        return folder


@dataclass
class Trace:
    """Records changes of names, and syncs, below a folder.

    Between two syncs of a folder any of its changes may be lost in a power failure, in any order. A file that was renamed
    without having been synced is empty afterwards.

    Attributes:
        folder: everything below it is recorded.
        steps: what happened.
    """

    folder: Path
    steps: list[tuple[str, str, bytes | None]] = field(default_factory=list)
    _synced: dict[int, bytes] = field(default_factory=dict)

    def done(self) -> None:
        """Note that the program may rely on what it did so far."""
        self.steps.append(("done", "", None))

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Record inside the ``with`` block."""
        watched = {"replace": self._replace, "unlink": self._unlink, "mkdir": self._mkdir, "fsync": self._fsync}
        watched["rename"] = self._rename
        originals = {name: getattr(os, name) for name in watched}
        for name, note in watched.items():
            setattr(os, name, _noting(originals[name], note))
        try:
            yield
        finally:
            for name, original in originals.items():
                setattr(os, name, original)

    def states(self) -> Iterator[State]:
        """Every state after every step: killed there, and with what was not synced lost."""
        durable: Content = {}
        pending: list[tuple[str, str, bytes | None]] = []
        done = 0
        for number, step in enumerate(self.steps):
            kind, name, content = step
            done += kind == "done"
            if kind == "partial":
                half = (content or b"")[: len(content or b"") // 2]
                yield State(_reachable(_applied(durable, pending) | {name: half}), done, f"{number} {name} half")
            if kind == "sync":
                durable = _applied(durable, [change for change in pending if _parent(change[1]) == name])
                pending = [change for change in pending if _parent(change[1]) != name]
            elif kind in ("set", "remove", "folder", "move"):
                pending.append(step)
            for kept in _subsets(pending):
                what = f"{number} {kind} {name}, {len(pending) - len(kept)} lost"
                yield State(_reachable(_applied(durable, kept)), done, what)

    def _relative(self, path: Any) -> str | None:
        place = Path(os.path.abspath(path))
        return str(place.relative_to(self.folder)) if place.is_relative_to(self.folder) else None

    def _note(self, kind: str, path: Any, content: bytes | None = None) -> None:
        name = self._relative(path)
        if name is not None:
            self.steps.append((kind, name, content))

    def _replace(self, source: Any, target: Any) -> None:
        self._note("set", target, self._synced.get(os.stat(target).st_ino, b""))

    def _rename(self, source: Any, target: Any) -> None:
        """A folder that was written beside its place; a file would be renamed by ``os.replace``."""
        self._note("move", target, str(self._relative(source)).encode())

    def _unlink(self, path: Any) -> None:
        if not str(path).endswith(".partial"):
            self._note("remove", path)

    def _mkdir(self, path: Any, *_: Any) -> None:
        self._note("folder", path)

    def _fsync(self, descriptor: int) -> None:
        path, about = os.readlink(f"/proc/self/fd/{descriptor}"), os.fstat(descriptor)
        if stat.S_ISDIR(about.st_mode):
            self._note("sync", path)
        else:
            self.note_synced_file(path, about.st_ino)

    def note_synced_file(self, path: str, number: int) -> None:
        """Note what a file holds now."""
        self._synced[number] = Path(path).read_bytes()
        self._note("partial" if path.endswith(".partial") else "set", path, self._synced[number])


def _noting(original: Callable[..., Any], note: Callable[..., None]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        value = original(*arguments, **options)
        note(*arguments)
        return value

    return call


def _applied(content: Content, changes: list[tuple[str, str, bytes | None]]) -> Content:
    content = dict(content)
    for kind, name, new in changes:
        if kind == "remove":
            content.pop(name, None)
        elif kind == "move":
            source = (new or b"").decode()
            inside = [each for each in content if each.startswith(f"{source}/")]
            content |= {name + each.removeprefix(source): content.pop(each) for each in inside} | {name: None}
            content.pop(source, None)
        else:
            content[name] = new
    return content


def _reachable(content: Content) -> Content:
    """What can be found from the top: a folder whose own making was lost takes its files with it."""
    folders = {"."}
    for name in sorted(name for name, each in content.items() if each is None):
        if _parent(name) in folders:
            folders.add(name)
    return {name: each for name, each in content.items() if _parent(name) in folders}


def _parent(name: str) -> str:
    return str(Path(name).parent)


def _subsets(pending: list[Any]) -> Iterator[list[Any]]:
    if len(pending) > MOST_PENDING:
        yield from (pending, [], *([*pending[:place], *pending[place + 1 :]] for place in range(len(pending))))
        return
    for size in range(len(pending) + 1):
        for kept in itertools.combinations(pending, size):
            yield list(kept)
