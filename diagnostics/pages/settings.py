"""A measure of every run against a setting of its arm, such as a distance against the dropout rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from diagnostics.measures import measure
from diagnostics.runs.experiment import Experiment

COLUMNS = ("series", "setting", "seed", "value")


def by_setting(experiment: Experiment, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """One value a run and setting.

    Args:
        experiment: a stored scenario.
        parameters: of the figure: ``column`` (a recorded number, unless ``measure`` and ``of`` name a measure with its
            parameters), ``setting`` (a number in the arms' settings), ``series`` (a setting that tells lines apart). Without
            ``setting``, every recorded number called ``column@x`` stands at x, and the arms tell lines apart.

    Returns:
        Columns series (str), setting, seed and value; arms without the setting are left out.
    """
    rows = _of_arms(experiment, parameters) if "setting" in parameters else _of_names(experiment, parameters["column"])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_arms(experiment: Experiment, parameters: Mapping[str, Any]) -> list[tuple[str, float, int, float]]:
    of = parameters.get("of", {"name": parameters["column"]})
    of_run = measure(parameters.get("measure", "recorded"), **of)
    place, series = parameters["setting"], parameters["series"]
    return [
        (str(arm["settings"].get(series, "")), float(arm["settings"][place]), seed, of_run(run))
        for name, arm in experiment.metadata["arms"].items()
        if place in arm["settings"]
        for seed, run in experiment.runs.get(name, {}).items()
    ]


def _of_names(experiment: Experiment, column: str) -> list[tuple[str, float, int, float]]:
    return [
        (arm["label"], float(recorded.partition("@")[2]), seed, float(value))
        for name, arm in experiment.metadata["arms"].items()
        for seed, run in experiment.runs.get(name, {}).items()
        for recorded, value in run.metadata.get("recorded", {}).items()
        if recorded.startswith(f"{column}@")
    ]
