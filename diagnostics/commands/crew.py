"""Shares tasks between this process and helper processes on the same machine."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from joblib.externals import loky
from joblib.externals.loky import process_executor

MOST_JOBS = 4
"""Each process loads TensorFlow, so more than a few would exceed a laptop's memory."""

IDLE_SECONDS = 300
"""How long a helper waits for work; loky's own 10 s would end it while this process still prepares the tasks."""

T = TypeVar("T")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def helpers(jobs: int | None) -> Iterator[None]:
    """Start helper processes, which load TensorFlow while this one does, and kill them when the block ends.

    They hold nothing by then: all results are stored, and a clean shutdown of TensorFlow takes seconds.

    Args:
        jobs: processes in all, this one included; ``None`` for one per core.
    """
    count = (jobs or min(cores(), MOST_JOBS)) - 1
    if count < 1:
        yield
        return
    try:
        for _ in range(count):
            _executor(count).submit(_load)
        yield
    finally:
        _dismiss()


def shared_out(tasks: Sequence[T], jobs: int, here: Callable[[T], None], there: Callable[[T], None]) -> None:
    """Do all tasks: helpers begin with the first, this process with the last.

    Args:
        tasks: the longest first; those at the same end are best done by the same process.
        jobs: processes in all, this one included.
        here: does a task in this process.
        there: does a task in a helper; it and the tasks can be pickled.

    Raises:
        Exception: the first that a task raises; the other tasks are done.
    """
    left = deque(tasks)

    def feed() -> None:
        while left:
            _executor(jobs - 1).submit(there, left.popleft()).result()

    with ThreadPoolExecutor(max(1, jobs - 1)) as threads:
        fed = [threads.submit(feed) for _ in range(jobs - 1)]
        try:
            while left:
                here(left.pop())
            for each in fed:
                each.result()
        except BaseException:
            left.clear()
            _dismiss()  # a thread that waits for a helper cannot be stopped otherwise
            raise


def stay() -> None:
    """Keep this helper: loky replaces one whose memory has grown, as compiled steps cause, and waits up to 90 s for it to end."""
    process_executor._USE_PSUTIL = False  # pyright: ignore[reportPrivateUsage]


def _executor(count: int) -> loky.ProcessPoolExecutor:
    return loky.get_reusable_executor(max_workers=count, timeout=IDLE_SECONDS)


def _dismiss() -> None:
    # ``kill_workers`` is loky's own argument, which the standard library's executor does not have.
    loky.get_reusable_executor(reuse=True).shutdown(kill_workers=True)  # pyright: ignore[reportArgumentType, reportCallIssue]


def _load() -> None:
    from diagnostics.commands.quiet import quiet_import  # noqa: PLC0415

    with quiet_import():
        import scenarios.data  # noqa: F401, PLC0415 - TensorFlow and Keras
