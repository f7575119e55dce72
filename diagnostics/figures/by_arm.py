"""A measure of each arm with its interval over the seeds, one row per arm."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from diagnostics.figures import style
from diagnostics.figures.columns import quantity
from diagnostics.figures.effects import effects


def by_arm(
    frame: pd.DataFrame, column: str, *, label: str = "", reference: str = "theory", width: int = style.WIDE
) -> Figure:
    """One row per arm: the mean over the seeds, its interval, and theory's value if it has one.

    Args:
        frame: ``label`` (the arm), ``effect``, ``low``, ``high``; optionally ``reference`` and ``unit``.
        column: the measure's name in ``figures.columns``.
        label: name of the measure; the column's by default.
        reference: name of the reference in the legend.
        width: width in CSS pixels.

    Returns:
        The figure.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    return effects(frame, reference=reference, x=label or quantity(column).label, zero=False, width=width)
