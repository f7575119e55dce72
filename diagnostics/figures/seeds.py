"""Summaries over the seeds for the figures: the median, and the range between the extreme seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np
import pandas as pd

from probes.errors import UsageError, unknown_name

MOMENTS = ("start", "middle", "end")


class Track(NamedTuple):
    """A quantity along an axis: what one line with its band shows.

    Args:
        x: positions, ascending.
        median: median over the seeds at each position; NaN where all seeds are missing.
        low: lowest seed.
        high: highest seed.
    """

    x: np.ndarray
    median: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def measured(self) -> bool:
        """Whether there is any value at all."""
        return not np.isnan(self.median).all()

    def where(self, kept: np.ndarray) -> Track:
        """The positions for which `kept` holds."""
        return Track(*(values[kept] for values in self))


NOTHING = Track(*(np.empty(0) for _ in Track._fields))
Tracks = dict[tuple[str, ...], Track]


def over_seeds(frame: pd.DataFrame, column: str, by: Sequence[str]) -> pd.DataFrame:
    """Median, lowest and highest value over the seeds.

    Missing values (NaN) are left out; a group with only missing values stays missing. Zeros and infinities count.

    Args:
        frame: one row per seed and per combination of `by`.
        column: the quantity.
        by: the columns that define a group.

    Returns:
        One row per combination that occurs, in ascending order: `by`, then ``median``, ``low``, ``high``.
    """
    groups = frame.astype({column: "float64"}).groupby(list(by), observed=True, sort=True)[column]
    return pd.DataFrame({"median": groups.median(), "low": groups.min(), "high": groups.max()}).reset_index()


def tracks(frame: pd.DataFrame, column: str, *, by: Sequence[str], along: str) -> Tracks:
    """The lines of a figure: one track over the seeds for every combination of `by`.

    Args:
        frame: one row per seed, position and combination of `by`.
        column: the quantity.
        by: the columns that distinguish the lines, such as ``("arm", "moment")``.
        along: the horizontal position, such as ``"depth"``.
    """
    table = over_seeds(frame, column, [*by, along])
    fields = [along, "median", "low", "high"]
    return {
        tuple(str(part) for part in cast(tuple, key)): Track(*rows[fields].to_numpy(float).T)
        for key, rows in table.groupby(list(by), observed=True, sort=False)
    }


def values_of(lines: Mapping[tuple[str, ...], Track]) -> np.ndarray:
    """All values that the lines and their bands show, flat."""
    return np.concatenate([np.concatenate(line[1:]) for line in lines.values()] or [np.empty(0)])


def require(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Check that a frame has rows and these columns.

    Raises:
        UsageError: when it does not, with the existing columns.
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
    return [str(arm) for arm in (arms if arms is not None else frame["arm"].drop_duplicates().tolist())]


def replicates(frame: pd.DataFrame) -> int:
    """How many seeds a frame has."""
    return len(np.unique(frame["seed"].to_numpy()))


def of_arms(frame: pd.DataFrame, arms: Sequence[str] | None) -> pd.DataFrame:
    """The rows of these arms, so that an arm without a panel does not stretch the axes; all rows where none of them is there.

    Args:
        frame: ``arm`` and more.
        arms: the arms that have a panel; by default all.
    """
    if arms is None:
        return frame
    own = frame["arm"].astype(str).isin([*arms]).to_numpy()
    return frame.loc[own] if own.any() else frame


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


def with_moment(frame: pd.DataFrame, by_arm: Mapping[str, Mapping[str, int]]) -> pd.DataFrame:
    """The rows at each arm's own start, middle and end, with that word in a new column ``moment``.

    Args:
        frame: ``arm``, ``step`` and more.
        by_arm: the steps of the moments, from :func:`moments_by_arm`.
    """
    named = pd.DataFrame(
        [(arm, step, name) for arm, steps in by_arm.items() for name, step in steps.items()],
        columns=["arm", "step", "moment"],
    )
    # a run has many more steps than moments: drop the others by number before arms are compared as text
    near = frame.loc[np.isin(frame["step"].to_numpy(), named["step"].to_numpy())]
    return near.astype({"arm": str}).merge(named, on=["arm", "step"])


def moments_by_arm(frame: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Each arm's start, middle and end."""
    steps = frame.groupby("arm", observed=True, sort=False)["step"]
    return {str(arm): moments(known.to_numpy()) for arm, known in steps}
