"""How unevenly a statistic is spread over the depth, whichever way it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.measures.depth_profile import DepthSlope
from diagnostics.measures.tables import RunLike


@dataclass(frozen=True)
class UnevenDepth:
    """The size of the depth slope: 0 where a statistic is the same at every layer, growing both ways.

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
