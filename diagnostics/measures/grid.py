"""A statistic as a matrix of steps and layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from diagnostics.runs.order import MODEL, places


@dataclass(frozen=True, eq=False)
class Grid:
    """The readings of one statistic.

    Args:
        steps: the steps with a reading of any layer, ``[n]``.
        layers: the layers with a reading at any step, by depth.
        kinds: the kind of each layer.
        nets: the net of each layer; empty if there is only one.
        values: ``[n, layers]``, NaN without a reading.
    """

    steps: np.ndarray
    layers: tuple[str, ...]
    kinds: tuple[str, ...]
    values: np.ndarray
    nets: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Number of steps with a reading."""
        return len(self.steps)

    def of(self, layers: Sequence[str]) -> Grid:
        """The same for some of the layers, in their order of depth."""
        chosen = [place for place, layer in enumerate(self.layers) if layer in set(layers)]
        names, kinds = (tuple(each[place] for place in chosen) for each in (self.layers, self.kinds))
        nets = tuple(self.nets[place] for place in chosen) if self.nets else ()
        return Grid(self.steps, names, kinds, self.values[:, chosen], nets)

    def by_net(self) -> dict[str, Grid]:
        """The same net by net, by name; the whole without a name if there is only one net."""
        if not self.nets:
            return {"": self}
        members = {
            net: [each for each, own in zip(self.layers, self.nets, strict=True) if own == net] for net in self.nets
        }
        return {net: self.of(layers) for net, layers in members.items()}

    def typical(self, first: float = 0.0, last: float = 1.0) -> np.ndarray:
        """Each layer's median over a part of the readings.

        Args:
            first: where the part begins, as a share of the readings.
            last: where it ends.

        Returns:
            ``[layers]``; NaN for a layer without a reading there.
        """
        part = self.values[int(first * len(self)) : max(int(np.ceil(last * len(self))), 1)]
        return column_medians(part)


def column_medians(values: np.ndarray) -> np.ndarray:
    """The median of each column without its NaN; NaN for a column that has nothing else."""
    ordered = np.sort(values, axis=0)  # NaN last
    counts = (~np.isnan(values)).sum(axis=0)
    low, high = np.maximum(counts - 1, 0) // 2, counts // 2
    places = np.arange(values.shape[1])
    if not len(values):
        return np.full(values.shape[1], np.nan)
    middle = (ordered[low, places] + ordered[np.minimum(high, len(values) - 1), places]) / 2
    return np.where(counts > 0, middle, np.nan)


class Grids:
    """Cuts the columns of a table of layers into grids; the places of its rows are found once.

    Args:
        layers: a run's ``layers``.
    """

    def __init__(self, layers: pd.DataFrame) -> None:
        self._table = layers
        self._kept: dict[str, Grid | None] = {}
        if len(layers):
            self._steps, self._row = _levels(layers["step"].to_numpy(np.int64))
            names = layers["layer"].astype("category").cat
            first = pd.DataFrame({"code": names.codes, "place": places(layers), "kind": layers["kind"].astype(str)})
            first["net"] = layers[MODEL].astype(str) if MODEL in layers else ""
            first = first.drop_duplicates("code").sort_values("place", kind="stable")
            self._names = [str(names.categories[code]) for code in first["code"]]
            self._kinds, self._nets = list(first["kind"]), list(first["net"])
            column = np.empty(len(names.categories), np.int64)
            column[first["code"].to_numpy()] = np.arange(len(first))
            self._column = column[names.codes]

    def __getitem__(self, column: str) -> Grid | None:
        """The grid of a column; ``None`` if the table has no reading of it, or a foreign part put text into it."""
        if column not in self._kept:
            self._kept[column] = self._cut(column)
        return self._kept[column]

    def _cut(self, column: str) -> Grid | None:
        if column not in self._table or not len(self._table) or not is_numeric_dtype(self._table[column]):
            return None
        values = np.full((len(self._steps), len(self._names)), np.nan)
        values[self._row, self._column] = self._table[column].to_numpy(np.float64)
        there = ~np.isnan(values)
        steps, layers = there.any(axis=1), there.any(axis=0)
        if not steps.any():
            return None
        names, kinds, nets = (tuple(np.array(each, object)[layers]) for each in (self._names, self._kinds, self._nets))
        return Grid(self._steps[steps], names, kinds, values[steps][:, layers], nets if any(nets) else ())


def _levels(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct steps in order, and the place of each row's step among them; fast for rows in order."""
    if (np.diff(steps) >= 0).all():
        new = np.append(True, np.diff(steps) > 0)
        return steps[new], np.cumsum(new) - 1
    return np.unique(steps, return_inverse=True)
