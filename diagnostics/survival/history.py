"""The history of dead units: how many are dead at each check, for how long, and which for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from probes.errors import UsageError

CHANGES = {"born_dead": 1, "death": 1, "revival": -1}  # of the number of dead units
KEYS = ["layer", "unit"]


def dead_over_time(events: pd.DataFrame, checks: ArrayLike, units: Mapping[str, int]) -> pd.DataFrame:
    """Dead units of every layer at every check.

    Formula: born dead + deaths − revivals up to and including the check; dead_fraction = dead / units.

    Args:
        events: columns step, layer, unit, event (born_dead, death, revival).
        checks: the steps of the checks, ``[checks]``.
        units: number of units by layer; units without events are alive throughout.

    Returns:
        Columns step, layer, dead, dead_fraction (in [0, 1]; NaN for a layer without units), by layer and step.

    Raises:
        UsageError: an unknown event, or a layer that is missing from ``units``.

    Examples:
        >>> rows = [(10, "hidden", 0, "death"), (20, "hidden", 1, "death"), (30, "hidden", 0, "revival")]
        >>> events = pd.DataFrame(rows, columns=["step", "layer", "unit", "event"])
        >>> dead_over_time(events, [0, 20, 40], {"hidden": 4})["dead"].tolist()
        [0, 2, 1]
    """
    ordered = _ordered(events)
    steps = np.unique(np.asarray(checks, np.int64))
    unknown = set(ordered["layer"]) - set(units)
    if unknown:
        raise _unfit("the argument units", f"no number of units for {', '.join(sorted(unknown))}", "name every layer")
    return pd.concat(
        [_layer_over_time(ordered, steps, *item) for item in units.items()] or [_NOTHING], ignore_index=True
    )


def dead_for_good(events: pd.DataFrame, units: Mapping[str, int]) -> pd.DataFrame:
    """Units of each layer that are still dead at the last check.

    Formula: units whose last event is not a revival / units.

    Args:
        events: as for ``dead_over_time``.
        units: number of units by layer.

    Returns:
        Columns layer, units, dead, dead_share (in [0, 1]; NaN for a layer without units).

    Raises:
        UsageError: as for ``dead_over_time``.

    Examples:
        >>> rows = [(10, "hidden", 0, "death"), (20, "hidden", 1, "death"), (30, "hidden", 0, "revival")]
        >>> events = pd.DataFrame(rows, columns=["step", "layer", "unit", "event"])
        >>> dead_for_good(events, {"hidden": 4})["dead_share"].tolist()
        [0.25]
    """
    last = dead_over_time(events, [np.iinfo(np.int64).max], units)
    columns = {"layer": last["layer"], "units": list(units.values()), "dead": last["dead"]}
    return pd.DataFrame(columns | {"dead_share": last["dead_fraction"]})


def spells(events: pd.DataFrame, last_check: int) -> pd.DataFrame:
    """The spells during which units were dead, from the check that found them dead to the check that found them alive.

    Formula: length = step of revival − step of death; for an open spell, last check − step of death. The true length
    differs by less than the interval between checks.

    Args:
        events: as for ``dead_over_time``.
        last_check: step of the last check, where spells that are still open are cut off.

    Returns:
        Columns layer, unit, start, end, length (steps, ≥ 0), open (not revived by the last check), born_dead, by layer,
        unit and start.

    Raises:
        UsageError: an unknown event, an event after the last check, or deaths and revivals of a unit that do not alternate.

    Examples:
        >>> rows = [(10, "hidden", 0, "death"), (20, "hidden", 1, "death"), (30, "hidden", 0, "revival")]
        >>> events = pd.DataFrame(rows, columns=["step", "layer", "unit", "event"])
        >>> spells(events, last_check=45)[["unit", "start", "length", "open"]].to_numpy().tolist()
        [[0, 10, 20, False], [1, 20, 25, True]]
    """
    ordered = _ordered(events)
    if len(ordered) and ordered["step"].to_numpy().max() > last_check:
        raise _unfit("the argument last_check", f"events after step {last_check}", "pass the step of the last check")
    _check_order(ordered)
    ordered["end"] = ordered.groupby(KEYS, sort=False)["step"].shift(-1)
    begun = ordered.loc[ordered["event"] != "revival"].rename(columns={"step": "start"})
    begun["open"] = begun["end"].isna()
    begun["end"] = begun["end"].fillna(last_check).astype(np.int64)
    begun["length"] = begun["end"] - begun["start"]
    begun["born_dead"] = begun["event"] == "born_dead"
    return begun.loc[:, [*KEYS, "start", "end", "length", "open", "born_dead"]].reset_index(drop=True)


def first_spells(table: pd.DataFrame) -> pd.DataFrame:
    """The first spell of every unit.

    A unit that has died once is more likely to die again, so its spells are not independent, as the log-rank test
    assumes; first spells of different units come closer to that.

    Args:
        table: what ``spells`` returns.

    Returns:
        The same columns, one row per unit.
    """
    return table.drop_duplicates(KEYS, keep="first").reset_index(drop=True)


_NOTHING = pd.DataFrame({"step": [], "layer": [], "dead": [], "dead_fraction": []})


def _layer_over_time(events: pd.DataFrame, checks: np.ndarray, layer: str, units: int) -> pd.DataFrame:
    own = events.loc[events["layer"] == layer].sort_values("step")
    changes = np.append(0, np.cumsum([CHANGES[event] for event in own["event"]])).astype(np.int64)
    dead = changes[np.searchsorted(own["step"].to_numpy(np.int64), checks, side="right")]
    fraction = dead / units if units else np.full(dead.shape, np.nan)
    return pd.DataFrame({"step": checks, "layer": layer, "dead": dead, "dead_fraction": fraction})


def _ordered(events: pd.DataFrame) -> pd.DataFrame:
    """Events by layer, unit and step, as plain text and integers; events of one step keep their order."""
    if events.empty:
        return pd.DataFrame({"step": np.array([], np.int64), "layer": [], "unit": [], "event": []})
    unknown = set(events["event"].astype(str)) - set(CHANGES)
    if unknown:
        raise _unfit("the column event", ", ".join(sorted(unknown)), f"use {', '.join(CHANGES)}")
    plain = events.loc[:, ["step", *KEYS, "event"]].astype({"step": np.int64, "layer": str, "event": str})
    return cast(pd.DataFrame, plain).sort_values([*KEYS, "step"], kind="stable", ignore_index=True)


def _check_order(ordered: pd.DataFrame) -> None:
    """Check that no unit dies twice in a row or revives while alive."""
    revival = ordered["event"].to_numpy(str) == "revival"
    new_unit = ~ordered.duplicated(KEYS).to_numpy()
    before = np.append(True, revival[:-1]) | new_unit  # alive before the event
    odd = before == revival
    if odd.any():
        row = ordered.iloc[int(odd.argmax())]
        state = "revives while alive" if row["event"] == "revival" else "dies while dead"
        raise _unfit(
            "the events' order",
            f"unit {row['unit']} of {row['layer']} {state} at step {row['step']}",
            "pass all events of one run",
        )


def _unfit(where: str, got: str, do: str) -> UsageError:
    return UsageError(what="inconsistent events of units", where=where, got=got, do=do)
