"""MLflow as a sink."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import pandas as pd

from diagnostics.pages.board import hyperparameters
from diagnostics.runs.run import Run
from diagnostics.training.sink import Outcome, Sink, points, require, slices

MOST_METRICS, MOST_PARAMS, LONGEST = 1000, 100, 5000
"""What MLflow takes in one request, and as one text."""


@dataclass
class MLflow(Sink):
    """Hands a run over to MLflow: metrics, settings, a tag for each finding, and the report with its figures as artifacts.

    In ``with mlflow.start_run():`` everything goes into that run; otherwise into one of its own, of the experiment that
    ``mlflow.set_experiment`` or the environment names. MLflow waits for its server: see ``MLFLOW_HTTP_REQUEST_TIMEOUT``.

    Args:
        steps: steps that are handed over at each flush, of statistics and scalars; the run's folder keeps all.

    Raises:
        UsageError: MLflow is not installed.
    """

    steps: int = 50
    _run_id: str = field(default="", init=False, repr=False)
    _client: Any = field(default=None, init=False, repr=False)
    _is_own: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        require("mlflow", "mlflow-skinny", "MLflow")

    def begin(self, run: Run) -> None:
        """Take the active run, or start one."""
        mlflow = import_module("mlflow")  # an extra
        active = mlflow.active_run()
        self._is_own, self._client = active is None, mlflow.MlflowClient()
        self._run_id = (active or mlflow.start_run(run_name=run.name)).info.run_id
        if self._is_own:
            settings = {_name(name): str(value)[:LONGEST] for name, value in hyperparameters(run).items()}
            for some in slices([*settings.items()], MOST_PARAMS):
                mlflow.log_params(dict(some))

    def write(self, table: str, frame: pd.DataFrame) -> None:
        """Hand over metrics."""
        metric = import_module("mlflow.entities").Metric
        now, known = int(time.time() * 1000), points(table, frame, self.steps)
        metrics = [metric(_name(key), value, now, step) for step, row in known.items() for key, value in row.items()]
        for some in slices(metrics, MOST_METRICS):
            self._client.log_batch(self._run_id, metrics=some)

    def finish(self, outcome: Outcome) -> None:
        """Hand over findings, report and figures, and end the run if it is the sink's own."""
        tags = {f"finding.{one.rule}": f"{one.severity}: {one.what}"[:LONGEST] for one in outcome.findings}
        for key, value in {"diagnostics.answer": outcome.page.answer, **tags}.items():
            self._client.set_tag(self._run_id, key, value)
        self._client.log_artifacts(self._run_id, str(outcome.report.parent), "diagnostics")
        if self._is_own:
            import_module("mlflow").end_run("FINISHED" if outcome.run.status == "finished" else "FAILED")


def _name(text: str) -> str:
    """A name that MLflow accepts: layers may be called anything."""
    return "/".join(part for part in re.sub(r"[^\w.\- :/]", "_", text).split("/") if part.strip(". ")) or "_"
