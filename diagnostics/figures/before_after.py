"""A statistic before and after a layer, by depth, with what theory predicts from the value before; one panel per arm."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from diagnostics.figures import marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.panels import say_missing, small_multiples
from diagnostics.figures.scales import depth_ticks
from diagnostics.figures.seeds import NOTHING, arm_names, replicates, require, tracks, values_of

_LOOKS: Mapping[str, tuple[str, str, dict]] = {
    "before": ("before dropout", "start", {"marker": "o", "ms": 3, "mew": 0, "lw": 1.2, "zorder": 3.1}),
    "after": ("after dropout", "end", {"marker": "o", "ms": 3.6, "mew": 0, "lw": 1.8, "zorder": 3.2}),
    "theory": ("theory, from mean and variance before", "theory", {"lw": 1.4, "ls": (0, (4, 2)), "zorder": 4}),
}


def before_after(
    frame: pd.DataFrame,
    column: str = "dropout_output_variance",
    *,
    before: str = "dropout_input_variance",
    expected: str = "dropout_expected_variance",
    width: int = style.WIDE,
) -> Figure:
    """Small multiples by arm at the first recorded step: median over the seeds, and their range.

    Args:
        frame: ``arm``, ``seed``, ``step``, ``depth`` and the three columns; one row per layer, step and seed.
        column: the statistic after the layer.
        before: the statistic before the layer.
        expected: what theory predicts for after the layer, from the measurement before it.
        width: width in CSS pixels.

    Returns:
        The figure; theory is neither shifted nor fitted. A panel without values says so.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    require(frame, ["arm", "seed", "step", "depth", before, expected, column])
    first = frame.loc[frame["step"] == frame.groupby("arm", observed=True)["step"].transform("min")]
    shown = {"before": before, "after": column, "theory": expected}
    long = pd.concat([first.assign(line=name, value=first[of]) for name, of in shown.items()], ignore_index=True)
    lines = tracks(long, "value", by=("arm", "line"), along="depth")
    axis, names = quantity(column), arm_names(frame)
    limits = axis.scale.limits(values_of(lines))
    depths = (int(frame["depth"].to_numpy().min()), int(frame["depth"].to_numpy().max()))
    handles: list[Artist] = [marks.swatch(text, style.colour(tone), **looks) for text, tone, looks in _LOOKS.values()]
    handles += marks.band_key(replicates(frame), style.colour("end"))
    x, along = (depths[0] - 0.6, depths[1] + 0.6), "dropout layer, counted from the input"
    with small_multiples(names, y=axis.label, x=along, handles=handles, width=width) as grid:
        for name, axes in grid.laid_out(axis.scale, limits, x=x, ticks=depth_ticks(*depths)):
            own = {line: lines.get((name, line), NOTHING) for line in _LOOKS}
            if not any(line.measured for line in own.values()):
                say_missing(axes)
            for line, (_, tone, looks) in _LOOKS.items():
                bandless = own[line]._replace(low=own[line].median, high=own[line].median)
                marks.band(axes, bandless if line == "theory" else own[line], style.colour(tone), limits, **looks)
    return grid.figure
