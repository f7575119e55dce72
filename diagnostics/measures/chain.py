"""Gradient flow through the trained chain of layers, one window of steps at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from diagnostics.measures.tables import RunLike
from diagnostics.statistics.slopes import depth_slope
from diagnostics.wording.numerals import decades, interval, short

END_SHARE = 0.25  # early layers are the first quarter of the chain, late ones the last


@dataclass(frozen=True)
class Flow:
    """How gradient and update change along a chain, over one window of steps; NaN where unknown.

    Args:
        first_step, last_step: the window.
        slope, low, high: depth slope of ``activation_gradient_rms`` with its 95 % interval, in decades per layer.
        attenuation: slope × (layers − 1), in decades.
        update_gap: log₁₀ of the early layers' median ``update_ratio`` over the late layers', in decades.
        early_update_ratio: the early layers' median.
        unreached: layers whose gradient is exactly 0.
    """

    first_step: int
    last_step: int
    slope: float
    low: float
    high: float
    attenuation: float
    update_gap: float
    early_update_ratio: float
    unreached: int

    def __str__(self) -> str:
        """How the gradient changes on its way back, as a clause."""
        direction = "gains" if self.attenuation < 0 else "loses"
        unreached = f" and is exactly 0 at {self.unreached} layer{'s' * (self.unreached > 1)}" if self.unreached else ""
        return (
            f"the gradient {direction} {decades(abs(self.attenuation))} ({short(self.slope)} per layer, "
            f"{interval(self.low, self.high)}){unreached} at {_steps(self.first_step, self.last_step)}"
        )


def trained_chain(run: RunLike) -> list[str]:
    """The run's longest chain of layers of one kind with weights, without its output layer.

    Args:
        run: the run; layers with a reading of ``update_ratio`` have weights that are trained.

    Returns:
        Layer paths by depth; empty without such layers.
    """
    rows = run.layers.loc[run.layers["update_ratio"].notna(), ["layer", "depth", "kind"]].drop_duplicates()
    hidden = rows.sort_values("depth", kind="stable").iloc[:-1]
    if hidden.empty:
        return []
    longest = hidden["kind"].astype(str).mode().iloc[0]
    return [str(layer) for layer in hidden.loc[hidden["kind"] == longest, "layer"]]


def gradient_flow(run: RunLike, chain: list[str], windows: int = 10) -> list[Flow]:
    """How gradient and update change along a chain, in each window of steps.

    Formula: every layer's median over the window, then ``Flow``'s quantities over the layers.

    Args:
        run: with the columns ``activation_gradient_rms`` and ``update_ratio``.
        chain: layers by depth.
        windows: number of equal parts of the range of steps; parts without readings are left out.

    Returns:
        One flow per window, in order; empty without readings.
    """
    rows = run.layers.loc[run.layers["layer"].isin(chain)]
    rows = rows.loc[rows["activation_gradient_rms"].notna() | rows["update_ratio"].notna()]
    if rows.empty:
        return []
    steps, at = np.unique(rows["step"].to_numpy(np.int64), return_inverse=True)
    layer = pd.Index(chain).get_indexer(rows["layer"].astype(object))
    gradient, update = (np.full((len(steps), len(chain)), np.nan) for _ in range(2))
    gradient[at, layer], update[at, layer] = rows["activation_gradient_rms"], rows["update_ratio"]
    window = (steps - steps[0]) * windows // (steps[-1] - steps[0] + 1)
    return [_flow(steps[own], gradient[own], update[own]) for own in (window == number for number in np.unique(window))]


def _flow(steps: np.ndarray, gradients: np.ndarray, updates: np.ndarray) -> Flow:
    """Of one window: gradients and updates ``[steps, layers]``, NaN where there is no reading."""
    gradient, update = _medians(gradients), _medians(updates)
    end = max(int(len(gradient) * END_SHARE), 1)
    early, late = _median(update[:end]), _median(update[-end:])
    slope = depth_slope(gradient, np.arange(len(gradient)))
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = float(np.log10(early / late))
    return Flow(
        first_step=int(steps[0]),
        last_step=int(steps[-1]),
        slope=slope.slope,
        low=slope.low,
        high=slope.high,
        attenuation=slope.slope * (len(gradient) - 1),
        update_gap=gap,
        early_update_ratio=float(early),
        unreached=int((gradient == 0).sum()),
    )


def _medians(values: np.ndarray) -> np.ndarray:
    """Each layer's median over the steps ``[layers]``, NaN without a reading."""
    return np.array([_median(column) for column in values.T])


def _median(values: np.ndarray) -> np.float64:
    known = values[~np.isnan(values)]
    return np.float64(np.median(known)) if known.size else np.float64(np.nan)


def _steps(first: int, last: int) -> str:
    return f"step {first}" if first == last else f"steps {first} to {last}"
