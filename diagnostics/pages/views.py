"""Which figure shows which column of a run, and the caption that explains it: data, not code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from diagnostics.figures.columns import QUANTITIES
from diagnostics.figures.layer_rows import has_readings
from diagnostics.measures.tables import KEYS
from diagnostics.pages.distributions import HISTOGRAMS

DEAD_UNITS, NOISE_SCALE = "Dead units", "gradient_noise_scale"
WITHOUT_FIGURE = ("births", "deaths", "revivals", "dead_unit_examples", *HISTOGRAMS)
WITHOUT_FIGURE += ("dropout_input_mean", "dropout_expected_mean", "dropout_expected_variance")
WITHOUT_FIGURE += ("bn_batch_mean", "bn_batch_variance", "bn_mean_gap", "bn_variance_ratio")
"""The project's own statistics that have neither a figure here nor an axis in ``QUANTITIES``."""


@dataclass(frozen=True)
class View:
    """The figure of one statistic of the layers.

    Args:
        column: what it shows.
        caption: what to see in it.
        probe: the probe that records the column.
        guides: reference values with their names.
        mapped: whether a comparison of runs shows its map, too.
        nothing: what a reading of 0 everywhere means, as a sentence that stands in for the figure; empty if it is drawn.
        sparse: whether layers that read 0 throughout are left out, because most kinds of layers do.
    """

    column: str
    caption: str
    probe: str
    guides: tuple[tuple[float, str], ...] = ()
    mapped: bool = False
    nothing: str = ""
    sparse: bool = False

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
    "Gradient noise": (
        View(
            "gradient_snr",
            "The gradient's size relative to its noise, estimated from the parts of a batch. At the dashed line it is noise alone.",
            "GradientNoise",
            guides=((1.0, "1, noise alone"),),
        ),
        View(
            NOISE_SCALE,
            "The batch size from which on a larger batch hardly helps: if it is far above the batch that you train with, a larger one "
            "would pay; if it is far below, a smaller one would do.",
            "GradientNoise",
        ),
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
        View(
            "zero_fraction",
            "The share of outputs that are exactly 0.",
            "ActivationSparsity",
            mapped=True,
            nothing="No output of any layer is exactly 0.",
            sparse=True,
        ),
        View(
            "saturated_fraction",
            "The share of outputs where the activation is almost flat.",
            "Saturation",
            mapped=True,
            nothing="No layer has a saturated activation.",
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
            nothing="At no check was a unit dead, that is, silent on every example.",
        ),
    ),
}
MAPPED = tuple(view.column for views in VIEWS.values() for view in views if view.mapped)
"""The columns that a comparison and TensorBoard show as maps."""
PARTIAL = frozenset({"DeadUnits", "DropoutVariance"})
"""Probes of some kinds of layers only: a column without a reading shows that they looked, and that the model has none."""
SILENT = frozenset({"GradientNoise"})
"""Probes that nobody is told of: a plain training cannot record what they need."""


def views_of(layers: pd.DataFrame) -> dict[str, list[View]]:
    """The views that have data, and one for each column that only a user's own probe can have made.

    Args:
        layers: a run's ``layers``.
    """
    there = {heading: [view for view in views if has_readings(layers, view.column)] for heading, views in VIEWS.items()}
    there["Your own probes"] = [View(column, "", "") for column in own_columns(layers) if slug(column)]
    return {heading: views for heading, views in there.items() if views}


def missing_views(layers: pd.DataFrame) -> list[View]:
    """The views that a probe in a plain training would record; not those whose probe looked and found nothing to measure."""
    every = (view for views in VIEWS.values() for view in views)
    lacking = [view for view in every if view.probe not in SILENT and not has_readings(layers, view.column)]
    return [view for view in lacking if view.probe not in PARTIAL or view.column not in layers]


def is_nothing(view: View, layers: pd.DataFrame) -> bool:
    """Whether a view has no more to show than a sentence can say."""
    return bool(view.nothing) and not np.nan_to_num(layers[view.column].to_numpy(float)).any()


def shown(layers: pd.DataFrame) -> list[str]:
    """The columns of ``layers`` that the page shows in figures."""
    return [view.column for views in views_of(layers).values() for view in views if not is_nothing(view, layers)]


def own_columns(layers: pd.DataFrame) -> list[str]:
    """The numeric columns with readings that no probe of this project has."""
    known = {*QUANTITIES, *WITHOUT_FIGURE, *KEYS}
    numeric = [str(column) for column in layers.select_dtypes("number").columns]
    return [column for column in numeric if column not in known and has_readings(layers, column)]


def slug(text: str) -> str:
    """A name for a file and an id: lower case letters, digits and hyphens."""
    return "-".join(
        "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in text.lower()).split()
    )
