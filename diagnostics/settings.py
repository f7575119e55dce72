"""A measure of every run against a setting of its arm, such as a distance against the dropout rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from diagnostics.experiments import Experiment
from diagnostics.measures import measure

COLUMNS = ("series", "setting", "seed", "value")


def by_setting(experiment: Experiment, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """One value a run, with the arm's setting that stands on the horizontal axis.

    Args:
        experiment: a stored scenario.
        parameters: of the figure: ``column`` (a recorded number, unless ``measure`` and ``of`` name a measure with its
            parameters), ``setting`` (a number in the arms' settings), ``series`` (a setting that tells lines apart).

    Returns:
        Columns series (str), setting, seed and value; arms without the setting are left out.
    """
    of = parameters.get("of", {"name": parameters["column"]})
    of_run = measure(parameters.get("measure", "recorded"), **of)
    rows = [
        (
            str(arm["settings"].get(parameters["series"], "")),
            float(arm["settings"][parameters["setting"]]),
            seed,
            of_run(run),
        )
        for name, arm in experiment.metadata["arms"].items()
        if parameters["setting"] in arm["settings"]
        for seed, run in experiment.runs.get(name, {}).items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
