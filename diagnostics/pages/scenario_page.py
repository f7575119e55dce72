"""A stored scenario as a page: answer, verdicts, theory and measurement, and the figures that the scenario lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from matplotlib.figure import Figure

from diagnostics import figures
from diagnostics.pages import against_theory
from diagnostics.pages.figure_parameters import Parameters
from diagnostics.pages.page import Card, Exhibit, Page, Section, Table
from diagnostics.pages.scenario_tables import Tables
from diagnostics.pages.strips import EXACT, found, strips
from diagnostics.runs.experiment import Experiment
from diagnostics.runs.figure_kinds import KINDS
from diagnostics.runs.plan import FigurePlan, Plan
from diagnostics.verdict import claims
from diagnostics.verdict.sentences import answer
from diagnostics.wording import numerals
from probes.errors import UsageError

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

SUBTITLES = {
    "before_after": "Before and after",
    "by_arm": "At the end, by arm",
    "by_setting": "Against the setting",
    "curves": "During training",
    "depth_profile": "Over the layers",
    "gap": "What the gap consists of",
    "heat_map": "By layer and step",
    "histogram_pair": "Distributions",
    "seed_pairs": "Replicate by replicate",
    "time_to_revival": "How long units stay dead",
    "unit_raster": "Unit by unit",
}
"""What a kind of figure shows, where several stand under one heading."""

SHOWN = ("claims", "figures", "answers", "about", "scope", "objection")
"""Fields of a scenario's record that the page shows elsewhere, not among the details."""

QUICK = "quick run with fewer replicates and epochs"
PAIRED = (
    "Each effect is paired by replicate: all arms of a replicate share its random numbers. A part's verdict needs the whole interval "
    "on one side of what it is compared with. A claim is supported when all its parts are, refuted when some are and none is "
    "supported, mixed when both occur, otherwise open; where one part is enough, its threshold says so. A small p-value "
    "speaks for the verdict: beside a supported part against the opposite of the statement, beside a refuted one against the "
    "statement; an open part has the smaller of the two. "
    "Results were looked at after 6, 10, 16 and 24 replicates, and a scenario has several claims (Holm). Intervals are therefore wider "
    "than 95 % intervals, and p is adjusted so that 0.05 decides."
)
SLOPES = (
    "Depth slope of the activation gradient before the first update, in decades per layer: 0.3 means that the gradient halves "
    "with each layer of back-propagation, −0.3 that it doubles. Theory is mean-field signal propagation, computed from "
    "activation, initialisation and the input's second moment, for infinite width (and infinite batch size with batch "
    "normalisation); nothing is fitted."
)


def page_of(experiment: Experiment, judged: Sequence[claims.JudgedClaim]) -> Page:
    """The page of a scenario.

    Args:
        experiment: a stored scenario with at least one finished run.
        judged: its claims, from ``claims.judge_claims``.
    """
    return Page(
        kind="scenario",
        title=experiment.plan.question,
        answer=answer(experiment.plan.answers, judged),
        status=status(experiment),
        verdicts=tuple(map(_card, judged)),
        sections=(
            *_figures(experiment),
            *_theory(experiment),
            *_objection(experiment.plan),
            _numbers(judged),
        ),
        details={key: value for key, value in experiment.metadata.items() if key not in SHOWN},
    )


def status(experiment: Experiment) -> str:
    """One line on the evidence: data, arms, seeds, and the runs that are missing."""
    plan = experiment.plan
    finished = sum(map(len, experiment.runs.values()))
    facts = [
        *([QUICK] if is_quick(experiment) else []),
        f"{plan.data.name}, {plan.data.train:,} training examples",
        f"{len(plan.arms)} arms",
        f"{len(plan.seeds)} replicate{'s' * (len(plan.seeds) != 1)}",
        f"{finished:,} runs finished" + (f", {len(experiment.incomplete)} not" if experiment.incomplete else ""),
        f"{_epochs(experiment)}, batches of {plan.config['batch_size']}",
    ]
    return " · ".join(facts)


def _epochs(experiment: Experiment) -> str:
    """How long the arms were trained, such as ``"3 epochs"`` or ``"4 to 60 epochs"``."""
    settings = [run.metadata.get("config", {}) for runs in experiment.runs.values() for run in list(runs.values())[:1]]
    counts = sorted({int(each.get("epochs", experiment.plan.config["epochs"])) for each in settings}) or [
        experiment.plan.config["epochs"]
    ]
    if len(counts) > 1:
        return f"{counts[0]} to {counts[-1]} epochs"
    return f"{counts[0]} epoch{'s' * (counts[0] != 1)}"


def is_quick(experiment: Experiment) -> bool:
    """Whether the scenario ran with ``--quick``: fewer replicates and epochs."""
    return "--quick" in experiment.plan.command.split()


def _card(claim: claims.JudgedClaim) -> Card:
    """One claim, with the effects of its parts; if it has exactly one, also as numbers for other programs."""
    seeds = min((part.verdict.seeds for part in claim.parts), default=0)
    card = Card(claim.statement, claim.word, claim.sentence, threshold=claim.threshold, seeds=seeds)
    exact = bool(claim.parts) and all(part.verdict.test == EXACT for part in claim.parts)
    card = replace(card, strips=strips(claim.parts), unit=_unit(claim.parts), exact=exact)
    if len(claim.parts) != 1:
        return card
    alone = claim.parts[0].verdict
    numbers = {"effect": alone.effect, "low": alone.low, "high": alone.high, "p": claim.parts[0].adjusted_p}
    return replace(card, **numbers, test=alone.test)


def _unit(parts: Sequence[claims.JudgedPart]) -> str:
    """The unit that all parts share; empty where they differ."""
    units = {part.verdict.unit for part in parts}
    return units.pop().replace(claims.SHARE, "share of runs") if len(units) == 1 else ""


def _theory(experiment: Experiment) -> list[Section]:
    slopes = against_theory.slopes(experiment)
    if not len(slopes):
        return []
    table = against_theory.theory_table(slopes, measured="measured slope", caption=SLOPES)
    return [Section("Theory and measurement", tables=(table,))]


def _objection(plan: Plan) -> list[Section]:
    texts = {"What was varied, and how far this goes": plan.scope, "What a sceptic could still object": plan.objection}
    return [Section(heading, text) for heading, text in texts.items() if text]


def _numbers(judged: Sequence[claims.JudgedClaim]) -> Section:
    tables = tuple(_parts(claim) for claim in judged if claim.parts)
    return Section("The numbers behind the verdicts", text=PAIRED, tables=tables)


def _parts(claim: claims.JudgedClaim) -> Table:
    unit = _unit(claim.parts)
    header = (
        "part",
        "verdict",
        f"measured, {unit}" if unit else "measured",
        "compared with",
        "replicates",
        "test, adjusted p",
    )
    rows = tuple(_part(part, named=not unit) for part in claim.parts)
    return Table(claim.statement, header, rows, numeric=frozenset(header[2:5]), terminal=False)


def _part(part: claims.JudgedPart, *, named: bool) -> tuple[str, ...]:
    one, p = part.verdict, numerals.p_value(part.adjusted_p)
    measured = f"{found(one)} {one.unit if named else ''}".strip()
    compared = f"exactly {numerals.short(one.threshold)}" if one.margin == 0 else claims.held_against(one)
    test = f"{one.test}, {p}" if p else one.test
    return part.label, one.word, measured, compared, str(one.seeds), test


def _figures(experiment: Experiment) -> list[Section]:
    sections: dict[str, list[Exhibit]] = {}
    tables = Tables(experiment)
    for number, figure in enumerate(experiment.plan.figures):
        column, kind = str(figure.parameters["column"]), figure.kind
        name = f"{number + 1}-{column}-{kind}".replace("_", "-")
        alt = f"{kind.replace('_', ' ')} of {column.replace('_', ' ')} by arm. {figure.caption}"
        heading = str(figure.parameters.get("title") or TITLES.get(column, column.replace("_", " ").capitalize()))
        exhibit = Exhibit(name=name, draw=_drawing(tables, figure), caption=figure.caption, alt=alt)
        sections.setdefault(heading, []).append(exhibit)
    return [Section(heading, figures=_with_titles(exhibits)) for heading, exhibits in sections.items()]


def _with_titles(exhibits: Sequence[Exhibit]) -> tuple[Exhibit, ...]:
    """Where figures share a heading, each says what it is of."""
    if len(exhibits) == 1:
        return (*exhibits,)
    kinds = [next(kind for kind in SUBTITLES if exhibit.name.endswith(kind.replace("_", "-"))) for exhibit in exhibits]
    titles = [SUBTITLES[kind] if kinds.count(kind) == 1 else "" for kind in kinds]
    return tuple(replace(exhibit, title=title) for exhibit, title in zip(exhibits, titles, strict=True))


def _drawing(tables: Tables, figure: FigurePlan) -> Callable[..., Figure]:
    """A figure's function with every argument set except its width; where its table cannot be made, it says why."""
    try:
        return _drawn(tables, figure)
    except UsageError as error:
        return partial(_missing, error)


def _missing(error: UsageError, **_: object) -> Figure:
    raise error


def _drawn(tables: Tables, figure: FigurePlan) -> Callable[..., Figure]:
    kind, parameters = KINDS[figure.kind], cast(Parameters, figure.parameters)
    options = dict(parameters.get("options", {}))
    if "guide" in parameters:
        options["guide"] = _guide(tables.experiment, parameters["guide"])
    if parameters.get("theory"):
        options["theory"] = against_theory.expected_profiles(tables.experiment)
    positional = [tables.of(kind.table_for(parameters), parameters), *([parameters["column"]] if kind.column else [])]
    return partial(getattr(figures, figure.kind), *positional, **options)


def _guide(experiment: Experiment, guide: str | tuple[float, str]) -> tuple[float, str]:
    if guide == "chance":
        classes = experiment.plan.data.classes
        if classes < 2:
            raise UsageError(
                what="there is no chance level", where="guide", got=f"{classes} classes", do="give a number"
            )
        return math.log(classes), f"chance: ln {classes}"
    return float(guide[0]), str(guide[1])
