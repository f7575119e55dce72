"""Measures of a depth profile: how one statistic changes along a chain of layers."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

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

    def profile(self, run: RunLike) -> pd.DataFrame:
        """One value per layer of the chain; see ``tables.profile``."""
        return profile(run, self.column, self.layers, self.step, self.until)

    def interval(self, run: RunLike) -> slopes.Slope:
        """The slope with its 95 % interval; NaN with fewer than three usable layers."""
        chain = self.profile(run)
        return slopes.depth_slope(chain["value"], chain["position"])

    def __call__(self, run: RunLike) -> float:
        """The slope alone."""
        return self.interval(run).slope


@dataclass(frozen=True)
class Attenuation(DepthSlope):
    """How much a statistic loses from the last layer of a chain to the first, by the robust slope.

    Formula: depth slope × (layers − 1), counted to the last layer of the chain that has a reading. A robust slope
    overlooks a loss at a single layer; see ``EndToEnd`` and ``SteepestLoss``.

    Args:
        column, layers, step, until: as for ``DepthSlope``.
    """

    unit: ClassVar[str] = "decades"

    def __call__(self, run: RunLike) -> float:
        """The attenuation; negative for growth, NaN with fewer than three usable layers."""
        chain = self.profile(run)
        layers = int(chain["position"].to_numpy()[-1]) + 1 if len(chain) else 0
        return slopes.attenuation(slopes.depth_slope(chain["value"], chain["position"]).slope, layers)


@dataclass(frozen=True)
class EndToEnd(DepthSlope):
    """How much smaller a statistic is at the first layer of a chain than at the last.

    Formula: log₁₀ q_last − log₁₀ q_first.

    Args:
        column, layers, step, until: as for ``DepthSlope``.
    """

    unit: ClassVar[str] = "decades"

    def __call__(self, run: RunLike) -> float:
        """Decades; negative for growth, Inf where the first layer gets exactly 0, NaN with fewer than two layers."""
        values = self.profile(run)["value"].to_numpy(float)
        if len(values) < 2 or not values[-1] > 0:
            return np.nan
        return float(np.log10(values[-1]) - np.log10(values[0])) if values[0] > 0 else np.inf


@dataclass(frozen=True)
class SteepestLoss(DepthSlope):
    """The largest loss between two neighbouring layers, which a slope over the whole chain can overlook.

    Formula: max over l of log₁₀ q_{l+1} − log₁₀ q_l.

    Args:
        column, layers, step, until: as for ``DepthSlope``.
    """

    unit: ClassVar[str] = "decades"

    def __call__(self, run: RunLike) -> float:
        """Decades; NaN with fewer than two usable neighbours."""
        steps = np.diff(slopes.decades(self.profile(run)["value"]))
        known = steps[~np.isnan(steps)]
        return float(known.max()) if known.size else np.nan


@dataclass(frozen=True)
class UnevenDepth(DepthSlope):
    """The magnitude of the depth slope: 0 where a statistic is the same at every layer.

    Formula: |depth slope|.

    Args:
        column, layers, step, until: as for ``DepthSlope``.
    """

    def __call__(self, run: RunLike) -> float:
        """The size, ≥ 0; NaN with fewer than three usable layers."""
        return abs(self.interval(run).slope)


@dataclass(frozen=True)
class AcrossLayers(abc.ABC):
    """One value for all layers, from each layer's median over steps.

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
        """The value in the statistic's own unit; NaN without a reading."""
        values = profile(run, self.column, self.layers, self.step, self.until)["value"].to_numpy()
        return self.of(values) if values.size else np.nan

    @abc.abstractmethod
    def of(self, values: np.ndarray) -> float:
        """One value from those of the layers, ``[layers]``."""


class LayerMedian(AcrossLayers):
    """The typical value of a statistic over layers and steps.

    Formula: median over layers of the median over steps.
    """

    def of(self, values: np.ndarray) -> float:
        """The median."""
        return float(np.median(values))


class LayerMaximum(AcrossLayers):
    """The value of a statistic in the layer where it is largest.

    Formula: maximum over layers of the median over steps.
    """

    def of(self, values: np.ndarray) -> float:
        """The maximum."""
        return float(np.max(values))
