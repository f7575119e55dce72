"""Which rows of a run's statistics hold NaN or infinity as a measurement."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diagnostics.measures.tables import KEYS
from diagnostics.runs.order import places
from diagnostics.runs.tables import MEASURED_NAN

COUNTS = ("gradient_nonfinite", "activation_nonfinite")


def spoiled_rows(layers: pd.DataFrame) -> pd.DataFrame:
    """Rows with NaN or infinity as a measurement.

    Args:
        layers: a run's ``layers``.

    Returns:
        The rows with a non-finite count above 0, an infinite statistic, or one that was measured and is NaN, by step and depth.
    """
    numbers = layers.select_dtypes("number")  # a histogram is a vector, whose last count is the number of NaN
    statistics = numbers.drop(columns=[name for name in KEYS if name in numbers])
    spoiled = np.isinf(statistics.to_numpy(np.float64)).any(axis=1)
    for count in COUNTS:
        if count in layers:
            spoiled |= layers[count].to_numpy() > 0
    spoiled |= _named_nan(layers) if MEASURED_NAN in layers else _turned_nan(layers, statistics)
    found = layers.loc[spoiled]
    return found.iloc[np.lexsort((places(found), found["step"].to_numpy()))] if len(layers) else layers


def _named_nan(layers: pd.DataFrame) -> np.ndarray:
    names = layers[MEASURED_NAN].astype("object")
    return (names.notna() & (names != "")).to_numpy()


def _turned_nan(layers: pd.DataFrame, statistics: pd.DataFrame) -> np.ndarray:
    """For runs without names of what is NaN: rows whose NaN is a real one, not a statistic that was not due.

    A row without any number is one. So is a missing gradient beside a present activation, once both have appeared together
    in at least two rows of the layer: some ReLU kernels turn NaN into 0, but the gradient stays NaN.
    """
    if not len(layers):
        return np.zeros(0, bool)
    spoiled = statistics.isna().all(axis=1).to_numpy(copy=True)
    if not {"activation_std", "gradient_norm"} <= set(layers):
        return spoiled
    activation, gradient = (layers[name].notna().to_numpy() for name in ("activation_std", "gradient_norm"))
    for rows in layers.groupby("layer", observed=True).indices.values():
        seen = np.flatnonzero(gradient[rows])
        after = seen[-1] + 1 if len(seen) >= 2 else len(rows)
        if (activation[rows] == gradient[rows])[:after].all():
            spoiled[rows[after:]] |= activation[rows[after:]]
    return spoiled
