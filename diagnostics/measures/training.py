"""Measures of training progress: one number from the curve of a loss or metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.tables import RunLike, known_scalar, numbers


@dataclass(frozen=True)
class PlateauSteps:
    """Number of steps until the loss leaves its initial plateau.

    Formula: first step t with running median of loss below (1 − drop) × level.

    Args:
        drop: how far below the plateau counts as having left; 0.1 is beyond the noise of a batch of 32.
        level: the plateau's loss, such as ln 10 for ten balanced classes; None takes the median of the first window,
            which is too high where a badly scaled output layer first falls onto the plateau.
        window: readings in the running median, which is placed at the window's middle.
        split: train or validation.
        restricted: a run that never leaves counts as its last step, a lower bound that can be averaged over replicates
            (restricted mean time); otherwise as Inf. Compare only runs of the same length.
    """

    drop: float = 0.1
    level: float | None = None
    window: int = 15
    split: str = "train"
    restricted: bool = False
    unit: ClassVar[str] = "steps"

    def __call__(self, run: RunLike) -> float:
        """Steps, ≥ 0; NaN without a finite first loss. Inf, or the last step, is censored: later, if at all."""
        return float(_left_plateau(self, run))


@dataclass(frozen=True)
class PlateauProgress(PlateauSteps):
    """Learning rate × steps until the loss leaves its initial plateau.

    Formula: Σ_{s<t} η_s at the step t of ``PlateauSteps``. A smaller learning rate that merely slows training takes
    more steps to the same progress.

    Args:
        drop, level, window, split, restricted: as for ``PlateauSteps``; restricted gives the progress at the last step.
    """

    unit: ClassVar[str] = "learning rate × steps"

    def __call__(self, run: RunLike) -> float:
        """Progress, ≥ 0; NaN without a loss; Inf when never."""
        step = _left_plateau(self, run)
        return float(_progress(run, np.array([step]))[0] if np.isfinite(step) else step)


@dataclass(frozen=True)
class StepsToLoss:
    """Number of steps until the loss falls below a level.

    Formula: first step t with running median of loss below level.

    Args:
        level: the loss to reach.
        window: readings in the running median, which stands at the window's middle.
        split: train or validation.
    """

    level: float
    window: int = 15
    split: str = "train"
    unit: ClassVar[str] = "steps"

    def __call__(self, run: RunLike) -> float:
        """Steps, ≥ 0; Inf when never, NaN without a loss."""
        return float(_first_below(*_smooth_loss(run, self.split, self.window), self.level))


@dataclass(frozen=True)
class LossAtProgress:
    """The loss after a given amount of learning rate × steps, which makes learning rates comparable.

    Formula: running median of loss at the first step t with Σ_{s<t} η_s ≥ progress.

    Args:
        progress: learning rate × steps.
        window: readings in the running median, which stands at the window's middle.
        split: train or validation.
    """

    progress: float
    window: int = 15
    split: str = "train"
    unit: ClassVar[str] = ""

    def __call__(self, run: RunLike) -> float:
        """The loss; NaN where the run did not get that far, Inf where it had diverged."""
        steps, losses = _smooth_loss(run, self.split, self.window)
        far = _progress(run, steps) >= self.progress * (1 - 1e-9)  # rates are stored as float32 and summed
        return float(losses[far.argmax()]) if far.any() else np.nan


@dataclass(frozen=True)
class FinalScalar:
    """A loss or metric at the end of training.

    Formula: median of the last readings.

    Args:
        column: a column of ``run.scalars``, such as ``"accuracy"``.
        split: train or validation.
        window: how many readings.
    """

    column: str = "loss"
    split: str = "train"
    window: int = 1
    unit: ClassVar[str] = ""

    def __call__(self, run: RunLike) -> float:
        """The value in the column's own unit; Inf for a loss that is not finite, NaN without a reading."""
        values = _curve(run, self.column, self.split)[1][-self.window :]
        return float(np.median(values)) if values.size else np.nan


@dataclass(frozen=True)
class AtBestEpoch:
    """A loss or metric at the epoch that early stopping would choose.

    Formula: value at the epoch with the lowest validation loss.

    Args:
        column: a column of ``run.scalars``.
        split: the part of the data on which it is read, recorded after each epoch.
    """

    column: str = "loss"
    split: str = "test"
    unit: ClassVar[str] = ""

    def __call__(self, run: RunLike) -> float:
        """The value in the column's own unit; NaN without readings at that epoch."""
        known_scalar(run.scalars, self.column)
        if run.scalars.empty:
            return np.nan
        rows = run.scalars.loc[run.scalars["split"].isin(["validation", self.split])]
        losses = rows.loc[rows["split"] == "validation"].set_index("epoch")["loss"].astype(float).dropna()
        values = rows.loc[rows["split"] == self.split].set_index("epoch")[self.column].astype(float)
        return float(values.get(losses.idxmin(), np.nan)) if len(losses) else np.nan


@dataclass(frozen=True)
class FirstNonFiniteStep:
    """The step at which the loss becomes NaN or Inf.

    Formula: first step with a loss of NaN or Inf.

    Args:
        split: train or validation.
    """

    split: str = "train"
    unit: ClassVar[str] = "steps"

    def __call__(self, run: RunLike) -> float:
        """The step, ≥ 0; Inf when never."""
        steps, losses = _curve(run, "loss", self.split)
        return float(np.min(steps[np.isinf(losses)], initial=np.inf))


def _left_plateau(rule: PlateauSteps, run: RunLike) -> float:
    """The step at which the plateau is left."""
    steps, losses = _smooth_loss(run, rule.split, rule.window)
    if not steps.size:
        return np.nan
    level = losses[0] if rule.level is None else rule.level
    if not np.isfinite(level) or level == 0:
        return np.nan
    step = _first_below(steps, losses, (1 - rule.drop) * level)
    if np.isinf(step) and rule.restricted:
        step = _curve(run, "loss", rule.split)[0][-1]
    return step


def _first_below(steps: np.ndarray, losses: np.ndarray, bound: float) -> float:
    below = losses < bound
    if not steps.size:
        return np.nan
    return steps[below.argmax()] if below.any() else np.inf


def _smooth_loss(run: RunLike, split: str, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Running median over full windows, at the step of each window's middle reading."""
    steps, losses = _curve(run, "loss", split)
    size = min(window, steps.size)
    if not size:
        return steps, losses
    middle = size // 2
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(losses, size), axis=-1)
    return steps[middle : middle + smooth.size], smooth


def _curve(run: RunLike, column: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values in order; a loss of NaN becomes Inf (it diverged), a metric of NaN was not recorded."""
    table = run.scalars
    known_scalar(table, column)
    if table.empty:
        return np.array([]), np.array([])
    rows = table.loc[table["split"] == split, ["step", column]].sort_values("step", kind="stable")
    values = numbers(rows[column])
    values = np.where(np.isnan(values), np.inf, values) if column == "loss" else values
    kept = ~np.isnan(values)
    return rows["step"].to_numpy(np.float64)[kept], values[kept]


def _progress(run: RunLike, steps: np.ndarray) -> np.ndarray:
    """Σ_{s<t} η_s for every step t; each rate holds from its reading to the next, the last one to the end."""
    recorded, rates = _curve(run, "learning_rate", "train")
    if not recorded.size:
        return np.full(steps.shape, np.nan)
    before = np.concatenate([[rates[0] * recorded[0]], rates[:-1] * np.diff(recorded)]).cumsum()
    at = np.clip(np.searchsorted(recorded, steps, side="right") - 1, 0, None)
    return before[at] + rates[at] * (steps - recorded[at])
