"""Measures of a depth profile: how one statistic changes along a chain of layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.tables import RunLike, profile
from diagnostics.statistics import slopes


@dataclass(frozen=True)
class DepthSlope:
    """How fast a statistic changes from layer to layer.

    Formula: Theil-Sen slope of log₁₀ q against the position in the chain, not counting the layers in between; with a
    window, of each layer's median.

    Args:
        column: the statistic q.
        layers: shell pattern of the chain's layers, all of one kind.
        step: the step, or the window's first; negative counts from the last reading.
        until: the window's last step, or None.
    """

    column: str = "activation_gradient_rms"
    layers: str = "*"
    step: int = 0
    until: int | None = None
    unit: ClassVar[str] = "decades per layer"

    def interval(self, run: RunLike) -> slopes.Slope:
        """The slope with its 95 % interval; NaN with fewer than three usable layers."""
        chain = profile(run, self.column, self.layers, self.step, self.until)
        return slopes.depth_slope(chain["value"], chain["position"])

    def __call__(self, run: RunLike) -> float:
        """The slope alone."""
        return self.interval(run).slope


@dataclass(frozen=True)
class Attenuation:
    """How much a statistic loses from the last layer of a chain to the first.

    Formula: depth slope × (layers − 1), counted to the last layer of the chain that has a reading.

    Args:
        column: the statistic.
        layers: shell pattern of the chain's layers, all of one kind.
        step: the step, or the window's first; negative counts from the last reading.
        until: the window's last step, or None.
    """

    column: str = "activation_gradient_rms"
    layers: str = "*"
    step: int = 0
    until: int | None = None
    unit: ClassVar[str] = "decades"

    def __call__(self, run: RunLike) -> float:
        """The attenuation; negative for growth, NaN with fewer than three usable layers."""
        chain = profile(run, self.column, self.layers, self.step, self.until)
        layers = int(chain["position"].to_numpy()[-1]) + 1 if len(chain) else 0
        return slopes.attenuation(slopes.depth_slope(chain["value"], chain["position"]).slope, layers)


@dataclass(frozen=True)
class LayerMedian:
    """The typical value of a statistic over layers and steps.

    Formula: median over layers of the median over steps.

    Args:
        column: the statistic.
        layers: shell pattern of the layers.
        step: the window's first step; negative counts from the last reading.
        until: the window's last step; None for the first step alone.
    """

    column: str
    layers: str = "*"
    step: int = 0
    until: int | None = -1
    unit: ClassVar[str] = ""

    def __call__(self, run: RunLike) -> float:
        """The median in the statistic's own unit; NaN without a reading."""
        values = profile(run, self.column, self.layers, self.step, self.until)["value"].to_numpy()
        return float(np.median(values)) if values.size else np.nan


@dataclass(frozen=True)
class UnevenDepth:
    """The magnitude of the depth slope: 0 where a statistic is the same at every layer.

    Formula: |depth slope|.

    Args:
        column: the statistic.
        layers: shell pattern of the chain's layers, all of one kind.
        step: the step, or the window's first; negative counts from the last reading.
        until: the window's last step, or None.
    """

    column: str = "activation_gradient_rms"
    layers: str = "*"
    step: int = 0
    until: int | None = None
    unit: ClassVar[str] = "decades per layer"

    def __call__(self, run: RunLike) -> float:
        """The size, ≥ 0; NaN with fewer than three usable layers."""
        return abs(DepthSlope(self.column, self.layers, self.step, self.until)(run))
