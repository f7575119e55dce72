"""Writes a run to disk while training goes on."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd

from diagnostics.runs import manifest
from diagnostics.runs.confined import as_path
from diagnostics.runs.endings import status_after
from diagnostics.runs.part_writer import PartWriter
from diagnostics.runs.tables import stores
from diagnostics.runs.typed import MOST
from diagnostics.runs.uninterrupted import uninterrupted
from probes.errors import UsageError, unknown_name

STATUSES = ("finished", "failed", "interrupted")


class RunWriter:
    """Writes one run into a new folder; a context manager that also records how the run ended.

    Left by Ctrl-C or SIGTERM the status is ``"interrupted"``, by another exception ``"failed"`` with the message, else
    ``"finished"``. A process that is killed leaves every part that was appended, and readers see ``"killed"``.
    While the run goes on, no other process can write the folder.

    Args:
        directory: a folder that does not exist yet, or is empty.
        command: what was run, for people.
        config: what decides the numbers; kept as JSON (see `diagnostics.runs.files.plain`).
        seed: the run's seed, or None.
        layer_table: one record per layer, when it is known already.
        probes: the probes' reprs, when they are known already.
        facts: further entries of ``run.json``, as JSON can hold them.
        continues: how many rows of each table stay, where the folder holds the beginning of this run; rows behind them go.

    Raises:
        UsageError: the folder holds something already, another process writes it, or it cannot be made or written; or what
            is to be continued is damaged.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        command: str,
        config: Mapping[str, Any],
        seed: int | None,
        layer_table: Sequence[Mapping[str, Any]] = (),
        probes: Sequence[str] = (),
        facts: Mapping[str, Any] | None = None,
        continues: Mapping[str, int] | None = None,
    ) -> None:
        self.path = as_path(directory, "RunWriter(directory)")
        _check(config, seed)
        content = {"command": command, "config": config, "seed": seed, "layer_table": layer_table, "probes": probes}
        content |= dict(facts or {})
        open_folder = manifest.create if continues is None else manifest.reopen
        self._lock, self._manifest = open_folder(self.path, "run", content)
        self._tables = {name: PartWriter(store) for name, store in stores(self.path).items()}
        if continues is not None:
            self._continue(continues)

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table has on disk."""
        return {name: table.rows for name, table in self._tables.items()}

    def _continue(self, rows: Mapping[str, int]) -> None:
        try:
            for name, table in self._tables.items():
                table.keep(rows.get(name, 0))
            manifest.update(self.path, self._manifest)
        except BaseException:
            self._lock.release()
            raise

    def append(self, table: str, frame: pd.DataFrame) -> None:
        """Add rows to a table; they survive whatever happens afterwards.

        Args:
            table: ``"layers"``, ``"units"`` or ``"scalars"``.
            frame: the rows; without rows, nothing is written.

        Raises:
            UsageError: no such table, a required column is missing, the run has ended, or the disk refuses.
        """
        if table not in self._tables:
            raise unknown_name("table", table, self._tables)
        if self._ended:
            raise UsageError(
                what="the run has ended", where=str(self.path), got=f"rows for {table}", do="append before finish()"
            )
        with uninterrupted():
            self._tables[table].append(frame)

    def describe(self, **known: Any) -> None:
        """Put into ``run.json`` what has become known, such as ``layer_table=`` and ``probes=``.

        Args:
            **known: what to add or replace, as JSON can hold it.

        Raises:
            UsageError: the file cannot be written.
        """
        with uninterrupted():
            manifest.update(self.path, self._manifest | known)
            self._manifest |= known

    def finish(self, status: str = "finished", **extra: Any) -> None:
        """End the run: set the status, and merge each table's parts into one file. A second call does nothing.

        Args:
            status: ``"finished"``, ``"failed"`` or ``"interrupted"``.
            **extra: what else to put into ``run.json``.

        Raises:
            UsageError: no such status, or ``run.json`` cannot be written.
        """
        if status not in STATUSES:
            raise unknown_name("status", status, STATUSES)
        with uninterrupted():
            self._finish(status, extra)

    def _finish(self, status: str, extra: Mapping[str, Any]) -> None:
        if not self._ended:
            self.describe(status=status, ended=manifest.now(), **extra)
            try:  # a process that is killed from here on has ended its run
                self._compact()
            finally:
                self._lock.release()

    @property
    def _ended(self) -> bool:
        return self._manifest["status"] != manifest.RUNNING

    def _compact(self) -> None:
        for table in self._tables.values():
            try:
                for damage in table.compact():
                    warnings.warn(f"not merged with the other parts: {damage}", stacklevel=3)
            except OSError as error:
                warnings.warn(f"{table.store.directory} stays in parts, which read the same: {error}", stacklevel=3)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None or error is None:
            return self.finish()
        try:
            self.finish(status_after(error), error=f"{kind.__name__}: {error}")
        except UsageError as unwritten:
            error.add_note(str(unwritten))  # the reason why training stopped matters more than this one
        return None


def _check(config: object, seed: object) -> None:
    """Refuse at the start what could not be read back."""
    if not isinstance(config, Mapping):
        raise UsageError(what="a config is a mapping", where="config=", got=repr(config), do='give one: {"rate": 0.1}')
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, Integral) or abs(int(seed)) > MOST):
        do = "give a whole number of at most 63 bits, or None"
        raise UsageError(what="a seed is a whole number", where="seed=", got=repr(seed), do=do)
