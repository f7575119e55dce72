"""Listeners of each thread, and the functions replaced in Keras or TensorFlow while there are any."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Listener = TypeVar("Listener")


class Listeners(Generic[Listener]):
    """Listeners belong to the thread on which they were added; they are not notified of what other threads do.

    Args:
        installed: a context manager inside which events are reported. It is entered with the first listener in the process
            and left with the last, also after an exception.
        place: returns a key for where it is installed; it is installed once for each key. By default there is only one.
    """

    def __init__(
        self,
        installed: Callable[[], AbstractContextManager[Any]],
        place: Callable[[], Hashable] = lambda: None,
    ) -> None:
        self._installed, self._place = installed, place
        self._installations: dict[Hashable, _Installation] = {}
        self._everywhere: list[Callable[[], Listener]] = []
        self._lock = threading.Lock()
        self._thread = threading.local()

    def here(self) -> tuple[Listener, ...]:
        """The listeners of this thread, in the order in which they were added; those of all threads come first."""
        muted = getattr(self._thread, "muted", ())
        return (*(of_thread() for of_thread in self._everywhere if of_thread not in muted), *self._own())

    @contextmanager
    def everywhere(self, of_thread: Callable[[], Listener]) -> Iterator[None]:
        """Let all threads be heard inside the ``with`` block.

        Args:
            of_thread: returns the listener of the thread that calls it.
        """
        place = self._acquire()
        self._everywhere.append(of_thread)
        try:
            yield
        finally:
            self._everywhere.remove(of_thread)
            self._release(place)

    @contextmanager
    def added(self, listener: Listener) -> Iterator[None]:
        """Let the listener listen inside the ``with`` block."""
        own = self._own()
        place = self._acquire()
        own.append(listener)
        try:
            yield
        finally:
            own[:] = [each for each in own if each is not listener]
            self._release(place)

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Inside the ``with`` block, report to no listener of this thread but those added in it."""
        before, muted_before = self._own(), getattr(self._thread, "muted", ())
        self._thread.listeners, self._thread.muted = [], tuple(self._everywhere)
        try:
            yield
        finally:
            self._thread.listeners, self._thread.muted = before, muted_before

    def _own(self) -> list[Listener]:
        if not hasattr(self._thread, "listeners"):
            self._thread.listeners = []
        return self._thread.listeners

    def _acquire(self) -> Hashable:
        place = self._place()
        with self._lock:
            if place not in self._installations:
                installation = _Installation()
                installation.stack.enter_context(self._installed())
                self._installations[place] = installation
            self._installations[place].users += 1
        return place

    def _release(self, place: Hashable) -> None:
        with self._lock:
            self._installations[place].users -= 1
            if not self._installations[place].users:
                self._installations.pop(place).stack.close()


@dataclass
class _Installation:
    users: int = 0
    stack: ExitStack = field(default_factory=ExitStack)


@contextmanager
def replaced(owner: Any, name: str, replacement: Callable[[Any], Any]) -> Iterator[None]:
    """Inside the ``with`` block, ``owner.name`` is what ``replacement`` makes of the original."""
    original = getattr(owner, name)
    setattr(owner, name, functools.wraps(original)(replacement(original)))
    try:
        yield
    finally:
        setattr(owner, name, original)
