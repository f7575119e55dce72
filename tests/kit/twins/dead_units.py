"""Share of units whose every entry in the window is 0; a single window is the first check, so its dead units are born dead."""

from __future__ import annotations

import keras
import numpy as np

EVENTS = {("unknown", "dead"): "born_dead", ("alive", "dead"): "death", ("dead", "alive"): "revival"}
LAYER = keras.layers.Dense(1, activation="relu")


def columns(steps) -> dict[str, float]:
    examples = sum(len(step.activation) for step in steps)
    by_unit = [np.moveaxis(step.activation, step.unit_axis, 0) for step in steps]
    states = [state([entry for step in by_unit for entry in step[unit].ravel()]) for unit in range(len(by_unit[0]))]
    if not examples or set(states) == {"unknown"}:
        return dict.fromkeys(("dead_fraction", "births", "deaths", "revivals", "dead_unit_examples"), np.nan)
    return {
        "dead_fraction": states.count("dead") / len(states),
        "births": states.count("dead"),
        "deaths": 0,
        "revivals": 0,
        "dead_unit_examples": examples,
    }


def state(entries) -> str:
    """What a unit's entries in one check say of it."""
    if any(np.isfinite(entry) and entry != 0 for entry in entries):
        return "alive"
    return "dead" if all(entry == 0 for entry in entries) else "unknown"


def history(checks) -> tuple[list[str], list[dict[int, str]]]:
    """The states after the last check, and each check's events by unit; an unknown state changes nothing.

    Args:
        checks: entries by unit, check by check.
    """
    states, events = ["unknown"] * len(checks[0]), []
    for check in checks:
        now = [state(entries) for entries in check]
        pairs = enumerate(zip(states, now, strict=True))
        events.append({unit: EVENTS[pair] for unit, pair in pairs if pair in EVENTS})
        states = [before if after == "unknown" else after for before, after in zip(states, now, strict=True)]
    return states, events
