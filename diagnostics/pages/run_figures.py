"""Which figure shows which column of a run, and the caption that explains it: data, not code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from diagnostics.figures import curves, depth_profile, heat_map, time_to_revival, units_by_layer
from diagnostics.figures.columns import QUANTITIES
from diagnostics.measures.missing import measured_nan
from diagnostics.measures.tables import KEYS
from diagnostics.pages.page import Exhibit, Section
from diagnostics.survival import spells

PROFILE = "One point per layer, input at the left; pale: start of training, deep blue: end."
MAP = "One row per layer, input at the bottom; one column per recorded step. Brighter means larger."
RASTER = (
    "One horizontal line per unit, coloured while the unit is dead, that is, silent on every example of the check. Grey: the "
    "unit came back. Orange: still dead at the last check."
)
CURVE = (
    "The share of dead spells that last longer than a given number of steps (Kaplan-Meier): a curve that drops fast means that "
    "units come back soon. Ticks mark spells cut off by the end of the run. Spells of units that were born dead are left out, "
    "because their start is unknown."
)
DEAD_UNITS = "Dead units"
WITHOUT_FIGURE = ("births", "deaths", "revivals", "dead_unit_examples")
WITHOUT_FIGURE += ("dropout_input_mean", "dropout_expected_mean", "dropout_expected_variance")
WITHOUT_FIGURE += ("bn_batch_mean", "bn_batch_variance", "bn_mean_gap", "bn_variance_ratio")
WITHOUT_FIGURE += ("gradient_snr", "gradient_noise_scale", "histogram")
"""The project's own statistics that have neither a figure here nor an axis in ``QUANTITIES``."""


@dataclass(frozen=True)
class View:
    """One figure of one column.

    Args:
        column: what it shows.
        draw: the figure's function.
        caption: how to read the figure.
        options: further arguments of that function.
        table: the run's table that has the column.
    """

    column: str
    draw: Callable[..., Figure]
    caption: str
    options: dict = field(default_factory=dict)
    table: str = "layers"

    @property
    def name(self) -> str:
        """The figure's name in the page, such as ``"update-ratio-depth-profile"``."""
        return f"{self.column}-{self.draw.__name__}".replace("_", "-")


VIEWS: dict[str, tuple[View, ...]] = {
    "Loss": (
        View("loss", curves, "While the loss stays flat, the model learns nothing.", table="scalars"),
        View(
            "accuracy",
            curves,
            "Training accuracy is a running mean, taken while the weights still change.",
            table="scalars",
        ),
    ),
    "Gradient by depth": (
        View(
            "activation_gradient_rms",
            depth_profile,
            f"{PROFILE} Where the line falls to the left, the gradient shrinks on its way back; a level line keeps it.",
        ),
        View("activation_gradient_rms", heat_map, f"{MAP} Rows that stay dark receive almost no gradient."),
        View("gradient_norm", depth_profile, f"{PROFILE} Layers without weights have no point."),
    ),
    "How far weights move": (
        View(
            "update_ratio",
            depth_profile,
            f"{PROFILE} How far one step moves a layer's weights, relative to their norm: far below the dotted line a "
            "layer hardly learns; far above it training is unstable.",
            {"guide": (1e-3, "10⁻³, a common rule of thumb")},
        ),
    ),
    "Activations": (
        View(
            "activation_std",
            depth_profile,
            f"{PROFILE} A level line means that the signal keeps its size through the network.",
        ),
        View("zero_fraction", heat_map, f"{MAP} Colour shows the share of outputs that are exactly 0."),
        View(
            "saturated_fraction",
            heat_map,
            f"{MAP} Colour shows the share of outputs where the activation is almost flat.",
        ),
    ),
    DEAD_UNITS: (
        View(
            "dead_fraction",
            heat_map,
            f"{MAP} Colour shows the share of units that were silent on every example of the check.",
        ),
    ),
}


def sections(
    layers: pd.DataFrame,
    scalars: pd.DataFrame,
    *,
    name: str,
    seed: int = 0,
    events: pd.DataFrame | None = None,
    units: Mapping[str, int] | None = None,
) -> Iterator[Section]:
    """One section for each group of recorded columns, then one that lists what was not recorded.

    Args:
        layers: a run's ``layers``.
        scalars: a run's ``scalars``.
        name: the run's name in its figures.
        seed: the run's seed.
        events: a run's ``units``, if it recorded any.
        units: number of units by layer, for the events.
    """
    tables = {"layers": layers.assign(arm=name, seed=seed), "scalars": scalars.assign(arm=name, seed=seed)}
    missing = []
    for heading, views in VIEWS.items():
        there = [view for view in views if _has(tables[view.table], view.column)]
        missing += [view.column for view in views if view not in there]
        figures = tuple(_exhibit(view, tables[view.table]) for view in there)
        if heading == DEAD_UNITS and there:
            figures += tuple(_unit_exhibits(layers, events, units or {}, name))
        if there:
            yield Section(heading, figures=figures)
    others = tuple(_exhibit(View(column, heat_map, MAP), tables["layers"]) for column in own_columns(layers))
    if others:
        yield Section("Your own probes", figures=others)
    if missing:
        yield Section("Not shown", text=f"This run did not record {', '.join(dict.fromkeys(missing))}.")


def own_columns(layers: pd.DataFrame) -> list[str]:
    """The numeric columns with readings that no probe of this project has."""
    known = {*QUANTITIES, *WITHOUT_FIGURE, *KEYS}
    numeric = [str(column) for column in layers.select_dtypes("number").columns]
    return [column for column in numeric if column not in known and bool(layers[column].notna().any())]


def _has(table: pd.DataFrame, column: str) -> bool:
    return column in table and bool(table[column].notna().any())


def _exhibit(view: View, table: pd.DataFrame) -> Exhibit:
    rows = table if view.table == "scalars" else _measured(table, view)
    steps = f"steps {table['step'].min():,} to {table['step'].max():,}"
    what = view.draw.__name__.replace("_", " ")
    return Exhibit(
        name=view.name,
        draw=partial(view.draw, rows, view.column, **view.options),
        caption=view.caption,
        alt=f"{what.capitalize()} of {view.column.replace('_', ' ')}, {steps}. {view.caption}",
    )


def _measured(table: pd.DataFrame, view: View) -> pd.DataFrame:
    """The rows with a reading; in a map a reading of NaN is shown, too, in the colour of what is not finite."""
    column = table[view.column]
    if view.draw is heat_map:
        column = column.mask(measured_nan(table, view.column), np.inf)
    return table.assign(**{view.column: column}).loc[column.notna(), :]


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
    yield _captioned(
        "unit-raster", partial(units_by_layer, events, checks, units), RASTER, "Units over checks, by layer."
    )
    table = spells(events, int(checks["step"].max()))
    died = table.loc[~table["born_dead"].to_numpy(bool)]
    if len(died):
        died = died.assign(arm=pd.Categorical([name] * len(died)), seed=0)
        yield _captioned("time-to-revival", partial(time_to_revival, died), CURVE, "Kaplan-Meier curve of spells.")


def _captioned(name: str, draw: partial, caption: str, what: str) -> Exhibit:
    return Exhibit(name=name, draw=draw, caption=caption, alt=f"{what} {caption}")
