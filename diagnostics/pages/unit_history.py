"""What the layers and units of a stored scenario went through over its steps, as tables for figures."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd

from diagnostics.measures.units import spells_of
from diagnostics.runs.experiment import Experiment
from diagnostics.survival import spells


def spells_by_arm(experiment: Experiment, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """The spells that units were dead for, of every run.

    Args:
        experiment: a stored scenario.
        parameters: ``layers``, a shell pattern; all layers by default.

    Returns:
        Columns arm (its label, categorical over all arms), seed, layer, unit, start, end, length, open, born_dead.
    """
    labels = {name: record["label"] for name, record in experiment.metadata["arms"].items()}
    frames = [
        spells_of(run, parameters.get("layers", "*")).assign(arm=labels[arm], seed=seed)
        for arm, runs in experiment.runs.items()
        for seed, run in runs.items()
    ]
    table = pd.concat([frame for frame in frames if len(frame)] or [_NOTHING], ignore_index=True)
    present = [label for name, label in labels.items() if experiment.runs.get(name)]
    return table.assign(arm=pd.Categorical(table["arm"], present))


def layer_means(experiment: Experiment, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """The mean over layers of a statistic at every step, so that it can be drawn like a scalar of training.

    Args:
        experiment: a stored scenario.
        parameters: ``column`` and ``layers``, a shell pattern.

    Returns:
        Columns arm (its label), seed, step, split (``train``) and the statistic.
    """
    column, table = parameters["column"], experiment.table("layers")
    names = [name for name in table["layer"].cat.categories if fnmatchcase(str(name), parameters["layers"])]
    rows = table.loc[table["layer"].isin(names)].dropna(subset=[column]).astype({column: "float64"})
    means = rows.groupby(["arm", "seed", "step"], observed=True)[column].mean().reset_index()
    labels = {name: record["label"] for name, record in experiment.metadata["arms"].items()}
    return means.assign(split="train", arm=means["arm"].cat.rename_categories(labels))


_NOTHING = spells(pd.DataFrame(), 0).assign(arm="", seed=0)
