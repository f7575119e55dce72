"""The loss of a run, its metrics, its learning rate and its sharpness over the steps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from diagnostics.figures import curves
from diagnostics.figures.columns import quantity
from diagnostics.figures.layer_rows import has_readings
from diagnostics.pages.finite_part import until_no_number
from diagnostics.pages.page import Exhibit
from diagnostics.pages.views import slug

NO_METRICS = ("step", "epoch", "seconds", "loss", "learning_rate")
POINTS = 90
"""Steps from which on a line is a median of several."""
FEWEST = 3
"""Fewest steps with a number for a curve of a loss that is lost."""
CAPTIONS = {
    "loss": "While the loss stays flat, the model learns nothing.",
    "accuracy": "Training accuracy is averaged while the weights still change.",
}


def curves_of(scalars: pd.DataFrame) -> Iterator[Exhibit]:
    """The loss, every metric, and a learning rate that changes; of columns that are equal, the first.

    Args:
        scalars: a run's ``scalars``, with ``arm`` and ``seed``.
    """
    drawn: list[str] = []
    for column in ("loss", *_metrics(scalars), *_changing_rates(scalars)):
        if not has_readings(scalars, column) or not slug(column) or (column == "loss" and _lost_at_once(scalars)):
            continue
        if not any(_equal(scalars, column, other) for other in drawn):
            drawn.append(column)
            yield _curve(scalars, column, [other for other in _metrics(scalars) if _is_copy(scalars, column, other)])


def told(scalars: pd.DataFrame) -> str:
    """What became of a loss with too few numbers for a figure; empty where there is a figure, or no loss."""
    return _lost(scalars) if has_readings(scalars, "loss") and _lost_at_once(scalars) else ""


def _lost_at_once(scalars: pd.DataFrame) -> bool:
    finite = np.isfinite(scalars["loss"].to_numpy(float))
    return not finite.all() and len(np.unique(scalars["step"].to_numpy()[finite])) < FEWEST


def _curve(scalars: pd.DataFrame, column: str, copies: list[str]) -> Exhibit:
    rows = scalars if column == "loss" else scalars.loc[scalars[column].notna()]
    caption = _lost(rows) if column == "loss" else CAPTIONS.get(column, "")
    shown = until_no_number(rows, column)
    if len(np.unique(shown["step"].to_numpy())) > POINTS:
        caption = f"{caption} The line is the median of neighbouring steps, the band their range.".strip()
    caption = f"{caption} Equal to it: {', '.join(copies)}.".strip() if copies else caption
    steps = rows["step"].to_numpy()
    alt = f"{quantity(column).label} over steps {steps.min():,} to {steps.max():,}. {caption}"
    return Exhibit(f"{slug(column)}-curves", partial(curves, shown, column), caption, alt, half=True)


def _metrics(scalars: pd.DataFrame) -> list[str]:
    numeric = [str(column) for column in scalars.select_dtypes("number").columns]
    metrics = [column for column in numeric if column.partition("/")[0] not in (*NO_METRICS, "seed")]
    return [*(column for column in numeric if column.startswith("loss/")), *metrics]


def _changing_rates(scalars: pd.DataFrame) -> list[str]:
    numeric = [str(column) for column in scalars.select_dtypes("number").columns]
    rates = [column for column in numeric if column.partition("/")[0] == "learning_rate"]
    return [column for column in rates if len(np.unique(scalars[column].dropna().to_numpy())) > 1]


def _is_copy(scalars: pd.DataFrame, column: str, other: str) -> bool:
    return other != column and has_readings(scalars, other) and _equal(scalars, other, column)


def _equal(scalars: pd.DataFrame, one: str, other: str) -> bool:
    return bool(np.array_equal(scalars[one].to_numpy(float), scalars[other].to_numpy(float), equal_nan=True))


def _lost(scalars: pd.DataFrame) -> str:
    """What to see in the loss: from which step on it is no number, or what a flat one means."""
    values, steps = scalars["loss"].to_numpy(float), scalars["step"].to_numpy()
    finite = np.isfinite(values)
    if finite.all():
        return CAPTIONS["loss"]
    first, last = steps[~finite].min(), steps.max()
    if not finite[steps > first].any():
        return f"The loss is NaN or infinite from step {first:,} to the end, step {last:,}."
    count = int((~finite).sum())
    return f"The loss is NaN or infinite at {count:,} reading{'s' * (count > 1)}, first at step {first:,}."
