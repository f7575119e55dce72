"""Why we think so: the figures of a finding's evidence, by layer and over the steps, and since when it shows."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from diagnostics.figures import curves, layer_courses, layer_profile, style
from diagnostics.figures.columns import quantity
from diagnostics.figures.layer_rows import Rows, has_readings, readings
from diagnostics.pages.healthy import band_of
from diagnostics.pages.page import Exhibit
from diagnostics.rules import Finding
from diagnostics.rules.finding import Evidence
from diagnostics.runs.run import Run
from diagnostics.wording.numerals import short

FEWEST_STEPS = 3
"""Fewest measured steps for a figure over the steps."""
MOST = 0.9
"""The share of a run's steps up to which a statistic has to be read for it to be judged on the whole run."""


def figures_of(run: Run, finding: Finding) -> tuple[Exhibit | None, Exhibit | None]:
    """What shows a finding, with the threshold where that is a value of the series: by layer, or over the steps, and since when.

    Args:
        run: the run that was judged.
        finding: what was found in it.

    Returns:
        The figure of the first series that the run has, and for one of layers the same over the steps; ``None`` without.
    """
    series = _series(run, finding)
    if series is None:
        return None, None
    rows = getattr(run, series.table)
    guides = _threshold(finding, rows[series.column].to_numpy(float))
    label = quantity(series.column).label.partition(" (")[0]
    label = label[:1].upper() + label[1:]
    if series.table == "scalars":
        own = rows.assign(arm=run.name, seed=0).dropna(subset=[] if series.column == "loss" else [series.column])
        draw = partial(curves, own, series.column, guide=guides[0] if guides else None)
        return _exhibit(finding, series.column, draw, f"{label} over the steps."), None
    tone = finding.severity if finding.is_loud else "warning"
    draw = partial(_profile, rows, series.column, guides=guides, layers=finding.layers, severity=tone)
    shaded = " Marked at the left edge: the layers named here." if finding.layers else ""
    profile = _exhibit(finding, series.column, draw, f"{label} by layer, input at the top.{shaded}")
    if rows.loc[rows[series.column].notna(), "step"].nunique() < FEWEST_STEPS:
        return profile, None
    marked = first_step(run, finding)
    draw = partial(layer_courses, rows, series.column, guides=guides, layers=finding.layers, since=marked)
    since = f" The dotted line marks step {marked:,}." if marked else ""
    return profile, _exhibit(
        finding, f"{series.column}-course", draw, f"Since when: {_lower(label)} over the steps.{since}"
    )


def _profile(rows: pd.DataFrame, column: str, *, width: int = style.HALF, **marked: Any) -> Figure:
    known = readings(rows, column)
    return layer_profile(known, column, band=band_of(column, known), width=width, **marked)


def first_step(run: Run, finding: Finding) -> int | None:
    """Since when a finding shows: what its rule says, or else from when on the layers named lie beyond its threshold to the end."""
    if finding.steps:
        return int(min(finding.steps))
    series = _series(run, finding)
    if series is None or series.table != "layers" or not finding.layers:
        return None
    rows = run.layers.loc[run.layers["layer"].astype(str).isin(finding.layers)]
    if not _threshold(finding, run.layers[series.column].to_numpy(float)) or not has_readings(rows, series.column):
        return None
    return _beyond(Rows.of(rows, series.column), float(finding.value or 0), float(finding.threshold or 0))


def last_step(run: Run) -> int | None:
    """The run's last measured step; ``None`` without any."""
    steps = pd.concat([table["step"] for table in (run.layers, run.scalars) if "step" in table]).to_numpy()
    return int(steps.max()) if len(steps) else None


def judged_on(run: Run, finding: Finding) -> str:
    """What a finding that names no steps was judged on: all steps, those with a reading, or the one validation; empty if unknown.

    Args:
        run: the run that was judged.
        finding: one without a first step.
    """
    end, series = last_step(run), _series(run, finding)
    if end is None:
        return ""
    if finding.numbers.get("readings") == 1 and "split" in run.scalars:
        seen = run.scalars.loc[(run.scalars["split"] == "validation").to_numpy(), "step"].to_numpy()
        return f"at step {int(seen.max()):,}, the one validation" if seen.size else ""
    if series is not None and series.table == "layers":
        known = run.layers.loc[np.isfinite(run.layers[series.column].to_numpy(float)), "step"].to_numpy()
        last = int(known.max()) if known.size else end
        if last == known.min(initial=end):
            return f"at step {last:,}, the only one with a finite reading"
        if last < MOST * end:
            return f"judged on steps {int(known.min()):,} to {last:,}"
    return f"judged on steps 0 to {end:,}"


def _beyond(rows: Rows, value: float, threshold: float) -> int | None:
    sign = 1.0 if value >= threshold else -1.0
    with np.errstate(invalid="ignore"):
        worst = np.fmax.reduce(sign * rows.values, axis=0)
    inside = np.flatnonzero(worst < sign * threshold)
    first = int(inside[-1]) + 1 if inside.size else 0
    return int(rows.steps[first]) if first < len(rows.steps) else None


def _series(run: Run, finding: Finding) -> Evidence | None:
    return next((one for one in finding.evidence if has_readings(getattr(run, one.table), one.column)), None)


def _exhibit(finding: Finding, column: str, draw: partial, caption: str) -> Exhibit:
    name = f"evidence-{finding.rule}-{column}".replace("_", "-").lower()
    return Exhibit(name, draw, caption, f"{finding.what} {caption}", half=True)


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]


def _threshold(finding: Finding, series: np.ndarray) -> list[tuple[float, str]]:
    value, threshold = finding.value, finding.threshold
    known = series[np.isfinite(series)]
    if "validated" in finding.numbers:  # a skill, which is no value of any series
        return []
    if value is None or threshold is None or not known.size or not np.isfinite(threshold):
        return []
    # A rule may compare something derived, such as decades over the depth: that has no place on the series' axis.
    return [(float(threshold), f"bound {short(threshold)}")] if known.min() <= value <= known.max() else []
