"""A companion that falls silent at its first fault, because no record of facts may stop a training or its statistics."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import tensorflow as tf

from probes.companion import Companion
from probes.measuring.due import Due


@dataclass
class Guarded:
    """Passes everything on to a companion until that raises.

    Args:
        companion: looks at the steps.
        what: what it records, for the warning.
    """

    companion: Companion
    what: str
    _failed: bool = False

    def watching(self, *, on: bool = False) -> AbstractContextManager[None]:
        """Around the forward pass."""
        return nullcontext() if self._failed else self.companion.watching(on=on)

    def end_step(self, step: tf.Tensor, due: Due) -> None:
        """At the end of the step, which goes on if the companion raises."""
        if self._failed:
            return
        try:
            self.companion.end_step(step, due)
        except Exception as error:
            self._failed = True
            warnings.warn(f"{self.what} are not recorded: {type(error).__name__}: {error}", stacklevel=2)

    def wants(self, step: int) -> bool:
        """Whether it has to see this step."""
        return not self._failed and self.companion.wants(step)

    def reset(self) -> None:
        """Another training begins."""
        self.companion.reset()
