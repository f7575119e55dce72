"""Which rows there are, in which order, and why a layer has none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from probes.capture.capture import MEASURED, MODEL_ITSELF, NO_ROW, Capture
from probes.capture.modules import Names
from probes.row import Row
from probes.seams.graph import entries_of
from probes.snapshot.snapshot import RowSnapshots


class LayerTable:
    """The rows of a model's layers, and the status of each layer.

    Args:
        names: the layers' paths.

    Attributes:
        rows: those seen so far, in the order in which the layers ran.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self.rows: list[Row] = []
        self._statuses: dict[str, str] = {}

    def note(self, capture: Capture, rows: Sequence[RowSnapshots]) -> None:
        """Add what a step has seen; a row keeps the depth that it had first."""
        known = {row.layer for row in self.rows}
        for row in rows:
            if row.path not in known:
                first = row.snapshots[0]
                self.rows.append(Row(row.path, len(self.rows) + 1, first.kind, first.units))
        self._statuses |= capture.unseen | {call.path: MEASURED for call in capture.calls}

    def records(self, recorded: set[str]) -> list[dict[str, Any]]:
        """One record per layer: layer, depth, kind, units, parameters, status.

        Args:
            recorded: the rows that some probe measures.
        """
        entries = {entry.path: entry for entry in self._names.entries()}
        rows = {row.layer: row for row in self.rows}
        own = {path: rows.get(path, Row(path, 0, entry.kind)) for path, entry in entries.items()}
        outermost = {entry.path for entry in entries.values() if entry.layer is self._names.model}
        return [
            {
                "layer": path,
                "depth": row.depth,
                "kind": row.kind,
                "units": row.units,
                "parameters": entries_of(entries[path].variables) if path in entries else 0,
                "status": MODEL_ITSELF if path in outermost else self._status(path, path in recorded),
            }
            for path, row in (own | rows).items()
        ]

    def _status(self, path: str, recorded: bool) -> str:
        status = self._statuses.get(path.partition("@")[0], self._names.uncalled)
        return NO_ROW if status == MEASURED and not recorded else status
