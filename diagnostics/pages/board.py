"""What TensorBoard shows of a run besides its numbers: settings, heat maps, findings. Loads no TensorFlow."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from diagnostics.figures import heat_map
from diagnostics.figures.svg import write_png
from diagnostics.pages.headline import answer, status
from diagnostics.pages.views import MAPPED
from diagnostics.rules import diagnose
from diagnostics.runs.order import in_one_row
from diagnostics.runs.run import Run

SPLITS: Mapping[str, str] = {"train": "train", "validation": "validation"}
PLAIN = (bool, int, float, str)
NO_METRICS = ("step", "epoch", "seconds", "learning_rate")


def numeric(frame: pd.DataFrame, but: Sequence[str]) -> list[str]:
    """The numeric columns, except those named in ``but``."""
    return [str(name) for name in frame.select_dtypes("number").columns if name not in but]


def hyperparameters(run: Run) -> dict[str, bool | int | float | str]:
    """A run's settings and seed by dotted name; values that TensorBoard's table cannot hold, such as lists, become text."""
    found = {**dict(_flat(run.config)), "seed": run.seed}
    return {name: value if isinstance(value, PLAIN) else str(value) for name, value in found.items()}


def _flat(config: Mapping, before: str = "") -> Iterator[tuple[str, object]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        elif f"{before}{key}" != "command":
            yield f"{before}{key}", value


def metrics_of(run: Run) -> list[tuple[str, str]]:
    """Folder and tag of every loss and metric."""
    table = run.scalars
    return [
        (folder, name)
        for split, folder in SPLITS.items()
        for name in numeric(table, but=NO_METRICS)
        if bool(table.loc[(table["split"] == split).to_numpy(), name].notna().any())
    ]


def heat_maps(run: Run) -> Iterator[tuple[str, bytes]]:
    """The heat map of each recorded column, as column and PNG."""
    for column in MAPPED:
        rows = run.layers[run.layers[column].notna()] if column in run.layers else run.layers[:0]
        if len(rows):
            picture = io.BytesIO()
            write_png(heat_map(in_one_row(pd.DataFrame(rows)).assign(arm=run.name, seed=0), column), picture)
            yield column, picture.getvalue()


def summary_text(run: Run) -> str:
    """The report in brief, as Markdown: answer, status, findings."""
    findings = diagnose(run)
    rows = [f"| {one.rule.replace('_', ' ')} | {one.severity.replace('_', ' ')} | {one.what} |" for one in findings]
    table = "\n".join(["| check | outcome | why |", "|---|---|---|", *rows])
    return f"**{answer(findings)}**\n\n{status(run)}\n\n{table}"
