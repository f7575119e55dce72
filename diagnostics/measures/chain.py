"""Gradient flow through the trained chain of layers, one window of steps at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from diagnostics.measures.grid import Grid, column_medians
from diagnostics.statistics.slopes import decades as logarithms
from diagnostics.statistics.slopes import depth_slope
from diagnostics.wording.numerals import factor, interval, short

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
        largest_loss, largest_gain: the most decades lost, and gained, from one layer of the chain to the one before it.
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
    largest_loss: float
    largest_gain: float

    def __str__(self) -> str:
        """How the gradient changes on its way back, as a clause."""
        sign, verb = (-1, "grows") if self.attenuation < 0 else (1, "shrinks")
        ends = sorted((sign * self.low, sign * self.high))
        unreached = f" and is exactly 0 at {self.unreached} layer{'s' * (self.unreached > 1)}" if self.unreached else ""
        if np.isnan(self.attenuation) and self.unreached:
            return f"the gradient{unreached.removeprefix(' and')} at {_steps(self.first_step, self.last_step)}"
        return (
            f"the gradient {verb} by a factor of {factor(abs(self.attenuation))} ({short(10 ** (sign * self.slope))} from layer to "
            f"layer, 95 % {interval(10 ** ends[0], 10 ** ends[1])}){unreached} at {_steps(self.first_step, self.last_step)}"
        )


def parts(flagged: int, windows: int) -> str:
    """In how many parts of a training a bound is exceeded, as the end of a sentence; empty where it has one part only."""
    if windows < 2:
        return ""
    many = {0: f"none of {windows}", windows: f"all {windows}"}.get(flagged, f"{flagged} of {windows}")
    return f"; beyond the bound in {many} parts of the training"


def trained_chain(update: Grid) -> list[str]:
    """The run's longest chain of layers of one kind with weights, without its output layer.

    Args:
        update: ``update_ratio``; layers with a reading have weights that are trained.

    Returns:
        Layer paths by depth; empty without such layers.
    """
    kinds = Counter(update.kinds[:-1])
    if not kinds:
        return []
    longest = min(kinds, key=lambda kind: (-kinds[kind], kind))
    return [layer for layer, kind in zip(update.layers[:-1], update.kinds[:-1], strict=True) if kind == longest]


def gradient_flow(gradient: Grid, update: Grid, windows: int = 10) -> list[Flow]:
    """How gradient and update change along a chain, in each window of steps.

    Formula: every layer's median over the window, then ``Flow``'s quantities over the layers.

    Args:
        gradient: ``activation_gradient_rms`` of the chain.
        update: ``update_ratio`` of the same layers.
        windows: number of equal parts of the range of steps; parts without readings are left out.

    Returns:
        One flow per window, in order; empty if the two have no layer in common.
    """
    shared = [layer for layer in gradient.layers if layer in set(update.layers)]
    gradient, update = gradient.of(shared), update.of(shared)
    if not shared:
        return []
    first = min(gradient.steps[0], update.steps[0])
    length = max(gradient.steps[-1], update.steps[-1]) - first + 1
    parts = [(each, (each.steps - first) * windows // length) for each in (gradient, update)]
    found = []
    for number in np.unique(np.concatenate([window for _, window in parts])):
        cut = [each.values[window == number] for each, window in parts]
        steps = np.concatenate([each.steps[window == number] for each, window in parts])
        found.append(_flow(np.unique(steps), *cut))
    return found


def _flow(steps: np.ndarray, gradients: np.ndarray, updates: np.ndarray) -> Flow:
    """Of one window: gradients and updates ``[steps, layers]``, NaN where there is no reading."""
    gradient, update = column_medians(gradients), column_medians(updates)
    end = max(int(len(gradient) * END_SHARE), 1)
    early, late = _median(update[:end]), _median(update[-end:])
    between = np.diff(logarithms(gradient))
    between = between[np.isfinite(between)]
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
        largest_loss=float(np.max(between, initial=0.0)),
        largest_gain=float(np.max(-between, initial=0.0)),
    )


def _median(values: np.ndarray) -> np.float64:
    known = values[~np.isnan(values)]
    return np.float64(np.median(known)) if known.size else np.float64(np.nan)


def _steps(first: int, last: int) -> str:
    return f"step {first}" if first == last else f"steps {first} to {last}"
