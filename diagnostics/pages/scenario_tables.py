"""Tables of all runs by arm, for the figures of a scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

import numpy as np
import pandas as pd

from diagnostics.figures.columns import quantity
from diagnostics.measures import measure
from diagnostics.measures.gap import gaps_of
from diagnostics.measures.units import spells_of
from diagnostics.pages.figure_parameters import Parameters
from diagnostics.runs.experiment import Experiment
from diagnostics.runs.run import Run
from diagnostics.statistics.intervals import interval_of
from diagnostics.survival import spells
from probes.errors import UsageError

COLUMNS = ("series", "setting", "seed", "value")
_NOTHING = spells(pd.DataFrame(), 0).assign(arm="", seed=0)


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables that one scenario's figures draw; the runs' layers and scalars are each joined only once.

    Args:
        experiment: a stored scenario with at least one finished run.
    """

    experiment: Experiment

    def of(self, name: str, parameters: Parameters) -> pd.DataFrame:
        """The table of a figure.

        Args:
            name: ``layers``, ``scalars`` or a key of ``SOURCES``.
            parameters: the figure's parameters; ``layers`` (a shell pattern) and ``split`` select rows.
        """
        if name in SOURCES:
            return SOURCES[name](self.experiment, parameters)
        table = self._layers if name == "layers" else self._scalars
        if "layers" in parameters:
            table = _numbered(table.loc[table["layer"].isin(_layers_like(table, parameters["layers"])), :])
        if "split" in parameters:
            table = table.loc[table["split"] == parameters["split"], :]
        column = _known(table, parameters["column"])
        # a loss of NaN was measured: without these rows, the median would be that of the runs that survived
        return table if quantity(column).always_measured else table.dropna(subset=[column])

    @cached_property
    def _layers(self) -> pd.DataFrame:
        return _with_labels(self.experiment, "layers")

    @cached_property
    def _scalars(self) -> pd.DataFrame:
        return _with_labels(self.experiment, "scalars")


def gaps(experiment: Experiment, parameters: Parameters) -> pd.DataFrame:
    """The gap between validation and training at each epoch of each run, split into its parts.

    Args:
        experiment: a stored scenario that evaluates the training set again.
        parameters: ``column`` from the figure's parameters.

    Returns:
        Columns arm (its label), seed, epoch, lag, mode, data, gap.
    """
    parts = [
        gaps_of(run.scalars, parameters["column"]).assign(arm=label, seed=seed)
        for label, seed, run in _runs(experiment)
    ]
    if not parts:
        do = "restore the file, or run the scenario again"
        raise UsageError(what="no run belongs to an arm", where="figure gap", got=repr(experiment), do=do)
    return pd.concat(parts, ignore_index=True)


def measured(experiment: Experiment, parameters: Parameters) -> pd.DataFrame:
    """One row per arm: the mean of a measure over the seeds with its 95 % interval.

    Args:
        experiment: a stored scenario.
        parameters: of the figure: ``measure`` and its parameters ``of``; ``unit``; ``references``, one value per arm label.

    Returns:
        Columns label, effect, low, high, reference (NaN if none), unit.
    """
    of_run = measure(parameters["measure"], **parameters["of"])
    values: dict[str, list[float]] = {}
    for label, _, run in _runs(experiment):
        values.setdefault(label, []).append(of_run(run))
    rows = [_row(label, np.array(found), parameters) for label, found in values.items()]
    return pd.DataFrame(rows, columns=["label", "effect", "low", "high", "reference", "unit"])


def pairs(experiment: Experiment, parameters: Parameters) -> pd.DataFrame:
    """A recorded number from two arms at each seed that both have.

    Args:
        experiment: a stored scenario.
        parameters: of the figure: ``column``, the recorded number, and ``pairs`` of label, treated arm and control.

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


def histograms(experiment: Experiment, parameters: Parameters) -> pd.DataFrame:
    """Histograms that the runs recorded bin by bin, as ``before@x`` and ``after@x``.

    Args:
        experiment: a stored scenario.
        parameters: of the figure: ``arms``, a shell pattern for the arms to show.

    Returns:
        Columns arm (its label), seed, moment, bin, share.
    """
    shown = {arm.label for arm in experiment.plan.arms.values() if fnmatchcase(arm.name, parameters["arms"])}
    rows = [
        (label, seed, name.partition("@")[0], _number(name.partition("@")[2], name), float(share))
        for label, seed, run in _runs(experiment)
        for name, share in run.metadata.get("recorded", {}).items()
        if label in shown and name.startswith(("before@", "after@"))
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "moment", "bin", "share"])


def spells_by_arm(experiment: Experiment, parameters: Parameters) -> pd.DataFrame:
    """The spells during which units were dead, for every run.

    Args:
        experiment: a stored scenario.
        parameters: ``layers``, a shell pattern; all layers by default.

    Returns:
        Columns arm (its label, categorical over all arms), seed, layer, unit, start, end, length, open, born_dead.
    """
    labels = _labels(experiment)
    frames = [
        spells_of(run, parameters.get("layers", "*")).assign(arm=labels.get(arm, arm), seed=seed)
        for arm, runs in experiment.runs.items()
        for seed, run in runs.items()
    ]
    table = pd.concat([frame for frame in frames if len(frame)] or [_NOTHING], ignore_index=True)
    present = [label for name, label in labels.items() if experiment.runs.get(name)]
    return table.assign(arm=pd.Categorical(table["arm"], present))


def layer_means(experiment: Experiment, parameters: Parameters) -> pd.DataFrame:
    """The mean of a statistic over layers at each step, in the form of a training scalar.

    Args:
        experiment: a stored scenario.
        parameters: ``column`` and ``layers``, a shell pattern.

    Returns:
        Columns arm (its label), seed, step, split (``train``) and the statistic.
    """
    table = experiment.table("layers")
    column = _known(table, parameters["column"])
    rows = (
        table.loc[table["layer"].isin(_layers_like(table, parameters["layers"]))]
        .dropna(subset=[column])
        .astype({column: "float64"})
    )
    means = rows.groupby(["arm", "seed", "step"], observed=True)[column].mean().reset_index()
    return means.assign(split="train", arm=means["arm"].cat.rename_categories(_labels(experiment)))


def by_setting(experiment: Experiment, parameters: Parameters) -> pd.DataFrame:
    """One value per run and setting.

    Args:
        experiment: a stored scenario.
        parameters: of the figure: ``column`` (a recorded number, unless ``measure`` and ``of`` name a measure with its
            parameters), ``setting`` (a number in the arms' settings), ``series`` (the setting with one line per value). Without
            ``setting``, each recorded number named ``column@x`` is placed at x, and each arm is a line.

    Returns:
        Columns series (str), setting, seed and value; arms without the setting are left out.
    """
    rows = _of_arms(experiment, parameters) if "setting" in parameters else _of_names(experiment, parameters["column"])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_arms(experiment: Experiment, parameters: Parameters) -> list[tuple[str, float, int, float]]:
    of = parameters.get("of", {"name": parameters["column"]})
    of_run = measure(parameters.get("measure", "recorded"), **of)
    place, series = parameters["setting"], parameters["series"]
    return [
        (str(arm.settings.get(series, "")), _number(arm.settings[place], f"{name}: {place}"), seed, of_run(run))
        for name, arm in experiment.plan.arms.items()
        if place in arm.settings
        for seed, run in experiment.runs.get(name, {}).items()
    ]


def _of_names(experiment: Experiment, column: str) -> list[tuple[str, float, int, float]]:
    return [
        (label, _number(recorded.partition("@")[2], recorded), seed, float(value))
        for label, seed, run in _runs(experiment)
        for recorded, value in run.metadata.get("recorded", {}).items()
        if recorded.startswith(f"{column}@")
    ]


def _row(label: str, values: np.ndarray, parameters: Parameters) -> tuple[str | float, ...]:
    found = interval_of(values[~np.isnan(values)])
    reference = parameters.get("references", {}).get(label, np.nan)
    return label, found.estimate, found.low, found.high, reference, parameters.get("unit", "")


def _runs(experiment: Experiment) -> Iterator[tuple[str, int, Run]]:
    for name, arm in experiment.plan.arms.items():
        for seed, run in experiment.runs.get(name, {}).items():
            yield arm.label, seed, run


def _with_labels(experiment: Experiment, name: str) -> pd.DataFrame:
    """One table of all runs, with the arms' labels in place of their names."""
    table = experiment.table(name)
    return table.assign(arm=table["arm"].cat.rename_categories(_labels(experiment)))


def _number(value: object, where: str) -> float:
    try:
        return float(value)  # pyright: ignore[reportArgumentType] - whatever stands in a file
    except (TypeError, ValueError) as error:
        do = "restore the file, or run the scenario again"
        raise UsageError(what="a figure needs a number here", where=where, got=f"{value!r:.100}", do=do) from error


def _known(table: pd.DataFrame, column: str) -> str:
    """The column, if it is one of numbers."""
    if column not in table or not pd.api.types.is_numeric_dtype(table[column]):
        got = ", ".join(map(str, table.columns))
        do = "record it: see the scenario's probes and metrics"
        raise UsageError(what=f"no run has the column {column!r:.50}", where="figure", got=f"{got:.300}", do=do)
    return column


def _labels(experiment: Experiment) -> dict[str, str]:
    return {name: arm.label for name, arm in experiment.plan.arms.items()}


def _layers_like(table: pd.DataFrame, pattern: str) -> list[str]:
    return [name for name in table["layer"].cat.categories if fnmatchcase(str(name), pattern)]


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Depth counted over the selected layers only, so that arms with other layers in between can be compared."""
    return table.assign(depth=table.groupby("arm", observed=True)["depth"].rank(method="dense").astype(int))


SOURCES: Mapping[str, Callable[[Experiment, Parameters], pd.DataFrame]] = {
    "by_setting": by_setting,
    "gaps": gaps,
    "histograms": histograms,
    "layer_means": layer_means,
    "measured": measured,
    "pairs": pairs,
    "spells": spells_by_arm,
}
"""Tables other than layers and scalars, by their names in ``diagnostics.runs.figure_kinds``."""
