"""Which steps a probe measures, as host arithmetic; ``measuring.schedule`` says the same on the device, tested to be equal."""

from __future__ import annotations

from typing import NamedTuple


class Cadence(NamedTuple):
    """The steps that a probe measures.

    Attributes:
        every: steps from one measured step to the next.
        window: steps merged into one reading, a multiple of ``every``.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.
    """

    every: int
    window: int
    early: bool

    @property
    def merges_steps(self) -> bool:
        """Whether a reading is made of several measured steps."""
        return self.window > self.every

    @property
    def can_slow_down(self) -> bool:
        """Whether fewer steps may be measured. A cadence of 1 was asked for; a longer window merges as many steps as before."""
        return self.every > 1

    def is_due(self, step: int, factor: int = 1) -> bool:
        """Whether this step is measured.

        Args:
            step: its number, from 0.
            factor: by how much the cadence was slowed down.
        """
        if self.early and step < self.every and step & (step - 1) == 0:
            return True
        return step % (self.every * factor if self.can_slow_down else self.every) == 0
