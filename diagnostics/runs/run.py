"""A run on disk: written while training goes on, read back as tidy tables."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa

from diagnostics.runs import manifest, split_rows
from diagnostics.runs.parts import TEXT, PartStore
from diagnostics.wording import statements
from probes.errors import UsageError, unknown_name

STATUSES = ("finished", "failed", "interrupted")
STEP = pa.field("step", pa.int64(), nullable=False)
LAYER = pa.field("layer", TEXT, nullable=False)
TABLES = {
    "layers": pa.schema([STEP, LAYER, ("depth", pa.int32()), ("kind", TEXT)]),
    "units": pa.schema([STEP, LAYER, pa.field("unit", pa.int32(), nullable=False), pa.field("event", TEXT, False)]),
    "scalars": pa.schema([STEP, ("epoch", pa.int64()), ("split", TEXT)]),
}


class RunWriter:
    """Writes one run into a new folder; a context manager that also records how the run ended.

    Left by Ctrl-C the status is ``"interrupted"``, by another exception ``"failed"`` with the message, else
    ``"finished"``. A process that is killed leaves ``"running"`` and every part that was appended.

    Args:
        directory: a folder that does not exist yet, or is empty.
        command: what was run, for people.
        config: what decides the numbers; kept as JSON (see `diagnostics.runs.files.plain`).
        seed: the run's seed, or None.
        layer_table: one record a layer, when it is known already.
        probes: the probes' reprs, when they are known already.

    Raises:
        UsageError: the folder holds something already, or cannot be made or written.
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
    ) -> None:
        self.path = Path(directory)
        content = {"command": command, "config": config, "seed": seed, "layer_table": layer_table, "probes": probes}
        self._manifest = manifest.create(self.path, "run", content)
        self._stores = _stores(self.path)

    def append(self, table: str, frame: pd.DataFrame) -> None:
        """Add rows to a table; they survive whatever happens afterwards.

        Args:
            table: ``"layers"``, ``"units"`` or ``"scalars"``.
            frame: the rows; without rows, nothing is written.

        Raises:
            UsageError: no such table, a required column is missing, the run has ended, or the disk refuses.
        """
        if table not in self._stores:
            raise unknown_name("table", table, self._stores)
        if self._ended:
            raise UsageError(
                what="the run has ended", where=str(self.path), got=f"rows for {table}", do="append before finish()"
            )
        self._stores[table].append(frame)

    def describe(self, **known: Any) -> None:
        """Put into ``run.json`` what has become known, such as ``layer_table=`` and ``probes=``.

        Args:
            **known: what to add or replace, as JSON can hold it.

        Raises:
            UsageError: the file cannot be written.
        """
        self._manifest |= known
        manifest.update(self.path, self._manifest)

    def finish(self, status: str = "finished", **extra: Any) -> None:
        """End the run: merge each table's parts into one file, and set the status. A second call does nothing.

        Args:
            status: ``"finished"``, ``"failed"`` or ``"interrupted"``.
            **extra: what else to put into ``run.json``.

        Raises:
            UsageError: no such status, or ``run.json`` cannot be written.
        """
        if status not in STATUSES:
            raise unknown_name("status", status, STATUSES)
        if not self._ended:
            self._compact()
            self.describe(status=status, ended=manifest.now(), **extra)

    @property
    def _ended(self) -> bool:
        return self._manifest["status"] != "running"

    def _compact(self) -> None:
        for store in self._stores.values():
            try:
                store.compact()
            except (OSError, UsageError) as error:
                warnings.warn(f"{store.directory} stays in parts, which read the same: {error}", stacklevel=3)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None or error is None:
            return self.finish()
        status = "interrupted" if issubclass(kind, KeyboardInterrupt) else "failed"
        try:
            self.finish(status, error=f"{kind.__name__}: {error}")
        except UsageError as unwritten:
            error.add_note(str(unwritten))  # the reason why training stopped matters more than this one
        return None


@dataclass(frozen=True, repr=False, eq=False)
class Run:
    """A stored run. Tables are read when first asked for, and then kept; `load_run` again to see newer rows.

    Text columns (layer, kind, event, split) are categorical, in the order of their first row: grouping by layer goes
    through the network from input to output.

    Attributes:
        path: the run's folder.
        metadata: the content of its ``run.json``.
    """

    path: Path
    metadata: dict[str, Any]
    _kept: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def layers(self) -> pd.DataFrame:
        """One row a layer and step: step, layer, depth, kind, and one column a statistic; NaN is missing."""
        return self._table("layers")

    @property
    def units(self) -> pd.DataFrame:
        """One row an event: step, layer, unit, event (born_dead, death or revival)."""
        return self._table("units")

    @property
    def scalars(self) -> pd.DataFrame:
        """One row a step and split: step, epoch, split, loss, metrics, learning_rate, seconds."""
        return self._table("scalars")

    @property
    def config(self) -> dict[str, Any]:
        """What decided the numbers."""
        return self.metadata["config"]

    @property
    def status(self) -> str:
        """``"running"`` (or killed), ``"finished"``, ``"failed"`` or ``"interrupted"``."""
        return self.metadata["status"]

    @property
    def seed(self) -> int | None:
        """The run's seed."""
        return self.metadata["seed"]

    @property
    def layer_table(self) -> list[dict[str, Any]]:
        """One record a layer."""
        return self.metadata["layer_table"]

    @property
    def probes(self) -> list[str]:
        """The probes' reprs."""
        return self.metadata["probes"]

    def _table(self, name: str) -> pd.DataFrame:
        if name not in self._kept:
            table = _stores(self.path)[name].read()
            self._kept[name] = split_rows.joined(table) if name == "layers" else table
        return self._kept[name]

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {self.status}, seed={self.seed}, {len(self.layer_table)} layers)"

    def _repr_html_(self) -> str:
        facts = {"run": self.path, "status": self.status, "command": self.metadata["command"], "seed": self.seed}
        facts |= {"layers": len(self.layer_table), "started": self.metadata["started"], "ended": self.metadata["ended"]}
        return statements.facts(facts)


def load_run(path: str | Path) -> Run:
    """A stored run, without loading TensorFlow.

    Args:
        path: the run's folder. A run that is still going on, or was killed, gives the parts that are whole.

    Returns:
        The run; its tables are read on demand.

    Raises:
        UsageError: nothing there, not a run, a damaged ``run.json``, or one written by a newer version.
    """
    return Run(Path(path), manifest.read(Path(path), "run"))


def _stores(path: Path) -> dict[str, PartStore]:
    return {name: PartStore(path / name, keys) for name, keys in TABLES.items()}
