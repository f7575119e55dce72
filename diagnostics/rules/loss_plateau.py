"""Did the training loss leave its initial plateau?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diagnostics.measures.tables import RunLike
from diagnostics.measures.training import FinalScalar, PlateauSteps
from diagnostics.rules.rule import Finding, NotEvaluated, Rule, Severity
from diagnostics.wording.numerals import percent, short


@dataclass(frozen=True)
class LossPlateau(Rule):
    """A training loss that stays at its starting value.

    Formula: ``PlateauSteps``: the first step with running median of loss below (1 − drop) × the first window's median.

    Args:
        drop: relative fall that counts as learning. A tenth: beyond the noise of a running median of small batches.
        late: share of the run after which leaving is late. A half: most of the compute went into waiting.
        window: readings in the running median.
    """

    drop: float = 0.1
    late: float = 0.5
    window: int = 15

    def judge(self, run: RunLike) -> Finding | NotEvaluated:
        """Warning when the plateau is left late or never, else clean; not evaluated with fewer than two windows."""
        train = run.scalars.loc[run.scalars["split"] == "train"] if "split" in run.scalars else run.scalars
        if "loss" not in train:
            return NotEvaluated(("a training loss",))
        left = PlateauSteps(drop=self.drop, window=self.window)(run)
        if len(train) < 2 * self.window or np.isnan(left):
            needed = f"{2 * self.window} readings of a training loss that starts finite and not at 0"
            return NotEvaluated(
                (needed,), (f"{len(train)} readings, {np.isfinite(train['loss']).sum()} of them finite",)
            )
        last, final = float(train["step"].to_numpy().max()), FinalScalar(window=self.window)(run)
        severity: Severity = "clean" if left <= self.late * last else "warning"
        drop = f"fell {percent(self.drop)} below its starting value"
        when = f"{drop} at step {left:.0f} of {last:.0f}" if np.isfinite(left) else f"never {drop} in {last:.0f} steps"
        return Finding(
            rule=self.name,
            severity=severity,
            what=f"The training loss {when}; it ended at {short(final)}.",
            means="Training made progress early on."
            if severity == "clean"
            else "The model learned nothing for most of the run, unless it started close to its best, as in fine-tuning.",
            do=""
            if severity == "clean"
            else "Check whether gradient reaches the early layers, then try a larger learning rate.",
            numbers={"left_step": left, "last_step": last, "final_loss": final},
        )
