"""Opens the writer of a new run, which on request hands its rows over to trackers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError

if TYPE_CHECKING:
    from diagnostics.training.sink import Sink


def new_run(directory: str | Path, *, sinks: Sequence[Sink] = (), **about: Any) -> RunWriter:
    """A new run's writer.

    Args:
        directory: the run's folder.
        sinks: what takes over its rows.
        about: the other arguments of `RunWriter`.

    Raises:
        UsageError: what `RunWriter` refuses.
    """
    writer = RunWriter(directory, **about)
    if not sinks:
        return writer
    from diagnostics.training.handed_on import HandedOn  # noqa: PLC0415 - draws, which takes a second to load

    return cast(RunWriter, HandedOn(writer, sinks))  # it has the same methods


def check_sinks(sinks: object, where: str, *, tensorboard: bool = False) -> tuple[Sink, ...]:
    """What was given as ``sinks=``, and TensorBoard on request.

    Args:
        sinks: sinks, or nothing.
        where: who was given them.
        tensorboard: whether ``tensorboard/`` in the run's folder gets event files.

    Raises:
        UsageError: something else was given, or TensorBoard is asked for and not installed.
    """
    if not sinks and not tensorboard:
        return ()
    from diagnostics.training.sink import Sink  # noqa: PLC0415 - draws, which takes a second to load
    from diagnostics.training.tensorboard.sink import TensorBoard  # noqa: PLC0415

    chosen = tuple(sinks) if isinstance(sinks, Iterable) else (sinks,)
    for each in chosen:
        if not isinstance(each, Sink):
            raise UsageError(
                what="sinks= takes a list of sinks",
                where=f"{where}(sinks=...)",
                got=f"{sinks!r:.200}",
                do="make them: sinks=[diagnostics.sinks.MLflow()]",
            )
    return cast("tuple[Sink, ...]", (*chosen, *([TensorBoard()] if tensorboard else [])))
