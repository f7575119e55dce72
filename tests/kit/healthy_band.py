"""What is normal: quantiles over the healthy trainings of the judgement benchmark, for the band behind a page's profiles.

``python -m tests.benchmarks.judgement train --half known`` trains them (hours), and ``python -m tests.kit.healthy_band
build/judgement`` makes ``diagnostics/pages/healthy.json`` of them: of the *known* half alone, so that no scored case that nobody has
looked at shapes what readers see.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from diagnostics.figures.layer_rows import Rows, around, has_readings
from diagnostics.figures.seeds import moments
from diagnostics.pages.healthy import FILE, LEVELLED, levels_of, relative_depths
from diagnostics.runs.run import Run, load_run
from tests.benchmarks.judgement.case import all_cases
from tests.benchmarks.judgement.halves import is_in
from tests.benchmarks.judgement.store import folder_of, read

COLUMNS = ("activation_gradient_rms", "update_ratio", "activation_std", "zero_fraction", "dead_fraction")
SHARES = (0.025, 0.975)
DEPTHS = np.linspace(0, 1, 11)
FEWEST_LAYERS, FEWEST_RUNS = 3, 20
"""Fewest layers of a profile, and fewest trainings that a column takes."""
FLOOR = 1e-12
"""What stands for 0 on a logarithmic scale."""


def runs_of(out: Path) -> list[Run]:
    """The healthy trainings of the known half, as far as they are trained and have learned."""
    chosen = [case for case in all_cases().values() if case.kind == "healthy" and is_in("known", case.full_name)]
    trained = {case: read(case, out) for case in chosen}
    learned = [case for case, one in trained.items() if one and one.outcome and one.outcome.skill > 0]
    print(f"{len(learned)} of {len(chosen)} healthy cases", flush=True)
    return [load_run(folder_of(case, out)) for case in learned]


def profiles(run: Run, column: str) -> Iterator[np.ndarray]:
    """A run's values over the relative depth, at start, middle and end; on a logarithmic scale their decades."""
    if not has_readings(run.layers, column):
        return
    rows = Rows.of(run.layers, column)
    if column == "zero_fraction":  # most kinds of layer have no zeros, and are no part of the figure either
        rows = rows.only(np.nan_to_num(rows.values).max(axis=1) > 0)
    if len(rows.names) < FEWEST_LAYERS:
        return
    level = levels_of(rows) if column in LEVELLED else 1.0
    shares = column.endswith("_fraction")
    for step in moments(rows.steps).values():
        values = around(rows, step) / level
        values = values if shares else np.log10(np.maximum(values, FLOOR))
        known = np.isfinite(values)
        for net in dict.fromkeys(rows.nets or ("",)):
            own = known & np.array([each == net for each in rows.nets or [net] * len(values)])
            if own.sum() >= FEWEST_LAYERS:
                yield np.interp(DEPTHS, relative_depths(rows)[own], values[own])


def band(runs: list[Run], column: str) -> dict[str, object] | None:
    """Quantiles of a column over all runs; ``None`` if too few have it."""
    found = [list(profiles(run, column)) for run in runs]
    found = [each for each in found if each]
    if len(found) < FEWEST_RUNS:
        return None
    low, high = np.quantile(np.array([one for each in found for one in each]), SHARES, axis=0)
    whole = [all((low <= one).all() and (one <= high).all() for one in each) for each in found]
    scale = (lambda ends: ends) if column.endswith("_fraction") else (lambda ends: 10.0**ends)
    return {
        "runs": len(found),
        "whole": round(float(np.mean(whole)), 3),
        **{name: [float(f"{v:.3g}") for v in scale(ends)] for name, ends in (("low", low), ("high", high))},
    }


def _deepest(run: Run) -> int:
    """Most layers of a run that have a reading of one of the columns."""
    return max(
        (len(Rows.of(run.layers, column).names) for column in COLUMNS if has_readings(run.layers, column)), default=0
    )


def main(out: Path) -> None:
    """Write the file."""
    runs = runs_of(out)
    columns = {column: found for column in COLUMNS if (found := band(runs, column))}
    made = f"python -m tests.kit.healthy_band: {len(runs)} healthy trainings of the judgement benchmark's known half"
    content = {
        "made": made,
        "shares": SHARES,
        "deepest": max(_deepest(run) for run in runs),
        "depths": [round(float(depth), 2) for depth in DEPTHS],
        "columns": columns,
    }
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print({column: one["runs"] for column, one in columns.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
