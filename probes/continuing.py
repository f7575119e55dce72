"""What a monitor carries from one step to the next, as named arrays, so that another process can go on measuring."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from probes.monitor import Monitor

STEPS, OPEN, LAST = "steps", "open", "last"


def carried(monitor: Monitor) -> dict[str, np.ndarray]:
    """What the next reading depends on beside the steps to come; to be called just after ``Monitor.read``.

    Args:
        monitor: one whose losses are not recorded (``Monitor(losses=False)``).

    Returns:
        Arrays by name: the number of steps, each cadence's open window, and the last readings of probes that follow units.
    """
    arrays = {STEPS: np.array(monitor.steps)}
    for number, ledger in enumerate(monitor.ledgers):
        if (window := ledger.open_window()) is not None:
            arrays[f"{OPEN}/{number}/since"], arrays[f"{OPEN}/{number}/values"] = window
        for (probe, row), statistics in ledger.history.last.items():
            arrays |= {json.dumps([LAST, number, probe, row, name]): value for name, value in statistics.items()}
    return arrays


def carry_on(monitor: Monitor, arrays: Mapping[str, np.ndarray]) -> None:
    """Let a monitor with the same model and probes go on where another one was; to be called before its first step.

    Args:
        monitor: the monitor.
        arrays: what `carried` returned.
    """
    monitor.count.go_on_from(int(arrays[STEPS]))
    for number, ledger in enumerate(monitor.ledgers):
        if f"{OPEN}/{number}/since" in arrays:
            ledger.opens_with(int(arrays[f"{OPEN}/{number}/since"]), arrays[f"{OPEN}/{number}/values"])
    for name, value in arrays.items():
        if name.startswith(json.dumps([LAST])[:-1]):
            _, number, probe, row, statistic = json.loads(name)
            monitor.ledgers[number].history.last.setdefault((probe, row), {})[statistic] = value
