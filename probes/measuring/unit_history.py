"""From merged statistics to columns; for probes that follow single units, also their events, across reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from probes.probe import Arrays, Probe
from probes.row import Row
from probes.unit_probe import as_unit_probe

if TYPE_CHECKING:
    import pandas as pd


class UnitHistory:
    """Carries the last reading over to the next read, for probes that compare each reading with the one before.

    Attributes:
        last: the last reading of a probe, by its number and the row.
    """

    def __init__(self) -> None:
        self.last: dict[tuple[int, str], Arrays] = {}
        self._events: list[pd.DataFrame] = []

    def forget(self) -> None:
        """Forget the last readings: the next one starts another training."""
        self.last.clear()

    def columns(self, probe: Probe, number: int, row: Row, steps: np.ndarray, statistics: Arrays) -> Arrays:
        """A probe's columns for one row, continuing what was read before; notes the events.

        Args:
            probe: the probe.
            number: which of the ledger's probes it is.
            row: the row.
            steps: ``[n]``.
            statistics: the row's merged statistics, ``[n, ...]``.

        Returns:
            The columns, each ``[n]``.
        """
        before = self.last.get((number, row.layer), {})
        known = len(before.get(next(iter(statistics)), ()))  # 1 if a reading is carried over, which gets no row again
        joined = {name: np.concatenate([before[name], value]) if known else value for name, value in statistics.items()}
        if units := as_unit_probe(probe):
            for event, happened in units.events(joined).items():
                self._note(row, steps, event, happened[known:])
            last = units.carried(joined)
            if last is not None:
                self.last[number, row.layer] = {name: value.copy() for name, value in last.items()}
        # NaN and Inf are legitimate results here.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return {name: column[known:] for name, column in probe.summarize(joined).items()}

    def take(self) -> list[pd.DataFrame]:
        """The events noted since the last call: step, layer, unit, event, and depth to sort by."""
        events, self._events = self._events, []
        return events

    def _note(self, row: Row, steps: np.ndarray, event: str, happened: np.ndarray) -> None:
        import pandas as pd  # noqa: PLC0415 - needed only where there are events

        check, unit = np.nonzero(happened)
        if len(check):
            own = {"step": steps[check], "layer": row.layer, "unit": unit.astype(np.int32), "event": event}
            self._events.append(pd.DataFrame(own | {"depth": row.depth}))
