"""Two trainings compared where they fit their training examples equally well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.tables import RunLike, known_scalar

FITTED = "train_inference"
"""The training examples, evaluated at the end of each epoch with dropout off and moving statistics."""


@dataclass(frozen=True)
class AtTrainingLoss:
    """A loss or metric on other examples at the time the training loss passes a level.

    Formula: value at the first epoch's end with training loss ≤ level, interpolated linearly in the training loss between it
    and the epoch before. The training loss is evaluated in inference mode, so that dropout does not raise it.

    Args:
        level: the training loss at which trainings are compared.
        column: a column of ``run.scalars``.
        split: the part of the data on which it is read.
    """

    level: float
    column: str = "loss"
    split: str = "validation"
    unit: ClassVar[str] = ""

    def __call__(self, run: RunLike) -> float:
        """The value in the column's own unit; NaN where the level was passed within the first epoch, or never."""
        known_scalar(run.scalars, self.column)
        if run.scalars.empty:
            return np.nan
        fitted, values = (
            run.scalars.loc[run.scalars["split"] == split].set_index("epoch")[column].astype(float)
            for split, column in ((FITTED, "loss"), (self.split, self.column))
        )
        below = np.flatnonzero((fitted <= self.level).to_numpy())
        if not below.size or below[0] == 0:
            return np.nan
        around = fitted.index[[below[0] - 1, below[0]]]
        before, after = fitted[around]
        one, other = values.reindex(around)
        return float(one + (other - one) * (before - self.level) / (before - after))
