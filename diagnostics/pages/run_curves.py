"""The loss of a run, its metrics, its learning rate and its sharpness over the steps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from diagnostics.figures import curves, stability
from diagnostics.figures.columns import quantity
from diagnostics.figures.layer_rows import has_readings
from diagnostics.pages.finite_part import until_no_number
from diagnostics.pages.page import Exhibit
from diagnostics.pages.views import slug
from diagnostics.runs.facts import Training
from diagnostics.wording.numerals import short

NO_METRICS = ("step", "epoch", "seconds", "loss", "learning_rate")
POINTS = 90
"""Steps from which on a line is a median of several."""
SHARPNESS = "sharpness"
"""What a loop that calls ``probes.Sharpness`` records it as; the rules know it by this name, too."""
FEWEST = 3
"""Fewest steps with a number for a curve of a loss that is lost."""
FLAT = 0.05
"""Share of its first value by which a loss that counts as flat changes."""
SINGLE = " (single batches; the checks judge averages over many)"
SMOOTHED = "Lines: medians of neighbouring steps; band: their range."
CAPTIONS = {
    "accuracy": "Training accuracy is measured while the weights change, validation accuracy after the epoch.",
}


def curves_of(scalars: pd.DataFrame, training: Training | None = None) -> Iterator[Exhibit]:
    """The loss, every metric, a learning rate that changes, and sharpness; of columns that are equal, the first.

    Args:
        scalars: a run's ``scalars``, with ``arm`` and ``seed``.
        training: the run's settings, for the sharpness that its learning rate allows.
    """
    drawn: list[str] = []
    smoothed = False
    for column in ("loss", *_metrics(scalars), *_changing_rates(scalars)):
        if not has_readings(scalars, column) or not slug(column) or (column == "loss" and _lost_at_once(scalars)):
            continue
        if not any(_equal(scalars, column, other) for other in drawn):
            drawn.append(column)
            if column == SHARPNESS:
                yield _stability(scalars, training)
                continue
            copies = [other for other in _metrics(scalars) if _is_copy(scalars, column, other)]
            # Said once, where there is a band to be seen.
            banded = not smoothed and column.partition("/")[0] != "learning_rate" and _is_smoothed(scalars, column)
            smoothed |= banded
            yield _curve(scalars, column, copies, banded=banded)


def _stability(scalars: pd.DataFrame, training: Training | None) -> Exhibit:
    """The sharpness against 2 / rate, or 2 (1 + β) / rate with momentum β: for other optimizers no such limit is known."""
    rows = scalars.loc[scalars[SHARPNESS].notna()]
    optimizer = training.optimizer if training else None
    limit, said = pd.Series(np.nan, rows.index), "Above 2 / learning rate, plain gradient descent oscillates"
    unknown = optimizer is None and "learning_rate" in rows and rows["learning_rate"].notna().any()
    if unknown or (optimizer is not None and optimizer.class_name == "SGD"):
        momentum = float(optimizer.settings.get("momentum") or 0.0) if optimizer else 0.0
        told_rate = optimizer.learning_rate if optimizer and optimizer.learning_rate is not None else np.nan
        rates = rows["learning_rate"].fillna(told_rate) if "learning_rate" in rows else pd.Series(told_rate, rows.index)
        limit = 2 * (1 + momentum) / rates.where(rates > 0)
        name = f"2 (1 + {momentum:g}) / learning rate" if momentum else "2 / learning rate"
        said = f"Above the dashed line, {name}, gradient descent oscillates"
        said += " (for SGD without momentum: the optimizer was not recorded)" if unknown else ""
    caption = f"{said}; training often hovers near that value (Cohen et al. 2021)."
    frame = pd.DataFrame({"step": rows["step"], SHARPNESS: rows[SHARPNESS], "limit": limit})
    return Exhibit(
        "sharpness-curves", partial(stability, frame), caption, f"Sharpness over the steps. {caption}", half=True
    )


def told(scalars: pd.DataFrame) -> str:
    """What became of a loss with too few numbers for a figure; empty where there is a figure, or no loss."""
    return _lost(scalars) if has_readings(scalars, "loss") and _lost_at_once(scalars) else ""


def _lost_at_once(scalars: pd.DataFrame) -> bool:
    finite = np.isfinite(scalars["loss"].to_numpy(float))
    return not finite.all() and len(np.unique(scalars["step"].to_numpy()[finite])) < FEWEST


def _readings(scalars: pd.DataFrame, column: str) -> pd.DataFrame:
    return scalars if column == "loss" else scalars.loc[scalars[column].notna()]


def _is_smoothed(scalars: pd.DataFrame, column: str) -> bool:
    return len(np.unique(until_no_number(_readings(scalars, column), column)["step"].to_numpy())) > POINTS


def _curve(scalars: pd.DataFrame, column: str, copies: list[str], *, banded: bool) -> Exhibit:
    rows = _readings(scalars, column)
    shown = until_no_number(rows, column)
    caption = _lost(rows) if column == "loss" else CAPTIONS.get(column, "")
    caption = f"{caption} {SMOOTHED}".strip() if banded else caption
    same = f"{' and '.join(copies)} {'is' if len(copies) == 1 else 'are'} the same curve."
    caption = f"{caption} {same}".strip() if copies else caption
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


def _course(scalars: pd.DataFrame) -> str:
    """From where to where the loss went, in training and in validation, and what it means where it went nowhere."""
    said, flat = [], False
    for split, name in (("train", "in training"), ("validation", "in validation")):
        own = scalars.loc[scalars["split"] == split].sort_values("step")
        if not own.empty:
            first, last = (float(own["loss"].iloc[place]) for place in (0, -1))
            single = split == "train" and len(own) > POINTS and "epoch" in own and not own["epoch"].is_unique
            where = f"{name}{SINGLE}" if single else name
            said.append(f"from {short(first)} to {short(last)} {where}" if len(own) > 1 else f"{short(last)} {where}")
            flat |= split == "train" and abs(last - first) < FLAT * abs(first)
    told = f"The loss: {', '.join(said)}." if said else ""
    return f"{told} While it stays flat, the model learns nothing." if flat else told


def _lost(scalars: pd.DataFrame) -> str:
    """What to see in the loss: from which step on it is no number, or what a flat one means."""
    values, steps = scalars["loss"].to_numpy(float), scalars["step"].to_numpy()
    finite = np.isfinite(values)
    if finite.all():
        return _course(scalars)
    first, last = steps[~finite].min(), steps.max()
    if not finite[steps > first].any():
        known = np.flatnonzero(finite & (steps < first)).tolist()
        before = f" It was {short(float(values[known[-1]]))} at step {steps[known[-1]]:,}." if known else ""
        return f"The loss is NaN or infinite from step {first:,} to the end, step {last:,}.{before}"
    count = int((~finite).sum())
    return f"The loss is NaN or infinite at {count:,} reading{'s' * (count > 1)}, first at step {first:,}."
