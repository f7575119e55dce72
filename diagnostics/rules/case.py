"""A run as rules see it: matrices, curves and facts, each worked out once however many rules ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from diagnostics.measures.curve import Curve, curve
from diagnostics.measures.grid import Grid, Grids
from diagnostics.measures.spoiled import spoiled_rows
from diagnostics.measures.tables import KEYS
from diagnostics.rules.outcome import Outcome
from diagnostics.runs.data_facts import Data
from diagnostics.runs.facts import Layer, Training
from diagnostics.runs.of_reading import Tables, check_run
from diagnostics.runs.run import Run

NO_METRICS = ("step", "epoch", "split", "loss", "learning_rate", "seconds")


@dataclass(frozen=True, eq=False)
class Case:
    """One run, to be judged.

    Statistics of layers end before the first step at which the run is no longer finite: what comes after it means nothing.

    Args:
        run: a stored run, a ``probes.Reading``, or anything with their tables; what it lacks is not recorded.
    """

    run: Any

    @cached_property
    def layers(self) -> pd.DataFrame:
        """The table of layers; all its steps."""
        return getattr(self.run, "layers", pd.DataFrame())

    @cached_property
    def scalars(self) -> pd.DataFrame:
        """The table of scalars."""
        return getattr(self.run, "scalars", pd.DataFrame())

    @cached_property
    def units(self) -> pd.DataFrame:
        """The table of events."""
        return getattr(self.run, "units", pd.DataFrame())

    @property
    def config(self) -> Mapping[str, Any]:
        """The run's settings."""
        return getattr(self.run, "config", {})

    @property
    def layer_table(self) -> Sequence[Mapping[str, Any]]:
        """Facts about each layer."""
        return getattr(self.run, "layer_table", ())

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The content of ``run.json``."""
        return getattr(self.run, "metadata", {})

    @cached_property
    def failure(self) -> str:
        """The exception that ended the run, with the line that says what was wrong; empty if none did."""
        failed = self.metadata.get("status") == "failed"
        return _in_a_line(str(self.metadata.get("error") or "an exception")).rstrip(".") if failed else ""

    @cached_property
    def training(self) -> Training:
        """The settings of the training."""
        return getattr(self.run, "training", None) or Training()

    @cached_property
    def architecture(self) -> tuple[Layer, ...]:
        """The layers with their settings; empty if not recorded."""
        return getattr(self.run, "architecture", None) or ()

    @cached_property
    def data(self) -> Data:
        """What is known of inputs, targets and outputs."""
        return getattr(self.run, "data", None) or Data()

    @cached_property
    def loss(self) -> Curve | None:
        """The training loss."""
        return curve(self.scalars)

    @cached_property
    def validation_loss(self) -> Curve | None:
        """The validation loss."""
        return curve(self.scalars, split="validation")

    @cached_property
    def outcome(self) -> Outcome:
        """What the training achieved."""
        return Outcome(self)

    def metric(self, name: str, split: str = "train") -> Curve | None:
        """A metric by its column."""
        return curve(self.scalars, name, split)

    @cached_property
    def statistics(self) -> list[str]:
        """The columns of the table of layers that have a reading."""
        return [str(name) for name, readings in self.layers.count().items() if readings and name not in KEYS]

    def grid(self, column: str) -> Grid | None:
        """A statistic as a matrix of steps and layers, as long as the run is finite; ``None`` without a reading."""
        return self._grids[column]

    @cached_property
    def first_nonfinite_step(self) -> float:
        """The first step from which on the run is not finite; infinity if it is finite, or recovered.

        A loss that stays finite shows that it recovered, as after the steps that loss scaling skips, or that the values are
        meant so, as the −∞ of an attention mask.
        """
        if self.loss is not None and np.isinf(self.nonfinite_loss_step):
            return np.inf
        return min(self.nonfinite_loss_step, self.nonfinite_layer_step)

    @property
    def while_finite(self) -> str:
        """Until when readings of layers were looked at, in words; empty where the whole run is finite."""
        step = self.first_nonfinite_step
        return f" before step {step:.0f}, where NaN or Inf begins" if np.isfinite(step) else ""

    @cached_property
    def nonfinite_loss_step(self) -> float:
        """The first step with a loss of NaN or infinity; infinity if there is none."""
        if self.loss is None or self.loss.broken_at is None:
            return np.inf
        return float(self.loss.steps[self.loss.broken_at])

    @cached_property
    def nonfinite_layer_step(self) -> float:
        """The first step at which a statistic of a layer is not finite; infinity if there is none."""
        return float(self.spoiled["step"].to_numpy().min()) if len(self.spoiled) else np.inf

    @cached_property
    def spoiled(self) -> pd.DataFrame:
        """The rows of ``layers`` that hold NaN or infinity as a measurement, by step and depth."""
        return spoiled_rows(self.layers)

    @cached_property
    def steps(self) -> int:
        """The number of training steps, as far as they left a trace."""
        ends = [
            table["step"].to_numpy().max() for table in (self.layers, self.scalars) if "step" in table and len(table)
        ]
        return int(max(ends)) + 1 if ends else 0

    @property
    def saw_an_epoch(self) -> bool:
        """Whether the batches whose data were looked at are those of a whole epoch: the first ones of a sorted file hold one class."""
        an_epoch = self.training.steps_per_epoch
        return an_epoch is not None and self.data.batches >= an_epoch

    @cached_property
    def epochs(self) -> int:
        """The number of epochs that were begun; 0 if unknown."""
        return len(np.unique(self.loss.epochs)) if self.loss is not None else 0

    @cached_property
    def _grids(self) -> Grids:
        layers = self.layers
        if len(layers) and np.isfinite(self.first_nonfinite_step):
            layers = layers.loc[layers["step"].to_numpy() < self.first_nonfinite_step]
        return Grids(layers)


def case_of(run: Run | Tables | Case) -> Case:
    """The case of a run; a case stays what it is.

    Raises:
        UsageError: it has no table of a run.
    """
    if isinstance(run, Case):
        return run
    check_run(run)
    return Case(run)


def _in_a_line(error: str) -> str:
    """The exception's type and the line that says what was wrong: in TensorFlow's errors the last one, after the traceback."""
    first, *rest = [line.strip() for line in error.splitlines() if line.strip()] or ["an exception"]
    said = [line for line in rest if not line.startswith(("File ", "[[", "Detected at node", "Original stack trace"))]
    return f"{first.partition(':')[0]}: {said[-1]}" if first.endswith(":") and said else first
