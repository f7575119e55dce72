"""A stored run as a page: a letter about each finding, the model as a picture, and a figure for each recorded statistic."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diagnostics.figures.columns import quantity
from diagnostics.pages import cursor, run_figures, views
from diagnostics.pages.evidence import first_step, judged_on, last_step
from diagnostics.pages.finite_part import until_lost, with_nan
from diagnostics.pages.headline import ENDED, answer, status
from diagnostics.pages.healthy import compared
from diagnostics.pages.html import write_page
from diagnostics.pages.letter import letter_of, measured_of, missing_of, noted_of, others_of, unjudged_of
from diagnostics.pages.model_layers import nets_of
from diagnostics.pages.model_picture import last_values, picture_of
from diagnostics.pages.page import Page, Section, Table
from diagnostics.rules import LOUD, Finding, diagnose
from diagnostics.runs import embedded
from diagnostics.runs.of_reading import Tables, as_run
from diagnostics.runs.run import Run
from diagnostics.wording.findings import observed
from diagnostics.wording.numerals import MISSING, short
from diagnostics.wording.sparkline import sparkline

PICTURED = (
    "activation_gradient_rms",
    "update_ratio",
    "dead_fraction",
    "zero_fraction",
    "activation_std",
    "gradient_norm",
)
"""Which quantity colours the model when no finding suggests one, the first that was recorded."""
PICTURE = (
    "Every row is a {row}, input at the top{cells}; at the right {shape}the number of its parameters. "
    "Click a coloured cell to highlight its layer in every figure."
)
BLOCKS = {"row": "block", "cells": ", and every cell a layer"}
LAYERS = {"row": "layer", "cells": ""}
"""Words of the same sentence where blocks hold several layers, and where they do not."""
MARKED = " Triangles mark the layers named under Findings."
TRENDS = {"train": "loss", "validation": "validation loss"}
TABLE = "Each layer's last reading."


def report(
    run: Run | Tables,
    path: str | os.PathLike[str],
    findings: Sequence[Finding] | None = None,
    *,
    embed_data: bool = False,
) -> Path:
    """Write the report of one stored run.

    Args:
        run: a run from `diagnostics.load_run`, or a ``probes.Reading``.
        path: the HTML file, such as ``runs/mine/report.html``; figures go to ``figures/`` beside it.
        findings: what the rules found; by default, those of all rules.
        embed_data: keep the run's tables inside the page, so that ``diagnostics.load_run(path)`` reads them back.

    Returns:
        The path of the HTML file.

    Raises:
        UsageError: when the folder cannot be written.
    """
    run = as_run(run)
    page = page_of(run, diagnose(run) if findings is None else findings)
    return write_page(replace(page, run=embedded.block(run)) if embed_data else page, path)


def page_of(run: Run, findings: Sequence[Finding]) -> Page:
    """The page of one run: a letter about each finding, the worst first, then the model and the figures.

    Args:
        run: a stored run.
        findings: what the rules found, the most severe first.
    """
    shown = views.shown(run.layers)
    layers, lost = until_lost(with_nan(run.layers))
    return Page(
        kind="run",
        title=run.name,
        answer=answer(findings, **_context(run, layers, findings)),
        status=status(run),
        sections=tuple(_sections(run, layers, findings, shown, lost)),
        details={key: value for key, value in run.metadata.items() if key not in ("layer_table", "architecture")},
        data=cursor.numbers(layers, run.scalars, shown),
        trends=dict(_trends(run.scalars)),
    )


def _context(run: Run, layers: pd.DataFrame, findings: Sequence[Finding]) -> dict[str, Any]:
    """What the first lines tell besides the findings: the steps, since when the first one shows, and what is normal."""
    end = last_step(run)
    loud = [one for one in findings if one.severity in LOUD and one.rule != ENDED]
    if loud:
        first = first_step(run, loud[0])
        whole = judged_on(run, loud[0])
        return {"since": "from the start" if first == 0 else f"since step {first:,}" if first else whole}
    span = None if end is None else (0, end)
    return {"span": span, "normal": compared(layers)}


def _trends(scalars: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """The course of the loss, in training and in validation."""
    for split, name in TRENDS.items():
        there = "loss" in scalars and "split" in scalars
        losses = scalars["loss"].to_numpy(float)[(scalars["split"] == split).to_numpy()] if there else np.empty(0)
        if len(losses) > 1:
            yield name, f"{sparkline(losses)}  {short(losses[0])} to {short(losses[-1])}"


def _sections(
    run: Run, layers: pd.DataFrame, findings: Sequence[Finding], shown: Sequence[str], lost: str
) -> Iterator[Section]:
    loud = [one for one in findings if one.severity in LOUD]
    quiet = [one for one in findings if one.severity not in (*LOUD, "not_evaluated")]
    lacking = [one for one in findings if one.severity == "not_evaluated"]
    units = {entry["layer"]: entry["units"] for entry in run.layer_table if entry.get("units")}
    about = {"name": run.name, "seed": run.seed or 0, "units": units, "lost": lost, "probes": run.probes}
    about["training"] = run.training
    figures = [*run_figures.sections(layers, run.scalars, events=run.units, **about)]
    if not loud:  # the curve is what a reader wants to see first where no letter says what to look at
        yield from (one for one in figures if one.heading == run_figures.CURVES)
    # Evidence ends where numbers end, as all figures do.
    yield from _letters(Run(run.path, run.metadata, {"layers": layers, "scalars": run.scalars}), loud)
    yield from _quiet(quiet, beside=bool(loud))
    unchecked = (missing_of(lacking) if lacking else None, unjudged_of(quiet))
    if any(unchecked):
        yield Section("What was not checked", tables=tuple(one for one in unchecked if one), folded=True)
    yield from _model(run, layers, loud, shown)
    for one in figures:
        if loud or one.heading != run_figures.CURVES:
            # Where nothing is wrong, nobody looks for it in the distributions of every layer.
            yield replace(one, folded=one.folded or (not loud and one.heading == run_figures.DISTRIBUTIONS))


def _letters(run: Run, loud: Sequence[Finding]) -> Iterator[Section]:
    """A letter for each cause; what follows from one is folded, because its cure is the cause's."""
    names = {each.rule for each in loud}
    causes = causes_of(loud)
    following = [one for one in loud if one not in causes]
    if causes:
        yield Section("Findings", letters=tuple(letter_of(run, one, names, alone=len(causes) == 1) for one in causes))
    if following:
        heading = f"What follows from that: {', '.join(observed(one.rule) for one in following)}"
        yield Section(heading, letters=tuple(letter_of(run, one, names) for one in following), folded=True)


def causes_of(loud: Sequence[Finding]) -> list[Finding]:
    """The findings that no other finding of the page explains."""
    names = {each.rule for each in loud}
    return [one for one in loud if one.explained_by not in names]


def _quiet(quiet: Sequence[Finding], *, beside: bool) -> Iterator[Section]:
    """Without a complaint, the checks are the letter; beside one, they say what else it could have been, and is not."""
    # How the run ended is told by its status, and is no check of what was trained.
    quiet = [one for one in quiet if one.rule != ENDED or one.severity == "info"]
    noted, measured, others = noted_of(quiet), measured_of(quiet), others_of(quiet)
    if noted:
        yield Section("What else was noted" if beside else "What was noted", tables=(noted,), folded=beside)
    if beside:
        tables = tuple(table for table in (measured, others) if table)
        yield from [Section("What was ruled out", tables=tables, folded=True)] if tables else []
        return
    if measured:
        yield Section("What was checked", tables=(measured,))
    if others:
        count = len(others.rows)
        heading = f"{count} more check{'s' * (count != 1)} that passed" if measured else "What was checked"
        yield Section(heading, tables=(others,), folded=bool(measured))


def _model(run: Run, layers: pd.DataFrame, loud: Sequence[Finding], shown: Sequence[str]) -> Iterator[Section]:
    # What follows from a finding may concern every layer: marks on all of them would tell nothing.
    marked = {layer: one.severity for one in reversed(causes_of(loud)) for layer in one.layers}
    suggested = [each.column for one in loud for each in one.evidence if each.table == "layers"]
    known = [column for column in (*suggested, *PICTURED, *shown) if column in shown]
    picture = picture_of(run, layers, known[0] if known else "", marked)
    if picture:
        words = BLOCKS if picture.counted else LAYERS
        text = PICTURE.format(**words, shape="its output's shape and " * picture.shaped) + MARKED * bool(marked)
        yield Section("The model", text=text, picture=picture)
        yield Section("Every layer as a table", tables=(_table(run, layers, shown),), folded=True)


def _table(run: Run, layers: pd.DataFrame, shown: Sequence[str]) -> Table:
    values = {quantity(column).label.partition(" (")[0]: last_values(layers, column) for column in shown}
    header = ("layer", "kind", "output", "parameters", *values)
    rows = tuple(
        (
            *(node.path, node.kind, node.shape or MISSING, f"{node.parameters:,}"),
            *(short(found[node.path]) if node.path in found else MISSING for found in values.values()),
        )
        for net in nets_of(run)
        for node in net.nodes
    )
    return Table(TABLE, header, rows, numeric=frozenset(("parameters", *values)), terminal=False)
