"""Births, deaths and revivals of units: from one check to the next, and from one read to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from probes.probe import Arrays, Probe
from probes.row import Row

if TYPE_CHECKING:
    import pandas as pd


def changes(dead: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    """What happened to each unit at each check; a check that cannot tell is passed over.

    Args:
        dead: whether the unit was dead, ``[checks, units]``, in the order of the checks.
        known: whether the check can tell, ``[checks]``.

    Returns:
        born_dead (dead at the first check that can tell), death and revival (other than at the check before), each
        ``[checks, units]``.
    """
    happened = {event: np.zeros(dead.shape, bool) for event in ("born_dead", "death", "revival")}
    checks = np.flatnonzero(known)
    now, before = dead[checks[1:]], dead[checks[:-1]]
    happened["born_dead"][checks[:1]] = dead[checks[:1]]
    happened["death"][checks[1:]] = now & ~before
    happened["revival"][checks[1:]] = ~now & before
    return happened


class UnitHistory:
    """Lets the readings of one read continue from those of the last, where a probe compares readings in turn."""

    def __init__(self) -> None:
        self._last: dict[tuple[int, str], Arrays] = {}
        self._events: list[pd.DataFrame] = []

    def forget(self) -> None:
        """The next reading is the first of another training."""
        self._last.clear()

    def columns(self, probe: Probe, number: int, row: Row, steps: np.ndarray, statistics: Arrays) -> Arrays:
        """A probe's columns for one row, as they follow upon what was read before; the events are noted.

        Args:
            probe: the probe.
            number: which of the ledger's probes it is.
            row: the row.
            steps: ``[n]``.
            statistics: the row's merged statistics, ``[n, ...]``.

        Returns:
            The columns, each ``[n]``.
        """
        before = self._last.get((number, row.layer), {})
        known = len(before.get(next(iter(statistics)), ()))
        joined = {name: np.concatenate([before[name], value]) if known else value for name, value in statistics.items()}
        for event, happened in probe.events(joined).items():
            self._note(row, steps, event, happened[known:])
        last = probe.continues_from(joined)
        if last is not None:
            self._last[number, row.layer] = {name: value[last : last + 1].copy() for name, value in joined.items()}
        # NaN and Inf are results here, and nothing to warn of.
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
