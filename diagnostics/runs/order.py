"""The order of a run's layers: by depth, and where its model consists of several nets, one net after the other."""

from __future__ import annotations

import numpy as np
import pandas as pd

MODEL = "model"
"""A column of ``layers``: the net, such as ``generator``, where the model consists of several; depth counts within it."""


def places(layers: pd.DataFrame) -> np.ndarray:
    """Where each row's layer stands among all layers.

    Args:
        layers: a run's ``layers``, or some of its rows; nets come in the order of their first rows.

    Returns:
        Numbers that sort layers, ``[rows]``: the depth, if there is only one net.
    """
    depth = layers["depth"].to_numpy(np.float64)
    if MODEL not in layers:
        return depth
    net = pd.factorize(layers[MODEL])[0]
    return net * (np.nanmax(depth, initial=0.0) + 1) + depth


def in_one_row(layers: pd.DataFrame) -> pd.DataFrame:
    """The table with the nets one behind the other, so that no two layers have the same depth."""
    if MODEL not in layers or not len(layers):
        return layers
    return layers.assign(depth=np.unique(places(layers), return_inverse=True)[1] + 1)
