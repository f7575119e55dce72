"""Hears Ctrl-C and SIGTERM while a training is recorded: SIGTERM becomes an exception, so that the record is closed."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from diagnostics.runs.endings import TerminatedError

HEARD = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Heard:
    """A signal.

    Attributes:
        error: what it stands for.
        is_raised: whether that is about to be raised; a handler of the user's own may decide otherwise.
        frame: the code that was interrupted.
    """

    error: BaseException
    is_raised: bool
    frame: FrameType | None

    def is_inside(self, codes: Collection[CodeType]) -> bool:
        """Whether the code that was interrupted runs inside of any of these functions."""
        frame = self.frame
        while frame is not None and frame.f_code not in codes:
            frame = frame.f_back
        return frame is not None


Note = Callable[[Heard], None]
"""Called from the handler."""

_notes: list[Note] = []
_before: dict[int, Any] = {}


def listen(note: Note) -> Callable[[], None]:
    """Call ``note`` at a signal, until what is returned is called. Other threads than the main one hear nothing.

    What handled a signal before still does, after the notes. Where SIGTERM would have ended the process at once, it raises
    `TerminatedError` instead; a second SIGTERM then ends the process at once.
    """
    if not _notes and threading.current_thread() is threading.main_thread():
        for number in HEARD:
            before = signal.getsignal(number)
            if callable(before) or before == signal.SIG_DFL:  # not where it is ignored, or handled outside of Python
                _before[number] = before
                signal.signal(number, _handle)
    _notes.append(note)

    def stop() -> None:
        with contextlib.suppress(ValueError):  # stopped already
            _notes.remove(note)
        if not _notes:
            _restore()

    return stop


@contextmanager
def listening(note: Note) -> Iterator[None]:
    """`listen` inside the ``with`` block."""
    stop = listen(note)
    try:
        yield
    finally:
        stop()


def _handle(number: int, frame: FrameType | None) -> None:
    before = _before.get(number, signal.SIG_DFL)
    error = KeyboardInterrupt() if number == signal.SIGINT else TerminatedError()
    is_raised = not callable(before) or before is signal.default_int_handler
    for note in [*_notes]:
        note(Heard(error, is_raised, frame))
    if callable(before):
        before(number, frame)
        return
    if number == signal.SIGTERM:
        signal.signal(number, signal.SIG_DFL)
    raise error


def _restore() -> None:
    """Put the handlers back, where nobody has replaced them since; a handler that stays passes everything on."""
    if threading.current_thread() is threading.main_thread():
        while _before:
            number, before = _before.popitem()
            if signal.getsignal(number) is _handle:
                signal.signal(number, before)
