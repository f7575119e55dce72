"""How a run that did not reach its end is recorded."""

from __future__ import annotations

SIGTERM_STATUS = 128 + 15


class TerminatedError(SystemExit):
    """Raised in the main thread where the system asks the process to end (SIGTERM), so that records are closed."""

    def __init__(self) -> None:
        super().__init__(SIGTERM_STATUS)

    def __str__(self) -> str:
        return "the system asked the process to end (SIGTERM)"


def status_after(error: BaseException | None) -> str:
    """The status of a run that an exception ended: ``"interrupted"`` after Ctrl-C and SIGTERM, else ``"failed"``."""
    return "interrupted" if isinstance(error, KeyboardInterrupt | TerminatedError) else "failed"
