"""What takes over a run's numbers while it is recorded, such as an experiment tracker."""

from __future__ import annotations

import abc
import importlib.util
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from diagnostics.pages.board import SPLITS, numeric
from diagnostics.pages.html import write_page
from diagnostics.pages.page import Page
from diagnostics.pages.record_of_page import record
from diagnostics.pages.run_page import page_of
from diagnostics.rules import Finding, diagnose
from diagnostics.runs.files import json_text
from diagnostics.runs.run import Run
from probes.errors import UsageError

MEASURED = ("loss",)
"""Columns with a value in every row, where NaN is a value; in others NaN means missing and is left out."""
KEYS = ("step", "epoch", "depth")
T = TypeVar("T")
Points = dict[int, dict[str, float]]


@dataclass(frozen=True)
class Outcome:
    """What is known when a run has ended; each part is made when a sink asks for it.

    Args:
        run: the stored run.
        folder: an empty folder for the report, which is removed when all sinks are done.
    """

    run: Run
    folder: Path

    @cached_property
    def findings(self) -> list[Finding]:
        """What the rules found, the most severe first."""
        return diagnose(self.run)

    @cached_property
    def page(self) -> Page:
        """The report's content; ``page.answer`` is its first sentence."""
        return page_of(self.run, self.findings)

    @cached_property
    def report(self) -> Path:
        """``report.html``, beside it ``report.json`` and the figures' files in ``figures/``."""
        (self.folder / "report.json").write_text(json_text(record(self.page)), encoding="utf-8")
        return write_page(self.page, self.folder / "report.html")

    @property
    def figures(self) -> Mapping[str, Path]:
        """The figures' PNG files by name."""
        return {file.stem: file for file in sorted((self.report.parent / "figures").glob("*.png"))}


class Sink(abc.ABC):
    """Takes over what a run records, at every flush and at its end.

    Whatever a sink raises, training and the record on disk go on: a warning names the sink, which then gets nothing more of
    this run. The same sink can take over several runs, one after the other.
    """

    @abc.abstractmethod
    def begin(self, run: Run) -> None:
        """A new run, still without rows."""

    @abc.abstractmethod
    def write(self, table: str, frame: pd.DataFrame) -> None:
        """Rows that went to disk: ``"layers"``, ``"scalars"`` or ``"units"``, and the rows, at least one."""

    @abc.abstractmethod
    def finish(self, outcome: Outcome) -> None:
        """The run has ended, in whatever way; ``outcome.run.status`` says how."""


def points(table: str, frame: pd.DataFrame, most: int) -> Points:
    """A table's numbers as trackers take them.

    Args:
        table: ``"layers"`` or ``"scalars"``; any other table has no such numbers.
        frame: its rows.
        most: steps that are kept, evenly spread and with the last one.

    Returns:
        Step to name to value; names are ``train/loss``, ``validation/loss`` and ``gradient_norm/LAYER``.
    """
    if table not in ("layers", "scalars") or frame.empty:
        return {}
    found: Points = {}
    steps = frame["step"].to_numpy()
    frame = pd.DataFrame(frame.iloc[np.flatnonzero(np.isin(steps, spread(steps, most)))])
    groups = frame["layer" if table == "layers" else "split"].astype(str).tolist()
    for column in numeric(frame, but=KEYS):
        rows = zip(frame["step"].tolist(), groups, frame[column].to_numpy(np.float64).tolist(), strict=True)
        for step, group, value in rows:
            if column in MEASURED or not np.isnan(value):
                name = f"{column}/{group}" if table == "layers" else f"{SPLITS.get(group, group)}/{column}"
                found.setdefault(step, {})[name] = value
    return dict(sorted(found.items()))


def spread(steps: np.ndarray, most: int) -> np.ndarray:
    """At most `most` of the steps, evenly spread, with the last one."""
    known = np.unique(steps)
    return known[:: -max(1, math.ceil(len(known) / max(most, 1)))]


def slices(rows: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """The rows in order, at most `most` at a time."""
    return (rows[start : start + most] for start in range(0, len(rows), most))


def require(package: str, extra: str, name: str) -> None:
    """Check that a tracker's package is installed, without loading it.

    Raises:
        UsageError: it is not.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:  # without origin it is a mere folder of that name, as wandb leaves one
        raise UsageError(
            what=f"{name} is not installed",
            where=f"diagnostics.sinks.{name}()",
            got=f"no module named {package!r}",
            do=f"pip install {extra}, or install this package with the extra: pip install -e '.[{package}]'",
        )
