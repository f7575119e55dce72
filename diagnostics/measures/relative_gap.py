"""How far one statistic lies from another of the same layer and step, such as an output's variance from its theory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, cast

import numpy as np
import pandas as pd

from diagnostics.measures.tables import RunLike, readings


@dataclass(frozen=True)
class RelativeGap:
    """The difference between two statistics of the same layers, relative to one of them.

    Formula: (q − r) / s at every step, each layer's median over steps, then one number over layers; s is |r|,
    or another statistic, or its root.

    Args:
        column: the statistic q.
        reference: the statistic r.
        over: the statistic s; ``None`` takes |r|.
        root: whether s is √ of that statistic, as for means in units of a deviation.
        layers: shell pattern of the layers.
        over_layers: the ``median`` of the layers, or the ``largest`` magnitude among them.
    """

    column: str
    reference: str
    over: str | None = None
    root: bool = False
    layers: str = "*"
    over_layers: Literal["median", "largest"] = "median"
    unit: ClassVar[str] = ""

    def __call__(self, run: RunLike) -> float:
        """The gap as a share of s; NaN without a reading, Inf where only s is 0."""
        names = {"q": self.column, "r": self.reference, "s": self.over or self.reference}
        table = pd.concat({key: _by_layer(run, column, self.layers) for key, column in names.items()}, axis=1)
        scale = np.sqrt(table["s"]) if self.root else table["s"].abs()
        with np.errstate(divide="ignore", invalid="ignore"):
            gaps = ((table["q"] - table["r"]) / scale).groupby("layer", observed=True).median().dropna().to_numpy()
        if not gaps.size:
            return np.nan
        return float(np.median(gaps) if self.over_layers == "median" else np.abs(gaps).max())


def _by_layer(run: RunLike, column: str, layers: str) -> pd.Series:
    rows = readings(run, column, layers)
    return cast(pd.Series, rows.astype({"layer": str}).set_index(["step", "layer"])["value"])
