"""The figures of a run's page, one section for each group of statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from diagnostics.figures import by_layer, layer_courses, time_to_revival, units_by_layer
from diagnostics.figures.columns import quantity
from diagnostics.figures.heat_map import MOST_COLUMNS
from diagnostics.figures.layer_rows import Rows, readings
from diagnostics.figures.seeds import moments
from diagnostics.pages import healthy
from diagnostics.pages.distributions import BANDS, distributions, missing_histograms
from diagnostics.pages.page import Exhibit, Section
from diagnostics.pages.run_curves import curves_of, told
from diagnostics.pages.views import DEAD_UNITS, NOISE_SCALE, View, is_nothing, missing_views, views_of
from diagnostics.runs.facts import Training
from diagnostics.runs.order import MODEL
from diagnostics.survival import spells

CURVES, DISTRIBUTIONS = "Loss and metrics", "Distributions"
MOMENTS = ("one moment", "two moments", "three moments")
"""How many moments of a training a profile shows, in words."""
COLOURS = "Colours: every recorded step, as on the bar."
GREEN = "Green: the usual range in small runs that trained well; a layer outside is no fault by itself."
RASTER = (
    "One horizontal line per unit, coloured while the unit is dead, that is, silent on every example of the check. Grey: the "
    "unit came back. Brown: still dead at the last check, as the panels' titles count them."
)
CURVE = (
    "The share of dead spells that last longer than a given number of steps (Kaplan-Meier): a curve that drops fast means that "
    "units come back soon. Ticks mark spells cut off by the end of the run. Spells of units that were born dead are left out, "
    "because their start is unknown."
)
FEWEST_REVIVALS = 5
"""Fewest revivals for a survival curve: each is a step of it."""
FEWEST_SPELLS = 10
"""Fewest dead spells for a survival curve: below, one unit more or less moves it by over a tenth, and the raster shows them all."""


def sections(
    layers: pd.DataFrame,
    scalars: pd.DataFrame,
    *,
    name: str,
    seed: int = 0,
    events: pd.DataFrame | None = None,
    units: Mapping[str, int] | None = None,
    lost: str = "",
    probes: Sequence[str] = (),
    training: Training | None = None,
) -> Iterator[Section]:
    """One section for each group of recorded columns, then one that lists what was not recorded.

    Args:
        layers: a run's ``layers``.
        scalars: a run's ``scalars``.
        name: the run's name in its figures.
        seed: the run's seed.
        events: a run's ``units``, if it recorded any.
        units: number of units by layer, for the events.
        lost: where the rows of `layers` end, if the run went on.
        probes: the reprs of the run's probes.
        training: the run's settings, where they are known.
    """
    drawn = tuple(curves_of(scalars.assign(arm=name, seed=seed), training))
    text = told(scalars)
    if drawn or text:
        yield Section(CURVES, text=text, figures=drawn)
    first = iter([True])  # how to read these figures is said at the first one
    for heading, views in views_of(layers).items():
        nothing = [view.nothing for view in views if is_nothing(view, layers)]
        figures = tuple(
            _by_layer(_against(view, training), layers, whole=next(first, False))
            for view in views
            if view.nothing not in nothing
        )
        if heading == DEAD_UNITS:
            figures += tuple(_unit_exhibits(layers, events, units or {}, name))
        yield Section(heading, text=" ".join([*([lost] if lost else []), *nothing]), figures=figures)
        lost = ""  # said once
    if counted := tuple(distributions(layers, probes)):
        yield Section(DISTRIBUTIONS, text=BANDS, figures=counted)
    missing = [(quantity(view.column).label.partition(" (")[0], view.probe) for view in missing_views(layers)]
    if missing := [*missing, *missing_histograms(layers)]:
        lines = (f"{what}: probes.{probe}()" for what, probe in missing)
        text = f"The probes of this run did not measure: {'; '.join(lines)}."
        yield Section("Not recorded, and the probe to add", text=text, folded=True)


def _against(view: View, training: Training | None) -> View:
    """A view whose reference is a setting of the training, with it: the noise scale against the batch."""
    if view.column != NOISE_SCALE:
        return view
    size = training.batch_size if training else None
    if not size:
        return replace(view, caption=f"{view.caption} This run did not record its batch, so that no line shows it.")
    return replace(view, guides=((float(size), f"{size:,}, the batch"),))


def _by_layer(view: View, layers: pd.DataFrame, *, whole: bool) -> Exhibit:
    rows, left = _drawn(view, layers)
    steps = np.unique(rows["step"].to_numpy())
    count = len(steps)
    nets = len(rows[MODEL].unique()) if MODEL in rows else 1
    like = healthy.is_compared(view.column, len(rows["layer"].unique()), nets)
    green = (healthy.told(view.column) if whole else GREEN) if like else ""
    read = f"Lines: {MOMENTS[len(moments(steps)) - 1]} of training. {COLOURS}" if whole else ""
    caption = " ".join(part for part in (view.caption, left, read, green) if part)
    if count > MOST_COLUMNS:
        each = f"{count / MOST_COLUMNS:.0f}"
        caption += (
            f" A column of the map stands for about {each} readings and shows the one farthest from the layer's median."
        )
    label = quantity(view.column).label.partition(" (")[0]
    alt = f"{label} of {rows['layer'].nunique()} layers, {_steps(rows)}. {caption}"
    kept = cache(partial(readings, rows, view.column))  # for the wide figure and the narrow one
    return Exhibit(view.name, partial(_drawn_by_layer, kept, view), caption, alt)


def _drawn(view: View, layers: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows with a reading, without those that are left out because they read 0 throughout, and a sentence about these."""
    rows = layers.iloc[np.flatnonzero(layers[view.column].notna().to_numpy())]
    if not view.sparse:
        return rows, ""
    largest = rows.groupby("layer", observed=True)[view.column].max()
    zero = list(largest.index[largest.to_numpy() == 0])
    if not zero:
        return rows, ""
    kept = rows.iloc[np.flatnonzero(~rows["layer"].isin(zero).to_numpy())]
    one = f"{zero[0]}, where it is 0 throughout, is left out."
    return kept, one if len(zero) == 1 else f"{len(zero)} layers where it is 0 throughout are left out."


def _drawn_by_layer(rows: Callable[[], Rows], view: View, *, width: int) -> Figure:
    known = rows()
    return by_layer(known, view.column, guides=view.guides, band=healthy.band_of(view.column, known), width=width)


def _steps(rows: pd.DataFrame) -> str:
    return f"steps {rows['step'].min():,} to {rows['step'].max():,}"


def _unit_exhibits(
    layers: pd.DataFrame, events: pd.DataFrame | None, units: Mapping[str, int], name: str
) -> Iterator[Exhibit]:
    """The figures of dead units, where the run recorded their events.

    Args:
        layers: a run's ``layers``, with ``dead_fraction``.
        events: a run's ``units``.
        units: number of units by layer.
        name: the run's name in its figures.
    """
    checks = layers.loc[layers["dead_fraction"].notna() & layers["layer"].astype(str).isin(list(units))]
    if events is None or events.empty or checks.empty:
        return
    last = int(checks["step"].max())
    events = pd.DataFrame(events.iloc[np.flatnonzero(events["step"].to_numpy() <= last)])
    yield _captioned(
        "unit-raster", partial(units_by_layer, events, checks, units), RASTER, "Units over checks, by layer."
    )
    table = spells(events, last)
    died = table.loc[~table["born_dead"].to_numpy(bool)]
    if len(died) >= FEWEST_SPELLS and died["length"].to_numpy().max() > 0:
        dying = cache(partial(readings, checks, "dead_fraction"))
        label = (
            f"Share of dead units over the steps: median over the {checks['layer'].nunique()} layers, and their range."
        )
        yield _captioned("dead-share-course", partial(_course, dying), label, "Share dead over time.", half=True)
        if int((~died["open"].to_numpy(bool)).sum()) >= FEWEST_REVIVALS:
            died = died.assign(arm=pd.Categorical([name] * len(died)), seed=0)
            draw = partial(time_to_revival, died)
            yield _captioned("time-to-revival", draw, CURVE, "Kaplan-Meier curve of spells.", half=True)


def _course(rows: Callable[[], Rows], *, width: int) -> Figure:
    return layer_courses(rows(), "dead_fraction", width=width)


def _captioned(name: str, draw: partial, caption: str, what: str, *, half: bool = False) -> Exhibit:
    return Exhibit(name=name, draw=draw, caption=caption, alt=f"{what} {caption}", half=half)
