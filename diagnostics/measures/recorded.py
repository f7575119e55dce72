"""A number that a scenario itself computed from a trained model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from probes.errors import unknown_name


@dataclass(frozen=True)
class Recorded:
    """A number that a scenario recorded in addition to a run's tables.

    Args:
        name: its name in ``Scenario.record``.
    """

    name: str
    unit: ClassVar[str] = ""

    def __call__(self, run: object) -> float:
        """The number; NaN for a run that recorded nothing.

        Raises:
            UsageError: the run recorded something, but not this.
        """
        recorded = getattr(run, "metadata", {}).get("recorded", {})
        if recorded and self.name not in recorded:
            raise unknown_name("recorded number", self.name, recorded)
        return float(recorded.get(self.name, np.nan))
