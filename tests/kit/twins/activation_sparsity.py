"""Share of zeros; S(r) = (1 − (Σr/N)² / (Σr²/N)) / (1 − 1/N) over units by example, and over examples by unit."""

from __future__ import annotations

import numpy as np


def sparseness(activity) -> float:
    """S of a list of activities; NaN where it is not defined: all silent, or only one."""
    number, total, square = len(activity), sum(activity), sum(r * r for r in activity)
    if number < 2 or square == 0:
        return np.nan
    return (1 - (total / number) ** 2 / (square / number)) / (1 - 1 / number)


def mean_where_defined(values) -> float:
    defined = [value for value in values if not np.isnan(value)]
    return sum(defined) / len(defined) if defined else np.nan


def activities(step) -> list[list[float]]:
    """|a| by example and unit, the mean over positions."""
    examples = np.moveaxis(step.activation, step.unit_axis, -1)
    units = range(examples.shape[-1])
    return [[float(np.mean(np.abs(example[..., unit].astype(np.float64)))) for unit in units] for example in examples]


def columns(steps) -> dict[str, float]:
    entries = [float(entry) for step in steps for entry in step.activation.ravel()]
    by_example = [example for step in steps for example in activities(step)]
    by_unit = list(zip(*by_example, strict=True))
    return {
        "zero_fraction": sum(entry == 0 for entry in entries) / len(entries) if entries else np.nan,
        "population_sparseness": mean_where_defined([sparseness(example) for example in by_example]),
        "lifetime_sparseness": mean_where_defined([sparseness(unit) for unit in by_unit]),
    }
