"""Holds Ctrl-C and SIGTERM back while a file and what is known of it change together."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

HELD = (signal.SIGINT, signal.SIGTERM)
Handler = Callable[[int, FrameType | None], Any]


class _Hold:
    """Stands in for the handlers of signals, and remembers the first that came."""

    def __init__(self) -> None:
        self.before: dict[int, Handler] = {}
        self.is_over = False
        self._waiting: int | None = None

    def begin(self) -> None:
        for number in HELD:
            handler = signal.getsignal(number)
            if callable(handler):  # where the system ends the process at once, nothing is left half done in it
                self.before[number] = handler
                signal.signal(number, self.handle)

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self.is_over or self._waiting is not None:  # a second Ctrl-C does not wait: the disk may hang
            self.before[number](number, frame)
        self._waiting = number

    def end(self) -> None:
        try:
            for number, handler in reversed(self.before.items()):  # Ctrl-C last: until then it waits
                if signal.getsignal(number) == self.handle:
                    signal.signal(number, handler)
        finally:
            self.is_over = True  # a handler that was not put back passes everything on
        if self._waiting is not None:
            self.before[self._waiting](self._waiting, sys._getframe(2))  # the frame that was held up


_holds: list[_Hold] = []


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the ``with`` block ends; a second one does not wait.

    Other threads than the main one hear no signals, and a block inside of another adds nothing.
    """
    if _holds or threading.current_thread() is not threading.main_thread():
        yield
        return
    hold = _Hold()
    try:
        _holds.append(hold)
        hold.begin()
        yield
    finally:
        _holds.clear()
        hold.end()
