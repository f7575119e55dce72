"""Decides from a step's signs whether it is a fault."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from diagnostics.training.flight.options import FlightRecorder
from diagnostics.training.flight.signs import Signs

SPOILED = frozenset({"loss", "gradient", "weights"})
"""The kinds of fault that make training worthless."""


@dataclass(frozen=True)
class Fault:
    """A step worth recording.

    Attributes:
        step: its number.
        kind: ``"loss"``, ``"gradient"``, ``"weights"``, ``"raised"`` or ``"requested"``.
        detail: the exception or the reason, where there is one.
    """

    step: int
    kind: str
    detail: str = ""

    @property
    def sentence(self) -> str:
        """What happened, in one clause."""
        return {
            "loss": f"the loss of step {self.step} is not finite",
            "gradient": f"a gradient of step {self.step} is not finite",
            "weights": f"weights are not finite after step {self.step}",
            "raised": f"step {self.step} raised {self.detail.splitlines()[0] if self.detail else 'an exception'}",
            "requested": f"a record of step {self.step} was asked for: {self.detail}",
        }[self.kind]


class Judge:
    """Looks at one step after the other.

    Args:
        options: how many steps loss scaling may leave out.
    """

    def __init__(self, options: FlightRecorder) -> None:
        self._options = options
        self._left_out = 0
        self._was_finite, self._spoiled = True, False

    def fault(self, step: int, signs: np.ndarray) -> Fault | None:
        """The fault, at the first of several steps in a row that have it; ``None`` if the step is well.

        Args:
            step: the step's number.
            signs: its packed signs.
        """
        found = Signs(*map(float, signs))
        finite = bool(found.finite) and math.isfinite(found.loss)
        self._left_out = 0 if finite else self._left_out + 1
        if finite or (found.scaled and self._left_out <= self._options.scale_skips):
            self._was_finite = self._was_finite or finite
            return None
        is_first, self._was_finite = self._was_finite, False
        return Fault(step, "loss" if not math.isfinite(found.loss) else "gradient") if is_first else None

    def fault_of_weights(self, step: int) -> Fault | None:
        """The fault of weights that are not finite, unless one of their steps was found before.

        Args:
            step: the last step before they were looked at.
        """
        is_first, self._was_finite = self._was_finite and not self._spoiled, False
        self._spoiled = True
        return Fault(step, "weights") if is_first else None
