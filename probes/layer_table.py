"""Which rows there are, in which order, and why a layer has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from probes.capture.capture import MEASURED, MODEL_ITSELF, NO_ROW, Capture
from probes.capture.flow import Flow
from probes.capture.modules import Names
from probes.capture.nets import Part, nets_of
from probes.row import Row
from probes.seams.graph import entries_of, key_of
from probes.snapshot.snapshot import RowSnapshots


class LayerTable:
    """The rows of a model's layers, and the status of each layer.

    Args:
        names: the layers' paths.

    Attributes:
        rows: those seen so far, net by net, in the order in which the layers ran.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self.rows: list[Row] = []
        self._statuses: dict[str, str] = {}
        self._nets: dict[str, str] | None = None

    def note(self, capture: Capture, rows: Sequence[RowSnapshots], flow: Flow, updates: Mapping[int, int]) -> None:
        """Add what a step has seen; a row keeps the net and the depth that it had first.

        Args:
            capture: the step's layers.
            rows: what is measured.
            flow: how the parts of the model feed one another.
            updates: for each variable that was changed, by its key, the number of the update in the step.
        """
        if self._nets is None:
            self._nets = self._find_nets(flow, updates)
        known = {row.layer for row in self.rows}
        for row in rows:
            if row.path not in known:
                first, model = row.snapshots[0], self._net(row.path)
                depth = sum(other.model == model for other in self.rows) + 1
                self.rows.append(Row(row.path, depth, first.kind, first.units, model))
        order = {model: place for place, model in enumerate(dict.fromkeys(row.model for row in self.rows))}
        self.rows.sort(key=lambda row: order[row.model])
        self._statuses |= capture.unseen | {call.path: MEASURED for call in capture.calls}

    def records(self, recorded: set[str]) -> list[dict[str, Any]]:
        """One record per layer: layer, depth, model, kind, units, parameters, status.

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
                "model": self._net(path) or self._whole,
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

    def _net(self, path: str) -> str:
        return self._nets.get(path.partition("/")[0], self._whole) if self._nets else ""

    @property
    def _whole(self) -> str:
        return str(getattr(self._names.model, "name", "model"))

    def _find_nets(self, flow: Flow, updates: Mapping[int, int]) -> dict[str, str]:
        parts = [Part(layer, self._names.path(layer, None) or "", _last_update(layer, updates)) for layer in flow.parts]
        return nets_of(self._whole, parts, flow.links)


def _last_update(layer: keras.Layer, updates: Mapping[int, int]) -> int | None:
    own = [updates[key] for key in map(key_of, layer.trainable_variables) if key in updates]
    return max(own, default=None)
