"""From one row per seed to what a figure draws: the median over seeds and the range between the extreme seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from probes.errors import UsageError, unknown_name

MOMENTS = ("start", "middle", "end")


def over_seeds(frame: pd.DataFrame, column: str, by: Sequence[str]) -> pd.DataFrame:
    """Median, lowest and highest value over the seeds.

    Missing values (NaN) are left out; a group of only missing values stays missing. Zeros and infinities count.

    Args:
        frame: one row per seed and per combination of `by`.
        column: the quantity.
        by: the columns that stay.

    Returns:
        One row per combination that occurs: `by`, then ``median``, ``low``, ``high``.

    Raises:
        UsageError: when a column is not in the frame, or the frame is empty.
    """
    require(frame, [*by, column])
    groups = frame.astype({column: "float64"}).groupby(list(by), observed=True, sort=True)[column]
    return groups.agg(["median", "min", "max"]).reset_index().rename(columns={"min": "low", "max": "high"})


def require(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Check that a frame has rows and these columns.

    Raises:
        UsageError: when it has not, with the columns there are.
    """
    for column in columns:
        if column not in frame.columns:
            raise unknown_name("column", column, map(str, frame.columns))
    if frame.empty:
        raise UsageError(
            what="there is nothing to draw",
            where=f"the table with column {columns[-1]!r}",
            got="no rows",
            do="let the run record at least one step, or leave this figure out",
        )


def arm_names(frame: pd.DataFrame, arms: Sequence[str] | None = None) -> list[str]:
    """The arms in the order given, or in the order of their first row."""
    return [str(arm) for arm in (arms if arms is not None else pd.unique(frame["arm"]))]


def moments(steps: Sequence[int] | np.ndarray) -> dict[str, int]:
    """The recorded steps that stand for start, middle and end of a training.

    Args:
        steps: recorded steps, in any order, repeats allowed.

    Returns:
        ``{"start": ..., "middle": ..., "end": ...}``; fewer where fewer steps were recorded.
    """
    known = np.unique(np.asarray(steps, dtype=np.int64))
    if known.size < 2:
        return dict(zip(MOMENTS, known.tolist(), strict=False))
    inner = known[1:-1]
    ends = {"start": int(known[0]), "end": int(known[-1])}
    if not inner.size:
        return ends
    middle = int(inner[np.abs(inner - (known[0] + known[-1]) / 2).argmin()])
    return {"start": ends["start"], "middle": middle, "end": ends["end"]}


def with_moment(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows at each arm's own start, middle and end, with that word in a new column ``moment``."""
    parts = []
    for _, rows in frame.groupby("arm", observed=True, sort=False):
        names = {step: name for name, step in moments(rows["step"].to_numpy()).items()}
        kept = rows[rows["step"].isin(list(names))]
        parts.append(kept.assign(moment=kept["step"].map(names)))
    return pd.concat(parts) if parts else frame.assign(moment=pd.Series(dtype=object))
