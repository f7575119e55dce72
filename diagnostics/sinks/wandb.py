"""Weights & Biases as a sink."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pandas as pd

from diagnostics.pages.board import hyperparameters
from diagnostics.runs.run import Run
from diagnostics.training.sink import Outcome, Sink, points, require

STEP = "diagnostics/step"
"""The horizontal axis of everything handed over: W&B's own step counts calls of ``log``, and a flush holds many steps."""


@dataclass
class Wandb(Sink):
    """Hands a run over to Weights & Biases: scalars, statistics of layers, a table of findings, figures and the report.

    After ``wandb.init()`` everything goes into that run; otherwise into a new one, whose files lie in ``wandb/`` in the run's
    folder. Without a network: ``WANDB_MODE=offline``.

    Args:
        project: project of a new run; ``None`` is what the environment or W&B says.
        steps: steps that are handed over at each flush, of statistics and scalars; the run's folder keeps all.

    Raises:
        UsageError: wandb is not installed.
    """

    project: str | None = None
    steps: int = 50
    _run: Any = field(default=None, init=False, repr=False)
    _is_own: bool = field(default=False, init=False, repr=False)
    _groups: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        require("wandb", "wandb", "Wandb")

    def begin(self, run: Run) -> None:
        """Take the active run, or start one."""
        wandb = import_module("wandb")  # an extra
        self._is_own, self._groups = wandb.run is None, set()
        about = {"name": run.name, "dir": str(run.path), "config": hyperparameters(run)}
        self._run = wandb.run or wandb.init(project=self.project, **about)
        self._run.define_metric(STEP, hidden=True)

    def write(self, table: str, frame: pd.DataFrame) -> None:
        """Hand over scalars, drawn over the training's steps."""
        if self._run is not None:
            for step, row in points(table, frame, self.steps).items():
                for group in {key.partition("/")[0] for key in row} - self._groups:
                    self._run.define_metric(f"{group}/*", step_metric=STEP)
                    self._groups.add(group)
                self._run.log({STEP: step, **row})

    def finish(self, outcome: Outcome) -> None:
        """Hand over findings, figures and report, and end the run if it is the sink's own."""
        wandb = import_module("wandb")
        if self._run is not None:
            table = wandb.Table(columns=["rule", "severity", "what", "means", "do", "layers"])
            for one in outcome.findings:
                table.add_data(one.rule, one.severity, one.what, one.means, one.do, ", ".join(one.layers))
            figures = {f"figures/{name}": wandb.Image(str(file)) for name, file in outcome.figures.items()}
            report = wandb.Html(outcome.report.read_text(encoding="utf-8"), inject=False)
            self._run.log({"diagnostics/findings": table, "diagnostics/report": report, **figures})
            self._run.summary["diagnostics/answer"] = outcome.page.answer
            if self._is_own:
                self._run.finish(exit_code=0 if outcome.run.status == "finished" else 1)
