"""Successive trainings of one model, such as several calls of ``fit``, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from diagnostics.runs.run import Run
from probes.errors import UsageError

FIT = "fit"
"""The column that tells the trainings apart: 1, 2, ..., as a category."""


@dataclass(frozen=True)
class Fits:
    """The tables of successive trainings of one model, joined; ``diagnose`` takes them like a run.

    Attributes:
        layers, units, scalars: as in a run, with the column ``fit``; steps and epochs go on from training to training.
        starts: the first step of each training.
    """

    layers: pd.DataFrame
    units: pd.DataFrame
    scalars: pd.DataFrame
    starts: tuple[int, ...]


def join_fits(*runs: Run) -> Fits:
    """Join the runs of one model that was trained several times, as when a frozen part is thawed for a second ``fit``.

    Args:
        runs: in the order of training.

    Returns:
        Their tables with a column ``fit``, which counts from 1; in it, steps and epochs do not begin anew.

    Raises:
        UsageError: no run, or runs of models without a layer in common.
    """
    if not runs:
        raise UsageError(
            what="there is nothing to join", where="join_fits(...)", got="no run", do="give two runs or more"
        )
    _check_same_model(runs)
    lengths = [max(_end(run.layers, "step"), _end(run.scalars, "step")) for run in runs]
    epochs = [_end(run.scalars, "epoch") for run in runs]
    starts, first_epochs = (np.cumsum([0, *each[:-1]]).tolist() for each in (lengths, epochs))
    layers, units, scalars = (
        _joined([getattr(run, name) for run in runs], starts, first_epochs) for name in ("layers", "units", "scalars")
    )
    return Fits(layers, units, scalars, tuple(starts))


def _joined(tables: Sequence[pd.DataFrame], starts: Sequence[int], epochs: Sequence[int]) -> pd.DataFrame:
    moved = []
    for number, (table, start, epoch) in enumerate(zip(tables, starts, epochs, strict=True), 1):
        text = {name: table[name].astype("object") for name in table.select_dtypes("category")}
        later = {"step": table["step"] + start, FIT: number}
        later |= {"epoch": table["epoch"] + epoch} if "epoch" in table else {}
        moved.append(table.assign(**text, **later))
    whole = pd.concat(moved, ignore_index=True)
    text = [str(name) for name in whole.select_dtypes(["object", "string"])]
    return whole.astype({name: "category" for name in (*text, FIT)})


def _end(table: pd.DataFrame, column: str) -> int:
    """The number after the last one in a column; 0 if there is none."""
    return int(table[column].to_numpy().max()) + 1 if column in table and len(table) else 0


def _check_same_model(runs: Sequence[Run]) -> None:
    layers = [set(run.layers["layer"].astype(str)) for run in runs if len(run.layers)]
    if layers and not set.intersection(*layers):
        raise UsageError(
            what="these are not trainings of one model: they have no layer in common",
            where="join_fits(...)",
            got=", ".join(str(run.path) for run in runs),
            do="compare runs of different models with diagnostics.compare",
        )
