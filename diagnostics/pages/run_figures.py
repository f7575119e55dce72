"""Which figure shows which column of a run, and the caption that explains it: data, not code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from diagnostics.figures import by_layer, curves, time_to_revival, units_by_layer
from diagnostics.figures.columns import QUANTITIES, quantity
from diagnostics.figures.heat_map import MOST_COLUMNS
from diagnostics.figures.layer_rows import Rows, has_readings, readings
from diagnostics.measures.missing import measured_nan
from diagnostics.measures.tables import KEYS
from diagnostics.pages.page import Exhibit, Section
from diagnostics.survival import spells

BOTH = "Lines: each layer at three moments of training. Colours: every recorded step, as on the bar."
MAP = "One row per layer, input at the bottom; one column per recorded step. Colours as on the bar."
RASTER = (
    "One horizontal line per unit, coloured while the unit is dead, that is, silent on every example of the check. Grey: the "
    "unit came back. Orange: still dead at the last check."
)
CURVE = (
    "The share of dead spells that last longer than a given number of steps (Kaplan-Meier): a curve that drops fast means that "
    "units come back soon. Ticks mark spells cut off by the end of the run. Spells of units that were born dead are left out, "
    "because their start is unknown."
)
FEWEST_SPELLS = 10
"""Fewest dead spells for a survival curve: below, one unit more or less moves it by over a tenth, and the raster shows them all."""
DEAD_UNITS = "Dead units"
NO_METRICS = ("step", "epoch", "seconds", "loss", "learning_rate")
WITHOUT_FIGURE = ("births", "deaths", "revivals", "dead_unit_examples")
WITHOUT_FIGURE += ("dropout_input_mean", "dropout_expected_mean", "dropout_expected_variance")
WITHOUT_FIGURE += ("bn_batch_mean", "bn_batch_variance", "bn_mean_gap", "bn_variance_ratio")
WITHOUT_FIGURE += ("gradient_snr", "gradient_noise_scale", "histogram")
"""The project's own statistics that have neither a figure here nor an axis in ``QUANTITIES``."""
TELLING = ("activation_std", "gradient_norm", "activation_gradient_rms", "update_ratio")
"""The columns that tell whether a network still computes with numbers; shares of zeros stay finite."""


@dataclass(frozen=True)
class View:
    """The figure of one statistic of the layers.

    Args:
        column: what it shows.
        caption: what to see in it.
        probe: the probe that records the column.
        guides: reference values with their names.
        mapped: whether a comparison of runs shows its map, too.
    """

    column: str
    caption: str
    probe: str
    guides: tuple[tuple[float, str], ...] = ()
    mapped: bool = False

    @property
    def name(self) -> str:
        """The figure's name in the page, such as ``"update-ratio-by-layer"``."""
        return slug(f"{self.column}-by-layer")


VIEWS: Mapping[str, tuple[View, ...]] = {
    "Gradient by depth": (
        View(
            "activation_gradient_rms",
            "A line that runs to the left on its way up to the input shows a gradient that shrinks on its way back.",
            "ActivationGradient",
            mapped=True,
        ),
        View("gradient_norm", "Only layers with weights appear.", "GradientNorm"),
    ),
    "How far weights move": (
        View(
            "update_ratio",
            "How far one step moves a layer's weights, relative to their norm: far below the dashed line a layer hardly learns; "
            "far above it training is unstable.",
            "UpdateRatio",
            guides=((1e-3, "10⁻³, a common rule of thumb"),),
        ),
    ),
    "Activations": (
        View("activation_std", "A vertical line shows a signal that keeps its size.", "ActivationMoments"),
        View("zero_fraction", "The share of outputs that are exactly 0.", "ActivationSparsity", mapped=True),
        View(
            "saturated_fraction", "The share of outputs where the activation is almost flat.", "Saturation", mapped=True
        ),
    ),
    "Dropout": (
        View("variance_ratio", "Above 1, dropout adds variance that inference will not see.", "DropoutVariance"),
    ),
    DEAD_UNITS: (
        View(
            "dead_fraction",
            "The share of units that were silent on every example of the check.",
            "DeadUnits",
            mapped=True,
        ),
    ),
}
MAPPED = tuple(view.column for views in VIEWS.values() for view in views if view.mapped)
"""The columns that a comparison and TensorBoard show as maps."""


def sections(
    layers: pd.DataFrame,
    scalars: pd.DataFrame,
    *,
    name: str,
    seed: int = 0,
    events: pd.DataFrame | None = None,
    units: Mapping[str, int] | None = None,
    lost: str = "",
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
    """
    drawn = tuple(_curves(scalars.assign(arm=name, seed=seed)))
    if drawn:
        yield Section("Loss and metrics", figures=drawn)
    for heading, views in _views(layers).items():
        figures = tuple(_by_layer(view, layers) for view in views)
        if heading == DEAD_UNITS:
            figures += tuple(_unit_exhibits(layers, events, units or {}, name))
        yield Section(heading, text=lost, figures=figures)
    missing = [view for views in VIEWS.values() for view in views if not has_readings(layers, view.column)]
    if missing:
        lines = (f"{quantity(view.column).label.partition(' (')[0]}: probes.{view.probe}()" for view in missing)
        text = f"The probes of this run did not measure: {'; '.join(lines)}."
        yield Section("Not recorded, and the probe that would", text=text, folded=True)


def shown(layers: pd.DataFrame) -> list[str]:
    """The columns of ``layers`` that the page shows."""
    return [view.column for views in _views(layers).values() for view in views]


def own_columns(layers: pd.DataFrame) -> list[str]:
    """The numeric columns with readings that no probe of this project has."""
    known = {*QUANTITIES, *WITHOUT_FIGURE, *KEYS}
    numeric = [str(column) for column in layers.select_dtypes("number").columns]
    return [column for column in numeric if column not in known and has_readings(layers, column)]


def with_nan(layers: pd.DataFrame) -> pd.DataFrame:
    """The table ``layers`` with infinity where NaN was measured, so that figures tell it from a reading that is missing."""
    there = {column: measured_nan(layers, column) for column in shown(layers)}
    return layers.assign(**{column: layers[column].mask(nan, np.inf) for column, nan in there.items() if nan.any()})


def until_lost(layers: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows up to the last step with a finite reading of a gradient or an activation: what follows shows nothing.

    Args:
        layers: the table of :func:`with_nan`.

    Returns:
        The rows to draw, and a sentence that says where they end; all rows and an empty text if training stays finite.
    """
    columns = [column for column in TELLING if has_readings(layers, column)]
    if not columns:
        return layers, ""
    values = layers[columns].to_numpy(float)
    steps = layers["step"].to_numpy()
    sound = steps[np.isfinite(values).any(axis=1)]
    measured = steps[(~np.isnan(values)).any(axis=1)]
    if not sound.size or measured.max() <= sound.max():
        return layers, ""
    last = int(sound.max())
    text = f"After step {last:,} no reading is finite: the figures by layer end there, the run at step {steps.max():,}."
    return layers.iloc[np.flatnonzero(steps <= last)], text


def slug(text: str) -> str:
    """A name for a file and an id: lower case letters, digits and hyphens."""
    return "-".join(
        "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text.lower()).split()
    )


def _views(layers: pd.DataFrame) -> dict[str, list[View]]:
    """The views that have data, and one for each column that only a user's own probe can have made."""
    there = {heading: [view for view in views if has_readings(layers, view.column)] for heading, views in VIEWS.items()}
    there["Your own probes"] = [View(column, "", "") for column in own_columns(layers) if slug(column)]
    return {heading: views for heading, views in there.items() if views}


def _curves(scalars: pd.DataFrame) -> Iterator[Exhibit]:
    """The loss, every metric, and a learning rate that changes."""
    numeric = [str(column) for column in scalars.select_dtypes("number").columns]
    columns = [column for column in numeric if column.partition("/")[0] not in (*NO_METRICS, "seed")]
    columns += [column for column in numeric if column.startswith("loss/")]
    rates = [column for column in numeric if column.partition("/")[0] == "learning_rate"]
    changing = [column for column in rates if len(np.unique(scalars[column].dropna().to_numpy())) > 1]
    for column in ["loss", *columns, *changing]:
        if not has_readings(scalars, column) or not slug(column):
            continue
        rows = scalars if column == "loss" else scalars.loc[scalars[column].notna()]
        caption = _lost(rows) if column == "loss" else CURVE_CAPTIONS.get(column, "")
        if len(np.unique(rows["step"].to_numpy())) > POINTS:
            caption = f"{caption} The line is the median of neighbouring steps, the band their range.".strip()
        alt = f"{quantity(column).label} over {_steps(rows)}. {caption}"
        yield Exhibit(f"{slug(column)}-curves", partial(curves, rows, column), caption, alt, half=True)


def _lost(scalars: pd.DataFrame) -> str:
    """What to see in the loss: from which step on it is no number, or what a flat one means."""
    finite = np.isfinite(scalars["loss"].to_numpy(float))
    if finite.all():
        return CURVE_CAPTIONS["loss"]
    return f"The loss is NaN or infinite at {(~finite).sum():,} readings, first at step {scalars['step'].to_numpy()[~finite].min():,}."


POINTS = 90
CURVE_CAPTIONS = {
    "loss": "While the loss stays flat, the model learns nothing.",
    "accuracy": "Training accuracy is averaged while the weights still change.",
}


def _by_layer(view: View, layers: pd.DataFrame) -> Exhibit:
    rows = layers.iloc[np.flatnonzero(layers[view.column].notna().to_numpy())]
    count = rows["step"].nunique()
    caption = f"{view.caption} {BOTH}".strip()
    if count > MOST_COLUMNS:
        each = f"{count / MOST_COLUMNS:.0f}"
        caption += (
            f" A column of the map stands for about {each} readings and shows the one farthest from the layer's median."
        )
    label = quantity(view.column).label.partition(" (")[0]
    alt = f"{label} of {rows['layer'].nunique()} layers, {_steps(rows)}. {caption}"
    kept = cache(partial(readings, rows, view.column))  # for the wide figure and the narrow one
    return Exhibit(view.name, partial(_drawn_by_layer, kept, view), caption, alt)


def _drawn_by_layer(rows: Callable[[], Rows], view: View, *, width: int) -> Figure:
    return by_layer(rows(), view.column, guides=view.guides, width=width)


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
        died = died.assign(arm=pd.Categorical([name] * len(died)), seed=0)
        yield _captioned(
            "time-to-revival", partial(time_to_revival, died), CURVE, "Kaplan-Meier curve of spells.", half=True
        )


def _captioned(name: str, draw: partial, caption: str, what: str, *, half: bool = False) -> Exhibit:
    return Exhibit(name=name, draw=draw, caption=caption, alt=f"{what} {caption}", half=half)
