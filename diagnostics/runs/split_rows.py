"""Rows that came to disk in two halves: a flush in the midst of a window finds some probes' readings, the next the others'."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diagnostics.runs.order import places
from diagnostics.runs.tables import MEASURED_NAN, TABLES

KEYS: list[str] = TABLES["layers"].names


def joined(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with one row a layer and step, by step and depth; as it is, when it is so already.

    Args:
        frame: a run's ``layers``, as its parts follow each other on disk.

    Returns:
        The table; where two rows are joined, what one lacks comes from the other.
    """
    if not len(frame):
        return frame
    step, depth = frame["step"].to_numpy(np.float64), places(frame)
    place = step * (np.nanmax(depth, initial=0.0) + 1) + depth
    if (np.diff(place) > 0).all():  # takes milliseconds where looking for repeated rows takes half a second
        return frame
    repeated = frame.duplicated(KEYS, keep=False)
    if not repeated.any():
        return frame
    halves = frame[repeated].groupby(KEYS, observed=True, sort=False, dropna=False)
    whole = halves.first()
    if MEASURED_NAN in frame:
        whole[MEASURED_NAN] = halves[MEASURED_NAN].agg(lambda names: " ".join(filter(None, names.dropna())))
        frame = frame.astype({MEASURED_NAN: "object"})
    whole = whole.reset_index()
    mended = pd.DataFrame(pd.concat([frame[~repeated], whole[frame.columns]]).astype(frame.dtypes.to_dict()))
    order = np.lexsort((places(mended), mended["step"].to_numpy()))
    return mended.iloc[order].reset_index(drop=True)
