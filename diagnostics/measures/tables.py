"""Selects the rows and the column of a run that a measure reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Protocol

import numpy as np
import pandas as pd

from diagnostics.runs.order import MODEL, places
from diagnostics.runs.tables import MEASURED_NAN, TABLES
from probes.errors import unknown_name

KEYS = (*TABLES["layers"].names, MODEL, MEASURED_NAN)
"""The columns of ``layers`` that are no statistics."""


class RunLike(Protocol):
    """What measures and rules need from a run; ``runs.run.Run`` provides it."""

    @property
    def layers(self) -> pd.DataFrame:
        """One row per layer and step: step, layer, depth, kind, statistics; NaN is missing."""
        ...

    @property
    def units(self) -> pd.DataFrame:
        """One row per event: step, layer, unit, event."""
        ...

    @property
    def scalars(self) -> pd.DataFrame:
        """One row per split and step: step, epoch, split, loss, metrics, learning_rate, seconds."""
        ...

    @property
    def config(self) -> Mapping[str, object]:
        """The run's settings."""
        ...

    @property
    def layer_table(self) -> Sequence[Mapping[str, object]]:
        """Facts about each layer."""
        ...


def readings(run: RunLike, column: str, layers: str = "*") -> pd.DataFrame:
    """The readings of one statistic: rows where it is present, of the layers that match a pattern.

    Args:
        run: where to look.
        column: a statistic of ``run.layers``.
        layers: shell pattern of layer paths, such as ``"hidden_*"``.

    Returns:
        Columns step, layer, depth, position and value (float64), by step and depth. ``position`` counts from 0 along
        the matching layers, ignoring those in between: slopes are per layer of the chain, not per row of the table.

    Raises:
        UsageError: the run has rows, but no such column, or no layer that matches the pattern.
    """
    table = run.layers
    if column not in table.columns:
        if table.empty:
            return pd.DataFrame(columns=["step", "layer", "depth", "position", "value"])
        raise unknown_name("statistic", column, [name for name in table.columns if name not in KEYS])
    chosen = _fits(table.loc[:, "layer"], layers)
    rows, value = table.loc[chosen, ["step", "layer", "depth"]], numbers(table.loc[chosen, column])
    place = places(table.loc[chosen])
    rows["position"] = np.unique(place, return_inverse=True)[1]
    rows["value"] = value
    order = np.lexsort((place, rows["step"].to_numpy()))
    return rows.iloc[order[~np.isnan(value[order])]].reset_index(drop=True)


def profile(run: RunLike, column: str, layers: str = "*", step: int = 0, until: int | None = None) -> pd.DataFrame:
    """One value per layer: a statistic at one step, or its median over a window of steps.

    Args:
        run: where to look.
        column: a statistic of ``run.layers``.
        layers: shell pattern of layer paths.
        step: the step, or the window's first; negative counts back from the last step with a reading (−1).
        until: the window's last step, counted the same way; None for a single step.

    Returns:
        Columns layer, depth, position and value, by depth; empty where nothing was recorded at these steps.

    Raises:
        UsageError: as for ``readings``.
    """
    rows = readings(run, column, layers)
    steps = np.unique(rows["step"].to_numpy())
    first = _resolved(steps, step)
    last = first if until is None else _resolved(steps, until)
    window = rows.loc[rows["step"].between(first, last)]
    _, first, chain = np.unique(window["position"].to_numpy(), return_index=True, return_inverse=True)
    values = window["value"].to_numpy()
    several = len(values) > len(first)
    medians = [np.median(values[chain == place]) for place in range(len(first))] if several else values[first]
    measured = window.loc[:, ["layer", "depth", "position"]].iloc[first].reset_index(drop=True)
    return measured.assign(value=np.asarray(medians, np.float64))


def numbers(column: pd.Series) -> np.ndarray:
    """A column's values as numbers; what is text in a foreign run's part is missing, NaN."""
    return np.asarray(pd.to_numeric(column, errors="coerce"), np.float64)


def known_scalar(scalars: pd.DataFrame, column: str) -> None:
    """Check that a run's scalars have a column.

    Raises:
        UsageError: there are rows, but no such column.
    """
    if column not in scalars.columns and not scalars.empty:
        raise unknown_name(
            "scalar", column, [name for name in scalars.columns if name not in ("step", "epoch", "split")]
        )


def _fits(layers: pd.Series, pattern: str) -> pd.Series:
    names = [str(name) for name in layers.unique()]
    fitting = [name for name in names if fnmatchcase(name, pattern)]
    if names and not fitting:
        raise unknown_name("layer", pattern, names)
    return layers.isin(fitting)


def _resolved(steps: np.ndarray, step: int) -> float:
    """The recorded step: counted from the end when negative, NaN (equal to nothing) when there are too few steps."""
    if step >= 0:
        return step
    return steps[step] if -step <= steps.size else np.nan
