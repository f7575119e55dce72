"""Are all measurements finite?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from diagnostics.measures.tables import KEYS, RunLike
from diagnostics.measures.training import FirstNonFiniteStep
from diagnostics.rules.rule import Finding, NotEvaluated, Rule

COUNTS = ("gradient_nonfinite", "activation_nonfinite")


@dataclass(frozen=True)
class NonFinite(Rule):
    """Loss, gradients or activations that are NaN or Inf.

    Formula: the first step with a loss of NaN or Inf, a non-finite count above 0, or a statistic of Inf. There is no
    threshold: one such entry corrupts every weight that it reaches.
    """

    def judge(self, run: RunLike) -> Finding | NotEvaluated:
        """Critical or clean; not evaluated when the run has neither a loss nor a statistic."""
        if run.layers.empty and run.scalars.empty:
            return NotEvaluated(("a loss or a layer statistic",))
        has_loss = "loss" in run.scalars
        loss_step = FirstNonFiniteStep()(run) if has_loss else np.inf
        spoiled = _spoiled(run.layers)
        layer_step = float(spoiled["step"].to_numpy()[0]) if len(spoiled) else np.inf
        first = min(loss_step, layer_step)
        numbers = {"first_step": first, "loss_step": loss_step, "layer_step": layer_step}
        if first == np.inf:
            rows = f"{len(run.layers)} rows of statistics are finite."
            what = f"All {len(run.scalars)} loss values and {rows}" if has_loss else f"No loss was recorded; all {rows}"
            return Finding(self.name, "clean", what, numbers=numbers)
        layers = tuple(spoiled.loc[spoiled["step"] == layer_step, "layer"].astype(str))
        return Finding(
            rule=self.name,
            severity="critical",
            what=f"First NaN or Inf at step {first:.0f}, in {_places(first, loss_step, layers)}.",
            means="Every weight that it reaches is lost; measurements after this step mean nothing.",
            do="Inspect the step before; try a smaller learning rate, gradient clipping by norm, or loss scaling for float16.",
            layers=layers,
            numbers=numbers,
        )


def _spoiled(layers: pd.DataFrame) -> pd.DataFrame:
    """Rows with a non-finite count, an infinite statistic, or one that has become NaN, by step and depth."""
    numbers = layers.select_dtypes("number")  # a histogram is a vector, whose last count is the number of NaN
    statistics = numbers.drop(columns=[name for name in KEYS if name in numbers])
    spoiled = np.isinf(statistics.to_numpy(np.float64)).any(axis=1)
    for count in COUNTS:
        if count in layers:
            spoiled |= layers[count].to_numpy() > 0
    spoiled |= _turned_nan(layers, statistics)
    return layers.loc[spoiled].sort_values(["step", "depth"], kind="stable") if len(layers) else layers


def _turned_nan(layers: pd.DataFrame, statistics: pd.DataFrame) -> np.ndarray:
    """Rows whose NaN means a real NaN, not a statistic that was not due at that step.

    A row without any number is one. So is a missing gradient beside a present activation, once both have appeared together
    in at least two rows of the layer: some ReLU kernels turn NaN into 0, but the gradient stays NaN.
    """
    if not len(layers):
        return np.zeros(0, bool)
    spoiled = statistics.isna().all(axis=1).to_numpy(copy=True)
    if not {"activation_std", "gradient_norm"} <= set(layers):
        return spoiled
    activation, gradient = (layers[name].notna().to_numpy() for name in ("activation_std", "gradient_norm"))
    for rows in layers.groupby("layer", observed=True).indices.values():
        seen = np.flatnonzero(gradient[rows])
        after = seen[-1] + 1 if len(seen) >= 2 else len(rows)
        if (activation[rows] == gradient[rows])[:after].all():
            spoiled[rows[after:]] |= activation[rows[after:]]
    return spoiled


def _places(first: float, loss_step: float, layers: tuple[str, ...]) -> str:
    named = ", ".join(layers[:3]) + (f" and {len(layers) - 3} more" if len(layers) > 3 else "")
    return "the loss" if first == loss_step else f"the statistics of {named}"
