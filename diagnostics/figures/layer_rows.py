"""The readings of one quantity of one run, layer by layer, and what a map with few columns shows of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from diagnostics.figures.heat_map import MOST_COLUMNS
from diagnostics.figures.seeds import require
from diagnostics.runs.order import MODEL, places


class Rows(NamedTuple):
    """The readings of one quantity.

    Args:
        values: ``[layers, steps]``; NaN where there is no reading.
        steps: ``[steps]``, ascending.
        names: the layers with a reading, from input to output.
        kinds: their classes.
        nets: the net of each, if there are several; else empty.
    """

    values: np.ndarray
    steps: np.ndarray
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    nets: tuple[str, ...] = ()

    @classmethod
    def of(cls, frame: pd.DataFrame, column: str) -> Rows:
        """The readings in a run's table ``layers``."""
        known = frame.iloc[np.flatnonzero(frame[column].notna().to_numpy())]
        # By hashing: half a million rows take no sort.
        at, steps = pd.factorize(known["step"].to_numpy(np.int64), sort=True)
        row, depths = pd.factorize(places(known), sort=True, use_na_sentinel=False)  # a damaged table may lack depths
        values = np.full((len(depths), len(steps)), np.nan)
        values[row, at] = known[column].to_numpy(np.float64)
        first = np.empty(len(depths), np.int64)
        first[row[::-1]] = np.arange(len(row))[::-1]
        # A run has millions of rows, but few layers: only the first row of each becomes text.
        names, kinds = (tuple(known[key].iloc[first].astype(str).to_numpy()) for key in ("layer", "kind"))
        nets = tuple(known[MODEL].iloc[first].astype(str).to_numpy()) if MODEL in known else ()
        return cls(values, np.asarray(steps), names, kinds, nets)

    def only(self, kept: np.ndarray) -> Rows:
        """The layers for which `kept` holds."""
        names, kinds, nets = (
            tuple(np.array(each, object)[kept]) if each else () for each in (self.names, self.kinds, self.nets)
        )
        return Rows(self.values[kept], self.steps, names, kinds, nets)


def readings(frame: pd.DataFrame | Rows, column: str) -> Rows:
    """The readings of a quantity, from a run's table or as they are.

    Raises:
        UsageError: when a column is missing, or nothing was measured.
    """
    if isinstance(frame, Rows):
        return frame
    require(frame, ["step", "layer", "depth", "kind", column])
    require(frame.loc[frame[column].notna()], [column])
    return Rows.of(frame, column)


def has_readings(table: pd.DataFrame, column: str) -> bool:
    """Whether a table has a column of numbers with at least one reading."""
    return column in table and is_numeric_dtype(table[column]) and bool(table[column].notna().to_numpy().any())


def around(rows: Rows, step: int) -> np.ndarray:
    """Each layer's reading nearest to a step: layers may be measured at different cadences."""
    distance = np.where(np.isnan(rows.values), np.inf, np.abs(rows.steps - step))
    return rows.values[np.arange(len(rows.names)), distance.argmin(axis=1)]


def thinned(rows: Rows, *, log: bool, most: int = MOST_COLUMNS) -> tuple[np.ndarray, np.ndarray]:
    """Columns of a map: each shows the reading in its span of steps that is farthest from the layer's median.

    Args:
        rows: the readings.
        log: whether distance is measured in decades.
        most: the most columns.

    Returns:
        First step of each column ``[columns]``, and values ``[layers, columns]``; a column without a reading repeats the
        one before.
    """
    filled = rows.values
    if len(rows.steps) > most:
        edges = np.linspace(rows.steps[0], rows.steps[-1] + 1, most + 1)
        starts = np.unique(np.searchsorted(rows.steps, edges[:-1]))
        bins = np.split(np.arange(len(rows.steps)), starts[1:])
        far = _far(filled, log=log)
        filled = np.stack([filled[np.arange(len(filled)), part[far[:, part].argmax(axis=1)]] for part in bins], axis=1)
        steps = rows.steps[starts].astype(float)
    else:
        steps = rows.steps.astype(float)
    last = np.where(np.isnan(filled), 0, np.arange(filled.shape[1]))
    filled = np.take_along_axis(filled, np.maximum.accumulate(last, axis=1), axis=1)
    even = np.linspace(steps[0], steps[-1], len(steps))
    return even, filled[:, np.searchsorted(steps, even + 1e-6, side="right") - 1]


def _far(values: np.ndarray, *, log: bool) -> np.ndarray:
    """Distance of each reading from its layer's median; −1 without a reading, infinite for what is not finite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        placed = np.log10(np.abs(values)) if log else values
        finite = np.where(np.isfinite(placed), placed, np.nan)
        middle = pd.DataFrame(finite.T).median().to_numpy()[:, None]
        far = np.abs(finite - middle)
    return np.where(np.isnan(values), -1.0, np.where(np.isnan(far), np.inf, far))
