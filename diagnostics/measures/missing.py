"""Why a statistic has no number in a row: it is NaN, was not measured, is not connected, or does not apply."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diagnostics.measures.tables import RunLike
from diagnostics.runs.tables import MEASURED_NAN

NAN, NOT_MEASURED = "NaN", "not measured"
NOT_CONNECTED, NOT_APPLICABLE = "not connected", "not applicable"
OF_WEIGHTS = "gradient_"
"""How the statistics of a weight's gradient begin; a trained layer that never has one is not connected to the loss."""


def measured_nan(layers: pd.DataFrame, column: str) -> np.ndarray:
    """The rows in which a statistic was measured and is NaN.

    Args:
        layers: a run's ``layers``.
        column: the statistic.

    Returns:
        Truth values ``[rows]``; all false for a run recorded before this was told apart.
    """
    if MEASURED_NAN not in layers:
        return np.zeros(len(layers), bool)
    names = layers[MEASURED_NAN].astype("category")
    concerned = [column in str(name).split() for name in names.cat.categories]
    return np.append(concerned, False)[names.cat.codes]  # the code of a row without names is -1, the last entry


def reasons(run: RunLike, column: str) -> pd.Series:
    """Why a statistic has no number, row by row.

    A layer that never has the statistic is *not connected* if it has trained weights and the statistic is one of their
    gradient; the statistic is *not applicable* to other such layers. What is absent in some rows only was *not measured* there.

    Args:
        run: where to look.
        column: a statistic of ``run.layers``.

    Returns:
        ``"NaN"``, ``"not measured"``, ``"not connected"`` or ``"not applicable"``; empty where there is a number. ``[rows]``
    """
    layers = run.layers
    absent = layers[column].isna().to_numpy()
    names = layers["layer"].astype(str)
    never = ~names.isin(list(having(layers, column))).to_numpy()
    loose = names.isin(list(unconnected(run, column))).to_numpy()
    words = np.select(
        [~absent, measured_nan(layers, column), loose, never], ["", NAN, NOT_CONNECTED, NOT_APPLICABLE], NOT_MEASURED
    )
    return pd.Series(words, index=layers.index, name=column, dtype="category")


def having(layers: pd.DataFrame, column: str) -> set[str]:
    """The layers of a table that have a statistic, be it NaN, in any row."""
    there = layers[column].notna().to_numpy() | measured_nan(layers, column)
    return set(layer_names(layers.loc[there, :]))


def unconnected(run: RunLike, column: str) -> list[str]:
    """The layers with trained weights that never have a statistic of their gradient, while others do."""
    found = having(run.layers, column)
    if not found or not column.startswith(OF_WEIGHTS):
        return []
    trained = _trained(run)
    return [layer for layer in layer_names(run.layers) if layer in trained and layer not in found]


def layer_names(layers: pd.DataFrame) -> list[str]:
    """The layers of a table, in the order of their first row."""
    names = layers["layer"].astype("category").cat
    return [str(names.categories[code]) for code in pd.unique(names.codes)]


def _trained(run: RunLike) -> set[str]:
    """Layers with weights that are trained; in runs without a record of the architecture, with weights at all."""
    described = getattr(run, "architecture", ())
    if described:
        return {layer.path for layer in described if layer.trainable_parameters}
    return {str(record["layer"]) for record in run.layer_table if record.get("parameters")}
