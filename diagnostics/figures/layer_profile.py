"""The evidence for a finding about layers: the profile of a quantity, with the layers concerned and the threshold."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd
from matplotlib.figure import Figure

from diagnostics.figures import layer_panels, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.drawing import Drawing
from diagnostics.figures.layer_panels import FOOT, Band, Guide, Names
from diagnostics.figures.layer_rows import Rows, readings

RIGHT = 14
"""Room at the right, for half a tick label, in CSS pixels."""


def layer_profile(
    frame: pd.DataFrame | Rows,
    column: str,
    *,
    guides: Sequence[Guide] = (),
    layers: Collection[str] = (),
    severity: str = "warning",
    band: Band | None = None,
    width: int = style.HALF,
) -> Figure:
    """Layers downwards from the input, values to the right, at three moments of one run.

    Args:
        frame: ``step``, ``layer``, ``depth``, ``kind`` and `column`; one row per layer and step of one run. Or the readings.
        column: the quantity.
        guides: thresholds and other reference values with their names.
        layers: the layers to mark.
        severity: ``"warning"`` or ``"error"``, for the colour of the mark.
        band: what other trainings measured, behind the profile.
        width: width in CSS pixels.

    Returns:
        The figure.

    Raises:
        UsageError: when a column is missing, or nothing was measured.
    """
    rows, axis = readings(frame, column), quantity(column)
    limits = layer_panels.limits_of(rows, axis, guides, band)
    names, entries = Names.of(rows, width), layer_panels.handles(rows, guides, log=axis.scale.name == "log", band=band)
    top = layer_panels.head(axis.label, entries, width)
    with style.styled():
        height = top + names.height + FOOT
        figure = Drawing(figsize=(width / style.PIXELS_PER_INCH, height / style.PIXELS_PER_INCH))
        axes = layer_panels.place(figure, (names.room, top, width - names.room - RIGHT, names.height))
        layer_panels.profile(axes, rows, axis, limits, guides, band)
        layer_panels.highlight(axes, rows, layers, severity)
        names.label(axes, rows)
        layer_panels.title(figure, axis.label, entries, width)
        figure.follow(axes, column, x="value", y="layer", layers=rows.names)
    return figure
