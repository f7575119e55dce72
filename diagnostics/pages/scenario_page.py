"""A stored scenario as a page: the answer, the verdicts, theory beside measurement, and the figures it asks for."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import pandas as pd

from diagnostics import figures
from diagnostics.pages import against_theory, scenario_tables, settings, unit_history
from diagnostics.pages.page import Card, Exhibit, Page, Section, Table, theory_table
from diagnostics.runs.experiment import Experiment
from diagnostics.verdict import claims
from diagnostics.wording import numerals

TITLES = {
    "activation_gradient_rms": "Gradient at each layer's output",
    "update_ratio": "How far weights move",
    "activation_std": "Size of the activations",
    "zero_fraction": "Exact zeros",
    "dead_fraction": "Dead units",
    "rmse": "Root mean squared error",
    "mean_moved": "How far the mean moves",
    "picoseconds": "Time per multiply-add",
    "against_neighbours": "Against the neighbours",
    "against_decimal": "Against round decimals",
}

SOURCES: Mapping[str, Callable[[Experiment, Mapping[str, Any]], pd.DataFrame]] = {
    **scenario_tables.SOURCES,
    "by_setting": settings.by_setting,
    "time_to_revival": unit_history.spells_by_arm,
    "unit_raster": unit_history.spells_by_arm,
}
"""Where kinds of figures get their table from that show neither layers nor scalars."""

SHOWN = ("claims", "figures", "answers", "about", "objection")
"""Of a scenario's record, what the page shows in better form than as a detail."""

PAIRED = (
    "Every effect is paired by seed and stands with its 95 % interval, on which the verdict rests. P-values are adjusted for "
    "the number of comparisons (Benjamini-Hochberg)."
)
SLOPES = (
    "Depth slope of the activation gradient before the first update, in decades per layer: 0.3 means that every layer on the "
    "way back halves it. Theory is mean-field signal propagation, computed from activation, initialisation and the input's "
    "second moment, for infinite width (and batch, under batch normalisation); nothing is fitted."
)


def page_of(experiment: Experiment, judged: Sequence[claims.JudgedClaim]) -> Page:
    """The page of a scenario.

    Args:
        experiment: a stored scenario with at least one finished run.
        judged: its claims, from ``claims.judge_claims``.
    """
    metadata = experiment.metadata
    return Page(
        kind="scenario",
        title=metadata["question"],
        answer=claims.answer(experiment, judged),
        status=status(experiment),
        verdicts=tuple(map(_card, judged)),
        sections=(*_figures(experiment), *_theory(experiment), *_objection(metadata), _numbers(judged)),
        details={key: value for key, value in metadata.items() if key not in SHOWN},
    )


def status(experiment: Experiment) -> str:
    """What the page rests on: data, arms, seeds, and what is missing."""
    metadata = experiment.metadata
    data, config = metadata["data"], metadata["config"]
    finished = sum(map(len, experiment.runs.values()))
    facts = [
        *(["a quick look, with fewer seeds and epochs"] if "--quick" in metadata.get("command", "").split() else []),
        f"{data['name']}, {data['train']:,} training examples",
        f"{len(metadata['arms'])} arms",
        f"{len(metadata['seeds'])} seed{'s' * (len(metadata['seeds']) != 1)}",
        f"{finished} runs finished" + (f", {len(experiment.incomplete)} not" if experiment.incomplete else ""),
        f"{config['epochs']} epoch{'s' * (config['epochs'] != 1)}, batches of {config['batch_size']}",
    ]
    return " · ".join(facts)


def _card(claim: claims.JudgedClaim) -> Card:
    """One claim; its effect is that of its part when it has one, and stands in the table of parts otherwise."""
    alone = claim.parts[0].verdict if len(claim.parts) == 1 else None
    numbers: dict[str, Any] = {}
    if alone:
        numbers = {
            "effect": alone.effect,
            "low": alone.low,
            "high": alone.high,
            "unit": alone.unit,
            "p": alone.p_value,
            "test": alone.test,
        }
    seeds = min((part.verdict.seeds for part in claim.parts), default=0)
    return Card(claim.statement, claim.word, claim.sentence, threshold=claim.threshold, seeds=seeds, **numbers)


def _theory(experiment: Experiment) -> list[Section]:
    slopes = against_theory.slopes(experiment)
    if not len(slopes):
        return []
    return [
        Section("Theory beside measurement", tables=(theory_table(slopes, measured="measured slope", caption=SLOPES),))
    ]


def _objection(metadata: Mapping[str, Any]) -> list[Section]:
    text = metadata.get("objection", "")
    return [Section("What a sceptic could still object", text)] if text else []


def _numbers(judged: Sequence[claims.JudgedClaim]) -> Section:
    tables = tuple(_parts(claim) for claim in judged if claim.parts)
    return Section("The numbers behind the verdicts", text=PAIRED, tables=tables)


def _parts(claim: claims.JudgedClaim) -> Table:
    unit = claim.parts[0].verdict.unit
    header = (
        "part",
        "verdict",
        f"measured, {unit}" if unit else "measured",
        "held against",
        "seeds",
        "test, adjusted p",
    )
    rows = tuple(
        (
            part.label,
            part.verdict.word,
            numerals.estimate(part.verdict.effect, part.verdict.low, part.verdict.high),
            claims.held_against(part.verdict),
            str(part.verdict.seeds),
            _evidence(part),
        )
        for part in claim.parts
    )
    return Table(claim.statement, header, rows, numeric=frozenset(header[2:5]), terminal=False)


def _evidence(part: claims.JudgedPart) -> str:
    p = numerals.p_value(part.adjusted_p)
    return f"{part.verdict.test}, {p}" if p else part.verdict.test


def _figures(experiment: Experiment) -> list[Section]:
    sections: dict[str, list[Exhibit]] = {}
    labelled = functools.cache(partial(_with_labels, experiment))
    for number, figure in enumerate(experiment.metadata["figures"]):
        parameters = figure["parameters"]
        draw = _drawing(experiment, figure["kind"], parameters, labelled)
        name = f"{number + 1}-{parameters['column']}-{figure['kind']}".replace("_", "-")
        alt = f"{figure['kind'].replace('_', ' ')} of {parameters['column'].replace('_', ' ')} by arm. {figure['caption']}"
        column = str(parameters["column"])
        heading = parameters.get("title") or TITLES.get(column, column.replace("_", " ").capitalize())
        sections.setdefault(heading, []).append(Exhibit(name=name, draw=draw, caption=figure["caption"], alt=alt))
    return [Section(heading, figures=tuple(exhibits)) for heading, exhibits in sections.items()]


def _drawing(
    experiment: Experiment, kind: str, parameters: Mapping[str, Any], labelled: Callable[[str], pd.DataFrame]
) -> Callable[..., Any]:
    """A figure's function with everything set but its width."""
    column = parameters["column"]
    if kind in SOURCES:
        frame = SOURCES[kind](experiment, parameters)
        return partial(getattr(figures, kind), frame, column, **parameters.get("options", {}))
    if kind == "curves" and "layers" in parameters:
        return partial(figures.curves, unit_history.layer_means(experiment, parameters), column)
    table = labelled("scalars" if kind == "curves" else "layers")
    if "layers" in parameters:
        names = [name for name in table["layer"].cat.categories if fnmatchcase(name, parameters["layers"])]
        table = _numbered(table.loc[table["layer"].isin(names), :])
    if "split" in parameters:
        table = table.loc[table["split"] == parameters["split"], :]
    options: dict[str, Any] = dict(parameters.get("options", {}))
    if "guide" in parameters:
        options["guide"] = _guide(experiment, parameters["guide"])
    if parameters.get("theory"):
        options["theory"] = against_theory.expected_profiles(experiment)
    return partial(getattr(figures, kind), table.dropna(subset=[column]), column, **options)


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """The layers of a chain counted along the chain, so that arms with other layers in between compare."""
    return table.assign(depth=table.groupby("arm", observed=True)["depth"].rank(method="dense").astype(int))


def _guide(experiment: Experiment, guide: Any) -> tuple[float, str]:
    if guide == "chance":
        classes = experiment.metadata["data"]["classes"]
        return math.log(classes), f"chance: ln {classes}"
    return float(guide[0]), str(guide[1])


def _with_labels(experiment: Experiment, name: str) -> pd.DataFrame:
    """One table of all runs, arms under the names that people read."""
    table = experiment.table(name)
    labels = {arm: record["label"] for arm, record in experiment.metadata["arms"].items()}
    return table.assign(arm=table["arm"].cat.rename_categories(labels))
