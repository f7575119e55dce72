"""Opens the writer of a new run, with TensorBoard's event files beside it on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from diagnostics.runs.writer import RunWriter


def new_run(directory: str | Path, *, tensorboard: bool = False, **about: Any) -> RunWriter:
    """A new run's writer, on request one that writes TensorBoard's files, too.

    Args:
        directory: the run's folder.
        tensorboard: whether ``tensorboard/`` in it gets event files.
        about: the other arguments of `RunWriter`.

    Raises:
        UsageError: TensorBoard is asked for and not installed, or what `RunWriter` refuses.
    """
    if not tensorboard:
        return RunWriter(directory, **about)
    from diagnostics.training.tensorboard.mirrored import mirrored  # noqa: PLC0415 - draws, which takes a second to load

    return cast(RunWriter, mirrored(directory, **about))  # it has the same methods
