"""Compares stored runs on one page: settings, layers, statistics and loss, with figures on common axes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from diagnostics.figures import layer_maps, layer_overlay, overlay
from diagnostics.figures.columns import quantity
from diagnostics.pages import comparison_tables as tables
from diagnostics.pages import differences
from diagnostics.pages.alignment import aligned
from diagnostics.pages.comparison_findings import changes, findings_table, found_in
from diagnostics.pages.comparison_tables import Statistic, signed
from diagnostics.pages.html import write_page
from diagnostics.pages.page import Exhibit, Page, Section, Table
from diagnostics.pages.views import MAPPED, WITHOUT_FIGURE, slug
from diagnostics.rules import Finding, case_of
from diagnostics.rules.causes.non_finite import NonFinite
from diagnostics.runs.order import in_one_row
from diagnostics.runs.run import Run
from diagnostics.wording.numerals import factor, short
from probes.errors import UsageError

STEPS = "All runs on the same axes, one line per run."
DEPTHS = (
    "All runs on the same axes, at the start, the middle and the end of each run; input at the top, and layers of one name in one "
    "row. Where names show blocks of several kinds of layer, a line joins the medians of the blocks."
)
MAPS = (
    "One row per layer, input at the top; one column per recorded step. One colour scale for all runs; a run that lacks a layer "
    "leaves its row empty."
)
ENDINGS = (("validation", "loss"), ("train", "loss"))
"""The answer compares runs by the first of these that differs."""


def compare(runs: Sequence[Run], path: str | os.PathLike[str]) -> Path:
    """Write a page that compares stored runs.

    Args:
        runs: two or more runs from `diagnostics.load_run`; the others are compared with the first. Their models may differ:
            layers are matched by path, and layers that only some runs have are listed.
        path: the HTML file; figures go to ``figures/`` beside it.

    Returns:
        The path of the HTML file.

    Raises:
        UsageError: fewer than two different runs, or the folder cannot be written.
    """
    return write_page(page_of(runs), path)


def page_of(runs: Sequence[Run]) -> Page:
    """The page of a comparison.

    Args:
        runs: two or more; the others are compared with the first.

    Raises:
        UsageError: fewer than two runs, or one of them twice.
    """
    _check(runs)
    named = aligned(dict(zip(names_of([run.path for run in runs]), runs, strict=True)))
    statistics = [Statistic.of(named, column) for column in differences.statistics(named)]
    found = found_in(named)
    return Page(
        kind="comparison",
        title=" · ".join(named),
        answer=answer(named, statistics, changes(found)),
        status=" · ".join(f"{name}: {run.status}, {_steps(run)} steps" for name, run in named.items()),
        sections=tuple(_sections(named, statistics, findings_table(found))),
        details={name: str(run.path) for name, run in named.items()},
    )


def names_of(paths: Sequence[Path]) -> list[str]:
    """Short names for folders: their paths without common leading and trailing parts."""
    parts = [path.absolute().parts for path in paths]
    shortest = min(map(len, parts))
    start = next((i for i in range(shortest) if len({own[i] for own in parts}) > 1), shortest)
    end = next((i for i in range(shortest) if len({own[-1 - i] for own in parts}) > 1), shortest)
    names = ["/".join(own[start : len(own) - end]) for own in parts]
    return names if all(names) else [str(path) for path in paths]


def answer(runs: Mapping[str, Run], statistics: Sequence[Statistic], changed: str = "") -> str:
    """Up to four sentences: NaN or Inf, the lowest loss at the end, findings that changed, the statistic that differs most."""
    broken = _broken(runs)
    largest = "" if broken else _most(statistics, next(iter(runs)))
    if not broken and not largest and not changed and not differences.uneven_scalars(runs):
        return "These runs agree in every number that they have in common."
    return " ".join(part for part in (broken, _ending(runs), changed, largest) if part)


def _broken(runs: Mapping[str, Run]) -> str:
    """Runs with NaN or Inf; statistics are not compared then, since they mean nothing from that step on."""
    found = {name: NonFinite().judge(case_of(run)) for name, run in runs.items()}
    steps = {name: each.numbers["first_step"] for name, each in found.items() if isinstance(each, Finding)}
    return " ".join(
        f"{name} has NaN or Inf from step {step:.0f} on." for name, step in steps.items() if np.isfinite(step)
    )


def _ending(runs: Mapping[str, Run]) -> str:
    table = differences.scalars(runs)
    for split, name in ENDINGS:
        found = table.loc[(split, name)].to_dict() if (split, name) in table.index else {}
        row = {run: value for run, value in found.items() if not np.isnan(value)}
        if len(set(row.values())) > 1:
            best, worst = min(row, key=row.__getitem__), max(row, key=row.__getitem__)
            words = "training" if split == "train" else split
            lowest = f"{best} ends with the {'lower' if len(row) == 2 else 'lowest'} {words} {name}, {short(row[best])}"
            return f"{lowest}; {worst} ends at {short(row[worst])}."
    return ""


def _most(statistics: Sequence[Statistic], reference: str) -> str:
    apart = [one for one in statistics if one.largest > 0]
    if not apart:
        return ""
    most = max(apart, key=lambda one: (one.ratio, one.largest))
    row = most.rows.iloc[0]
    side = "above" if row["difference"] > 0 else "below"
    ratio = most.ratio and np.isfinite(row["difference"])
    label = quantity(most.column).label.partition(" (")[0]
    if ratio:
        large, small = (row["run"], reference) if row["difference"] > 0 else (reference, row["run"])
        times = factor(abs(row["difference"]))
        return f"The largest difference is in the {label}: at {row['layer']}, it is {times} times as large in {large} as in {small}."
    size = signed(most, abs(row["difference"])).removeprefix("+")
    return f"The largest difference is in the {label}: at {row['layer']}, {row['run']} is {size} {side} {reference}."


def _sections(runs: Mapping[str, Run], statistics: Sequence[Statistic], findings: Table | None) -> Iterator[Section]:
    if findings:
        yield Section("Findings", tables=(findings,))
    settings, layers = tables.settings_table(runs), tables.layers_table(runs)
    if settings.rows:
        yield Section("Settings", tables=(settings,))
    else:
        yield Section("Settings", text="All recorded settings are the same, including seed and versions.")
    ends = tables.scalars_table(runs)
    yield Section("Loss and metrics", tables=(ends,) if ends.rows else (), figures=tuple(_curves(runs)))
    reference, *others = runs
    compared = [one for one in statistics if len(one.rows)]
    if compared:
        seeds = differences.same_but_for_the_seed(runs)
        overview = tables.overview(compared, reference, others, seeds)
        yield Section("Where the statistics differ most", tables=(overview,))
    if layers.rows:
        yield Section("Layers", tables=(layers,), folded=len(layers.rows) > tables.MOST_ROWS)
    together = _together(runs, "layers")
    same = [one for one in statistics if len(one.rows) and one.largest == 0]
    for one in statistics:
        if one in same or one.column in WITHOUT_FIGURE:
            continue
        shown = (tables.statistic_table(one, reference, others),) if len(one.rows) else ()
        text = "" if shown else "No two runs recorded this statistic for the same layer and step."
        yield Section(_heading(one.column), text, tables=shown, figures=tuple(_by_depth(together, one.column)))
    if same:
        names = ", ".join(quantity(one.column).label.partition(" (")[0] for one in same)
        yield Section("The same in all runs", text=f"{names[:1].upper()}{names[1:]}.")


def _curves(runs: Mapping[str, Run]) -> Iterator[Exhibit]:
    together = _together(runs, "scalars")
    for name in differences.uneven_scalars(runs):
        draw = partial(overlay, together.dropna(subset=[name]), name)
        yield Exhibit(f"{slug(name)}-overlay", draw, STEPS, f"{_heading(name)} of all runs by step.", _heading(name))


def _by_depth(together: pd.DataFrame, column: str) -> Iterator[Exhibit]:
    rows = together.loc[together[column].notna(), :]
    alt = f"{_heading(column)} of all runs by depth."
    yield Exhibit(f"{slug(column)}-overlay", partial(layer_overlay, rows, column), DEPTHS, alt)
    if column in MAPPED:
        name, caption = f"{slug(column)}-heat-map", MAPS
        yield Exhibit(name, partial(layer_maps, rows, column), caption, f"{_heading(column)} by layer and step.")


def _together(runs: Mapping[str, Run], table: str) -> pd.DataFrame:
    frames = [in_one_row(getattr(run, table)).assign(arm=name, seed=0) for name, run in runs.items()]
    return pd.concat(frames, ignore_index=True)


def _heading(column: str) -> str:
    label = quantity(column).label.partition(" (")[0]
    return label[:1].upper() + label[1:]


def _steps(run: Run) -> str:
    return f"{run.scalars['step'].nunique():,}" if np.size(run.scalars) else "0"


def _check(runs: Sequence[Run]) -> None:
    for run in runs:
        if not isinstance(run, Run):
            do = "load it first: diagnostics.load_run(path)"
            raise UsageError(what="this is not a stored run", where="diagnostics.compare", got=f"{run!r:.200}", do=do)
    paths = [run.path.absolute() for run in runs]
    if len(set(paths)) < max(2, len(paths)):
        raise UsageError(
            what="nothing to compare",
            where="diagnostics.compare",
            got=", ".join(map(str, paths)) or "no run",
            do="name two or more runs, each of them once",
        )
