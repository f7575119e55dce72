"""Tables of all runs by arm, for figures that show neither layers nor scalars as they are."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from diagnostics.measures import measure
from diagnostics.measures.gap import gaps_of
from diagnostics.runs.experiment import Experiment
from diagnostics.runs.run import Run
from diagnostics.statistics.intervals import interval_of


def gaps(experiment: Experiment, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """The gap between validation and training of every run and epoch, split into its parts.

    Args:
        experiment: a stored scenario that evaluates the training set again.
        parameters: of the figure: ``column``.

    Returns:
        Columns arm (its label), seed, epoch, lag, mode, data, gap.
    """
    parts = [
        gaps_of(run.scalars, parameters["column"]).assign(arm=label, seed=seed)
        for label, seed, run in _runs(experiment)
    ]
    return pd.concat(parts, ignore_index=True)


def measured(experiment: Experiment, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """One row an arm: the mean of a measure over the seeds with its 95 % interval.

    Args:
        experiment: a stored scenario.
        parameters: of the figure: ``measure`` and ``of``, its parameters; ``unit``; ``references``, a value by arm.

    Returns:
        Columns label, effect, low, high, reference (NaN: none), unit.
    """
    of_run = measure(parameters["measure"], **parameters["of"])
    values: dict[str, list[float]] = {}
    for label, _, run in _runs(experiment):
        values.setdefault(label, []).append(of_run(run))
    rows = [_row(label, np.array(found), parameters) for label, found in values.items()]
    return pd.DataFrame(rows, columns=["label", "effect", "low", "high", "reference", "unit"])


def pairs(experiment: Experiment, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """A recorded number of two arms at every seed that both have.

    Args:
        experiment: a stored scenario.
        parameters: of the figure: ``column``, the recorded number, and ``pairs``: label, treated arm and control.

    Returns:
        Columns label, seed, treated, control.
    """
    of_run = measure("recorded", name=parameters["column"])
    runs = experiment.runs
    rows = [
        (label, seed, of_run(runs[treated][seed]), of_run(runs[control][seed]))
        for label, treated, control in parameters["pairs"]
        for seed in runs.get(treated, {})
        if seed in runs.get(control, {})
    ]
    return pd.DataFrame(rows, columns=["label", "seed", "treated", "control"])


def histograms(experiment: Experiment, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """Histograms that the runs have recorded bin by bin, as ``before@x`` and ``after@x``.

    Args:
        experiment: a stored scenario.
        parameters: of the figure: ``arms``, a shell pattern of the arms to be shown.

    Returns:
        Columns arm (its label), seed, moment, bin, share.
    """
    shown = {experiment.metadata["arms"][arm]["label"] for arm in fnmatch.filter(experiment.runs, parameters["arms"])}
    rows = [
        (label, seed, name.partition("@")[0], float(name.partition("@")[2]), float(share))
        for label, seed, run in _runs(experiment)
        for name, share in run.metadata.get("recorded", {}).items()
        if label in shown and name.startswith(("before@", "after@"))
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "moment", "bin", "share"])


def _row(label: str, values: np.ndarray, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
    found = interval_of(values[~np.isnan(values)])
    reference = parameters.get("references", {}).get(label, np.nan)
    return label, found.estimate, found.low, found.high, reference, parameters.get("unit", "")


def _runs(experiment: Experiment) -> Iterator[tuple[str, int, Run]]:
    for name, arm in experiment.metadata["arms"].items():
        for seed, run in experiment.runs.get(name, {}).items():
            yield arm["label"], seed, run


SOURCES: Mapping[str, Callable[[Experiment, Mapping[str, Any]], pd.DataFrame]] = {
    "by_arm": measured,
    "gap": gaps,
    "histogram_pair": histograms,
    "seed_pairs": pairs,
}
"""The tables by the kind of figure that shows them."""
