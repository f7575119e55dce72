"""A scalar such as the loss over the steps, one panel per arm, with the other arms in grey behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures import marks, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.panels import say_missing, small_multiples
from diagnostics.figures.scales import Limits, Scale, main_part, step_ticks
from diagnostics.figures.seeds import NOTHING, Tracks, arm_names, of_arms, replicates, require, tracks, values_of
from diagnostics.figures.together import BAND as JOINED_BAND
from diagnostics.figures.together import Line, Together, together

SPLITS = ("training", "validation")
_WORDS = {"train": "training", "training": "training", "validation": "validation"}
_LINE: Mapping[str, dict] = {
    "training": {"lw": 1.6, "zorder": 3},
    "validation": {"lw": 1.3, "marker": "o", "ms": 2.8, "mew": 0, "zorder": 3.1},
}
_JOINED: Mapping[str, dict] = {
    "training": {"lw": 1.4, "zorder": 3},
    "validation": {"lw": 1.1, "ls": (0, (3, 1.5)), "zorder": 3.1},
}
RATE, STEPPED = "learning_rate", "steps-post"
"""A rate holds until it is changed: a line from value to value would be a decay that never was."""
POINTS = 90
"""Most points along a panel: more could not be told apart, so groups of consecutive steps are averaged."""


def curves(
    frame: pd.DataFrame,
    column: str = "loss",
    *,
    guide: tuple[float, str] | None = None,
    notes: Mapping[str, str] | None = None,
    arms: Sequence[str] | None = None,
    width: int = style.WIDE,
) -> Figure:
    """Small multiples by arm: median over seeds and the range over seeds, by split; the other arms' medians in grey.

    Where there are many arms and their labels end in a setting, such as the learning rate, a panel holds all its settings.

    Args:
        frame: ``arm``, ``seed``, ``step``, ``split`` ("train" or "validation") and `column`.
        column: the scalar on the vertical axis, which all panels share.
        guide: a reference value and its name in the legend, such as ``(2.303, "chance: ln 10")``.
        notes: a short second title line by arm.
        arms: the panels in order; by default as the frame has them.
        width: width in CSS pixels.

    Returns:
        The figure. The line ends where the median is no longer finite, and markers at the upper edge show this; a
        loss that is NaN counts as infinite, because it was measured. Where one explosion would flatten every other line,
        the axis ends before it, and its title says how far the lines go that leave the panel.

    Raises:
        UsageError: when a column is missing or the frame is empty.
    """
    require(frame, ["arm", "seed", "step", "split", column])
    frame = of_arms(frame, arms)
    axis, names = quantity(column), arm_names(frame, arms)
    if axis.always_measured:
        frame = frame.assign(**{column: frame[column].astype(float).fillna(np.inf)})
    lines = tracks(thin(frame, column), column, by=("arm", "split"), along="step")
    shown, beyond = main_part(values_of(lines), np.concatenate([line.median for line in lines.values()]), axis.scale)
    limits = axis.scale.limits(np.append(shown, [guide[0]] if guide else []))
    steps = (float(frame["step"].to_numpy().min()), float(frame["step"].to_numpy().max()))
    x = (steps[0], steps[1] + 0.015 * (steps[1] - steps[0]) if steps[1] > steps[0] else steps[0] + 1)
    joined = None if notes else together(names)
    several = len(names) > 1
    handles = _joined_handles(lines, joined) if joined else _handles(lines, others=several)
    handles += _further_handles(guide, replicates(frame), lines, axis.scale)
    grey = [(line.x, line.median) for (_, split), line in lines.items() if split == "training"]
    panels = joined.panels if joined else {name: [Line(name, "")] for name in names}
    with small_multiples(
        [*panels], y=axis.label + beyond, x="step", handles=handles, width=width, notes=notes, titled=several
    ) as grid:
        for name, axes in grid.laid_out(axis.scale, limits, x=x, ticks=step_ticks(*steps), most=5):
            if several and not joined:
                marks.behind(axes, grey, width=0.7)
            _panel(axes, panels[name], lines, limits, drawstyle=STEPPED if column.startswith(RATE) else "default")
            if guide:
                marks.guide_line(axes, guide[0], limits)
            if not several:
                grid.figure.follow(axes, column, x="step", y="value")
    return grid.figure


def thin(frame: pd.DataFrame, column: str, points: int = POINTS) -> pd.DataFrame:
    """Average groups of consecutive steps where a split has more steps than a panel can show.

    A group with an infinite value becomes infinite, so that averaging does not hide a failure. A single run keeps all its rows:
    the band then shows the range within each group, as it shows the range over several seeds.

    Args:
        frame: ``arm``, ``seed``, ``step``, ``split`` and `column`.
        column: what is averaged.
        points: the most points that stay per arm, seed and split.

    Returns:
        The same columns; ``step`` is the first of its group, ``split`` in words.
    """
    parts = []
    alone = len(frame[["arm", "seed"]].drop_duplicates()) == 1
    for split, rows in frame.groupby("split", observed=True, sort=False):
        known = np.unique(rows["step"].to_numpy())
        size = -(-len(known) // points)
        first = known[np.searchsorted(known, rows["step"].to_numpy()) // size * size]
        kept = rows[["arm", "seed", column]].assign(step=first, split=_WORDS.get(str(split), str(split)))
        parts.append(kept if size == 1 or alone else _means(kept, column))
    return pd.concat(parts, ignore_index=True)


def _means(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    keys = ["arm", "seed", "split", "step"]
    groups = rows.astype({column: "float64"}).groupby(keys, observed=True)[column]
    return pd.DataFrame({column: groups.mean()}).reset_index()


def _panel(axes: Axes, arms: Sequence[Line], lines: Tracks, limits: Limits, *, drawstyle: str) -> None:
    own = {(arm, split): lines.get((arm.arm, split), NOTHING) for arm in arms for split in SPLITS}
    if not any(line.measured for line in own.values()):
        say_missing(axes)
        return
    for (arm, split), line in own.items():
        if arm.colour:
            marks.band(axes, line, arm.colour, limits, opacity=JOINED_BAND, drawstyle=drawstyle, **_JOINED[split])
        else:
            marks.band(axes, line, style.colour(split), limits, drawstyle=drawstyle, **_LINE[split])


def _present(lines: Tracks) -> list[str]:
    return [split for split in SPLITS if any(known == split for _, known in lines)]


def _handles(lines: Tracks, *, others: bool) -> list[Artist]:
    present = _present(lines)
    names = (
        {split: split for split in present} if len(present) > 1 or not others else dict.fromkeys(present, "this arm")
    )
    handles: list[Artist] = [marks.swatch(name, style.colour(split), **_LINE[split]) for split, name in names.items()]
    if others:
        which = "the other arms, training" if len(present) > 1 else "the other arms"
        handles.append(marks.swatch(which, style.colour("context"), lw=0.9))
    return handles


def _joined_handles(lines: Tracks, joined: Together) -> list[Artist]:
    present, muted = _present(lines), style.colour("muted")
    kinds = [marks.swatch(split, muted, **_JOINED[split]) for split in present] if len(present) > 1 else []
    return [*joined.legend(lw=1.6), *kinds]


def _further_handles(guide: tuple[float, str] | None, seeds: int, lines: Tracks, scale: Scale) -> list[Artist]:
    known = [marks.swatch(guide[1], style.colour("muted"), lw=0.9, ls=(0, (1, 2)))] if guide else []
    return [*known, *marks.band_key(seeds, style.colour("training")), *marks.edge_legend(lines, scale)]
