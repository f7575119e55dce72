"""Tables of the differences between runs, largest first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from diagnostics.figures.columns import quantity
from diagnostics.pages import differences
from diagnostics.pages.page import Table
from diagnostics.runs.run import Run
from diagnostics.wording.numerals import MISSING, decades, short

BY_CHANCE = "between repeats"
COMMIT = 12
"""Digits of a commit that are shown."""
MOST_ROWS = 12
"""Rows of a table on the page; smaller differences can be read from the runs' own tables."""


@dataclass(frozen=True)
class Statistic:
    """One statistic and how it differs, layer by layer.

    Args:
        column: its name in the tables.
        ratio: whether differences are decades, as for quantities that span several.
        rows: result of `differences.by_layer`.
    """

    column: str
    ratio: bool
    rows: pd.DataFrame

    @classmethod
    def of(cls, runs: Mapping[str, Run], column: str) -> Statistic:
        """Compare one statistic of some runs."""
        ratio = quantity(column).scale.name == "log"
        return cls(column, ratio, differences.by_layer(runs, column, ratio=ratio))

    @property
    def unit(self) -> str:
        """Unit of the differences."""
        return "decades" if self.ratio else "difference"

    @property
    def largest(self) -> float:
        """The largest absolute difference at any layer; NaN when nothing could be compared."""
        return (
            float(np.nanmax(np.abs(self.rows["difference"].to_numpy(float)), initial=-np.inf))
            if len(self.rows)
            else np.nan
        )


def settings_table(runs: Mapping[str, Run]) -> Table:
    """Settings that differ."""
    found = differences.settings(runs)
    rows = tuple((str(key), *map(_setting, values)) for key, *values in found.itertuples())
    return Table("Settings that differ between runs", ("setting", *runs), rows)


def _setting(value: object) -> str:
    """A setting as text; a list without Python's brackets and quotes, and the start of a commit, which is enough to find it."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)[:COMMIT] if re.fullmatch(r"[0-9a-f]{40}", str(value)) else str(value)


def layers_table(runs: Mapping[str, Run]) -> Table:
    """Layers that differ, or that some runs lack."""
    rows = tuple((str(path), *values) for path, *values in differences.layers(runs).itertuples())
    caption = "Layers that differ, or that some runs lack. Statistics are compared between layers with the same path."
    return Table(caption, ("layer", *runs), rows, terminal=len(rows) <= MOST_ROWS)


def scalars_table(runs: Mapping[str, Run]) -> Table:
    """Loss and metrics at the end."""
    rows = tuple(
        (" ".join(map(str, key)).replace("_", " "), *map(short, values))
        for key, *values in differences.scalars(runs).itertuples()
    )
    return Table("Mean over the last epoch of each run", ("scalar", *runs), rows, numeric=frozenset(runs))


def overview(statistics: list[Statistic], reference: str, others: list[str], seeds: Sequence[str] = ()) -> Table:
    """Every statistic at the layer where it differs most: those in decades first, the largest first.

    Args:
        statistics: all that could be compared.
        reference: name of the first run.
        others: names of the other runs.
        seeds: those that differ from the first in nothing but their seed: what chance alone does, as a yardstick for the rest.
    """
    ordered = sorted(statistics, key=lambda one: (not one.ratio, -np.nan_to_num(one.largest)))
    most = [
        (one, row) for one in ordered if one.largest != 0 for row in _without(one, seeds).head(1).to_dict("records")
    ]
    by_chance = bool(seeds) and len(seeds) < len(others)
    if len(others) == 1:
        header = ("statistic", "layer", reference, *others, "difference")
        rows = [(_words(one), str(row["layer"]), *_cells(one, row)[:3]) for one, row in most]
    else:
        header = ("statistic", "layer", "run", "difference", *((BY_CHANCE,) if by_chance else ()))
        chance = [(_by_chance(one, seeds),) if by_chance else () for one, _ in most]
        named = [(_words(one), *(str(row[key]) for key in ("layer", "run"))) for one, row in most]
        sizes = [signed(one, row["difference"]) for one, row in most]
        rows = [(*name, size, *own) for name, size, own in zip(named, sizes, chance, strict=True)]
    caption = (
        f"Each statistic at the layer where it differs most from {reference}: medians over the steps that both runs recorded. "
        f"1 decade is a factor of ten; other differences are in the statistic's own unit. {_since(statistics)}"
    )
    if by_chance:
        repeats = ", ".join(seeds)
        caption += f" {BY_CHANCE.capitalize()}: the largest difference from {repeats}, which repeat it with another seed or none."
    return Table(caption, header, tuple(rows), numeric=frozenset({reference, *others, "difference", BY_CHANCE}))


def _without(one: Statistic, seeds: Sequence[str]) -> pd.DataFrame:
    """The rows of the runs that differ in more than their seed, if there are any."""
    kept = one.rows.loc[~one.rows["run"].isin(list(seeds))]
    return kept if len(kept) else one.rows


def _by_chance(one: Statistic, seeds: Sequence[str]) -> str:
    sizes = np.abs(one.rows.loc[one.rows["run"].isin(list(seeds)), "difference"].to_numpy(float))
    known = sizes[~np.isnan(sizes)]
    return signed(one, float(known.max())).removeprefix("+") if known.size else MISSING


def _words(one: Statistic) -> str:
    return quantity(one.column).label.partition(" (")[0]


def _since(statistics: list[Statistic]) -> str:
    first = np.array([step for one in statistics for step in one.rows["first"]], float)
    known = first[~np.isnan(first)]
    return f"The first difference is at step {int(known.min()):,}." if known.size else "No step differs."


def statistic_table(one: Statistic, reference: str, others: list[str]) -> Table:
    """One statistic at every layer, the largest difference first."""
    alone = len(others) == 1
    numbers = (reference, *(others if alone else ["value"]), "difference", "differs from step")
    rows = tuple(
        (str(row["layer"]), *([] if alone else [str(row["run"])]), *_cells(one, row))
        for row in one.rows.head(MOST_ROWS).to_dict("records")
    )
    left = len(one.rows) - len(rows)
    caption = f"{one.column}: medians over the steps that both runs recorded, largest difference first."
    caption += f" {left} smaller differences are not shown." if left else ""
    header = ("layer", *([] if alone else ["run"]), *numbers)
    return Table(caption, header, rows, numeric=frozenset(numbers), terminal=False)


def signed(one: Statistic, difference: float) -> str:
    """A difference with its sign and unit, such as ``"+1.3 decades"``."""
    sign = "+" if difference > 0 else ""
    return f"{sign}{decades(difference) if one.ratio else short(difference)}"


def _cells(one: Statistic, row: Mapping) -> tuple[str, ...]:
    first = row["first"]
    where = "never" if np.isnan(first) else f"{int(first):,}"
    where = where if row["steps"] else MISSING
    return short(row["reference"]), short(row["value"]), signed(one, row["difference"]), where
