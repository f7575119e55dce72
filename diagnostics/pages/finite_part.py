"""The part of a run that holds numbers: what follows a training's loss of them would only fill its figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diagnostics.figures.layer_rows import has_readings
from diagnostics.measures.missing import measured_nan
from diagnostics.pages.views import shown

TELLING = ("activation_std", "gradient_norm", "activation_gradient_rms", "update_ratio")
"""The columns that tell whether a network still computes with numbers; shares of zeros stay finite."""
BEYOND = 0.2
"""How far a curve goes on after its last number, as a share of the way to it: enough to see that it ends."""


def with_nan(layers: pd.DataFrame) -> pd.DataFrame:
    """The table ``layers`` with infinity where NaN was measured, so that figures tell it from a reading that is missing."""
    there = {column: measured_nan(layers, column) for column in shown(layers)}
    return layers.assign(**{column: layers[column].mask(nan, np.inf) for column, nan in there.items() if nan.any()})


def until_lost(layers: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows up to the last step in which a gradient or an activation is a number: what follows shows nothing.

    A step in which some reading is not finite and all others are 0 holds no number either: ReLU makes 0 of NaN.

    Args:
        layers: the table of :func:`with_nan`.

    Returns:
        The rows to draw, and a sentence that says where they end; all rows and an empty text if training stays finite.
    """
    columns = [column for column in TELLING if has_readings(layers, column)]
    if not columns:
        return layers, ""
    values = layers[columns].to_numpy(float)
    endless = np.isinf(values).any(axis=1)
    if not endless.any():
        return layers, ""
    steps = layers["step"].to_numpy()
    lost = np.unique(steps[endless])
    finite = np.isfinite(values)
    sound = np.union1d(
        steps[(finite & (values != 0)).any(axis=1)], np.setdiff1d(steps[finite.any(axis=1)], lost, assume_unique=False)
    )
    measured = steps[(~np.isnan(values)).any(axis=1)]
    if not sound.size or measured.max() <= sound.max():
        return layers, ""
    last = int(sound.max())
    text = f"After step {last:,} every reading is NaN, infinite or 0: the figures by layer end there, the run goes on."
    return layers.iloc[np.flatnonzero(steps <= last)], text


def until_no_number(scalars: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows of a scalar until shortly after its last number.

    Args:
        scalars: a run's ``scalars``.
        column: the scalar.

    Returns:
        All rows if it never is a number, or is one to the end.
    """
    steps, finite = scalars["step"].to_numpy(), np.isfinite(scalars[column].to_numpy(float))
    if not finite.any() or finite[steps == steps.max()].any():
        return scalars
    last = int(steps[finite].max())
    return scalars.iloc[np.flatnonzero(steps <= last + max(int(BEYOND * last), 1))]
