"""What a monitor has seen, as tables."""

from __future__ import annotations

import html
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from probes.measuring.packing import Layout
from probes.measuring.unit_history import UnitHistory
from probes.probe import Arrays, Probe
from probes.row import Row

if TYPE_CHECKING:
    import pandas as pd


MEASURED_NAN = "measured_nan"
"""The column that tells a statistic that is NaN from one that was not measured."""
MODEL = "model"
"""The column that names the net of a layer, where a model consists of several."""


def _empty_units() -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    columns = {"step": "int64", "layer": "str", "unit": "int32", "event": "str"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})


def _empty_scalars() -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame({"step": np.zeros(0, np.int64), "loss": np.zeros(0)})


@dataclass(frozen=True)
class Reading:
    """Everything that was measured between two reads.

    Attributes:
        layers: one row a layer and step: step, layer, depth, kind, then a column for every statistic, NaN where missing.
            If a statistic was measured and is NaN, ``measured_nan`` names it in that row; the column is absent if none is.
            If the model consists of several nets, such as a generator and a discriminator, ``model`` names that of the layer,
            and depth is counted within it.
        units: one row an event of a unit: step, layer, unit, event (born_dead, death, revival).
        scalars: one row a step whose loss was seen: step, loss (what a tape differentiated, summed over replicas, unscaled).
        lost: readings overwritten before they were read; 0 when the monitor was read often enough.
    """

    layers: pd.DataFrame
    units: pd.DataFrame = field(default_factory=_empty_units)
    lost: int = 0
    scalars: pd.DataFrame = field(default_factory=_empty_scalars)

    def __repr__(self) -> str:
        """Sizes and steps."""
        steps = self.layers["step"]
        span = f"steps {steps.min()} to {steps.max()}" if len(steps) else "no step"
        names = ", ".join(name for name in self.layers.columns[4:] if name not in (MODEL, MEASURED_NAN))
        return f"Reading({span}, {self.layers['layer'].nunique()} layers: {names or 'no statistics'})"

    def _repr_html_(self) -> str | None:
        table = self.layers._repr_html_()  # pyright: ignore[reportCallIssue]
        return f"<p>{html.escape(repr(self))}, {len(self.units)} events of units</p>{table}"


def tabulate(
    probes: Sequence[Probe],
    layout: Layout | None,
    steps: np.ndarray,
    values: np.ndarray,
    rows: Sequence[Row],
    history: UnitHistory,
) -> pd.DataFrame:
    """The readings of one ledger as a table.

    Args:
        probes: the ledger's probes.
        layout: where their statistics stand in ``values``; ``None`` before the first step.
        steps: ``[n]``.
        values: ``[n, width]``.
        rows: the layers in the order of the table.
        history: what was read before, which these readings may continue; takes the events.

    Returns:
        step, layer, depth, kind and the columns of the probes; a row for every step and layer that has any of them.
    """
    import pandas as pd  # noqa: PLC0415 - probes need it only here

    table: dict[str, np.ndarray] = {}
    names_of_nan = np.full((len(steps), len(rows)), "", object)
    for number, probe in enumerate(probes):
        for column in probe.columns:
            table[column] = np.full((len(steps), len(rows)), np.nan, np.float32)
        for place, row in enumerate(rows):
            statistics = layout.statistic(values, number, row.layer) if layout else {}
            if statistics:
                nonfinite = _nonfinite(statistics)
                for column, numbers in history.columns(probe, number, row, steps, statistics).items():
                    names_of_nan[nonfinite & _all_nan(numbers), place] += f" {column}"
                    table[column] = _with_place_for(table[column], numbers)
                    table[column][:, place] = numbers if numbers.ndim == 1 else _cells(numbers)
    index = {
        "step": np.repeat(steps, len(rows)),
        "layer": pd.Series([row.layer for row in rows] * len(steps), dtype="str"),
        "depth": np.tile(np.array([row.depth for row in rows], np.int32), len(steps)),
        "kind": pd.Series([row.kind for row in rows] * len(steps), dtype="str"),
    }
    if any(row.model for row in rows):
        index[MODEL] = pd.Series([row.model for row in rows] * len(steps), dtype="str")
    measured = layout.rows if layout else set()
    if (names_of_nan != "").any():
        table[MEASURED_NAN] = np.vectorize(str.strip, otypes=[object])(names_of_nan)
    frame = pd.DataFrame(index | {name: column.reshape(-1) for name, column in table.items()})
    return frame.loc[frame["layer"].isin(list(measured)), :]


def _nonfinite(statistics: Arrays) -> np.ndarray:
    """Whether anything that a reading was computed from is NaN or infinite, ``[n]``; the batch size may be unknown."""
    known = (values for name, values in statistics.items() if name != "examples")
    return np.logical_or.reduce([~np.isfinite(values).all(axis=tuple(range(1, values.ndim))) for values in known])


def _all_nan(numbers: np.ndarray) -> np.ndarray:
    return np.asarray(np.isnan(numbers).all(axis=tuple(range(1, numbers.ndim))))


def _with_place_for(cells: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """A column that has a vector in each row holds objects, ``None`` where missing; Parquet keeps it as lists."""
    return cells if numbers.ndim == 1 or cells.dtype == object else np.full(cells.shape, None, object)


def _cells(vectors: np.ndarray) -> np.ndarray:
    cells = np.full(len(vectors), None, object)
    for place, vector in enumerate(vectors):
        cells[place] = None if np.isnan(vector).all() else vector.astype(np.float32)
    return cells


def join(tables: Sequence[pd.DataFrame], rows: Sequence[Row]) -> pd.DataFrame:
    """One table from those of several cadences: a step that only some of them measured has NaN for the others.

    Args:
        tables: of each cadence.
        rows: the layers in the order of the table.
    """
    keys = ["step", "layer", "depth", "kind", *([MODEL] if any(row.model for row in rows) else [])]
    if not tables:
        return tabulate((), None, np.zeros(0, np.int64), np.zeros((0, 0)), rows, UnitHistory())
    frame, *others = (table.rename(columns={MEASURED_NAN: (MEASURED_NAN, n)}) for n, table in enumerate(tables))
    for table in others:
        frame = frame.merge(table, on=keys, how="outer")
    notes = [column for column in frame if isinstance(column, tuple)]
    if notes:
        frame[MEASURED_NAN] = frame[notes].fillna("").agg(" ".join, axis=1).str.strip()
    place = {row.layer: number for number, row in enumerate(rows)}
    order = np.lexsort((np.array([place[layer] for layer in frame["layer"]], np.int64), frame["step"].to_numpy()))
    return frame.drop(columns=notes).iloc[order].reset_index(drop=True)


def warn_of_lost(lost: int) -> None:
    """Warn of readings that were overwritten unread, if there are any."""
    if lost:
        more = "call read() more often, or give Monitor(capacity=...)"
        warnings.warn(f"{lost} readings were overwritten before they were read: {more}", stacklevel=3)


def join_events(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The events of all cadences, by step, depth and unit."""
    import pandas as pd  # noqa: PLC0415

    if not tables:
        return _empty_units()
    events = pd.concat(tables).sort_values(["step", "depth", "unit"], kind="stable", ignore_index=True)
    return events.drop(columns="depth").astype({"layer": "str", "event": "str"})
