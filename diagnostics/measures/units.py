"""Measures of dead units: one number from a run's events, as long as the loss is finite."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import ClassVar, cast

import numpy as np
import pandas as pd

from diagnostics import survival
from diagnostics.measures.tables import RunLike, readings
from diagnostics.measures.training import FirstNonFiniteStep


@dataclass(frozen=True)
class UnitEvents:
    """Number of units that died or revived in a window of steps.

    Formula: events of one kind with first ≤ step ≤ until.

    Args:
        event: ``born_dead``, ``death`` or ``revival``.
        layers: shell pattern of the layers.
        first: the window's first step.
        until: its last step; None for the end of the run.
    """

    event: str = "death"
    layers: str = "*"
    first: int = 0
    until: int | None = None
    unit: ClassVar[str] = "units"

    def __call__(self, run: RunLike) -> float:
        """The count, ≥ 0; NaN for a run in which no layer was checked for dead units."""
        if not _checks(run, self.layers).size:
            return np.nan
        events = _events(run, self.layers)
        until = np.inf if self.until is None else self.until
        return float(((events["event"] == self.event) & events["step"].between(self.first, until)).to_numpy().sum())


@dataclass(frozen=True)
class DeadForGood:
    """Of the units that died in a window of steps, the share that never revived.

    Formula: spells that began in the window and are open at the last check / spells that began in it.

    Args:
        layers: shell pattern of the layers.
        first: the window's first step.
        until: its last step; None for the end of the run.
    """

    layers: str = "*"
    first: int = 0
    until: int | None = None
    unit: ClassVar[str] = "share"

    def __call__(self, run: RunLike) -> float:
        """A share, in [0, 1]; NaN when nothing died in the window, or nothing was checked."""
        begun = _begun(spells_of(run, self.layers), self.first, self.until)
        return float(cast(float, begun["open"].mean())) if len(begun) else np.nan


@dataclass(frozen=True)
class StepsDead:
    """Mean number of steps that units stay dead, up to a horizon.

    Formula: mean of min(length, horizon) over the spells that began in the window and at least a horizon before the last
    check: the area under the Kaplan-Meier curve up to the horizon, because none of them is censored before it.

    Args:
        horizon: longest length that counts; longer spells are cut to it.
        layers: shell pattern of the layers.
        first: the window's first step.
        until: its last step; None for the end of the run.
    """

    horizon: int
    layers: str = "*"
    first: int = 0
    until: int | None = None
    unit: ClassVar[str] = "steps"

    def __call__(self, run: RunLike) -> float:
        """Steps, in [0, horizon]; NaN when nothing died in time, or nothing was checked."""
        checks = _checks(run, self.layers)
        last = float(checks.max(initial=0)) - self.horizon
        begun = _begun(spells_of(run, self.layers), self.first, min(last, np.inf if self.until is None else self.until))
        return float(cast(float, begun["length"].clip(upper=self.horizon).mean())) if len(begun) else np.nan


def spells_of(run: RunLike, layers: str = "*") -> pd.DataFrame:
    """The dead spells of a run's units; see ``survival.spells``.

    Args:
        run: where to look.
        layers: shell pattern of the layers.

    Returns:
        Columns layer, unit, start, end, length, open, born_dead; no rows when nothing died or nothing was checked.
    """
    checks = _checks(run, layers)
    return survival.spells(_events(run, layers), int(checks.max(initial=0)))


def _begun(table: pd.DataFrame, first: float, until: float | None) -> pd.DataFrame:
    return table.loc[
        table["start"].between(first, np.inf if until is None else until) & ~table["born_dead"].astype(bool)
    ]


def _checks(run: RunLike, layers: str) -> np.ndarray:
    """The steps at which the run checked for dead units; empty for activations that cannot die."""
    if "dead_fraction" not in run.layers.columns:
        return np.array([])
    steps = np.unique(readings(run, "dead_fraction", layers)["step"].to_numpy())
    return steps[steps < _lost(run)]


def _events(run: RunLike, layers: str) -> pd.DataFrame:
    events = run.units
    if not len(events):
        return events
    of_layers = [fnmatchcase(str(layer), layers) for layer in events["layer"]]
    return events.loc[np.array(of_layers) & (events["step"].to_numpy() < _lost(run))]


def _lost(run: RunLike) -> float:
    """The first step with a loss of NaN or infinity: from there on an output that is not 0 is no sign of life."""
    return FirstNonFiniteStep()(run) if "loss" in run.scalars else np.inf
