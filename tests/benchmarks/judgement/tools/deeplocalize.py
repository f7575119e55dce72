"""DeepLocalize's checks (Wardat, Le and Rajan 2021, ICSE, https://doi.org/10.1109/ICSE43902.2021.00034).

Checks as in the authors' callback (published with github.com/DeepDiagnosis/ICSE2022, callback/callbacks.py): after each batch, the
mean of every tensor must be finite, not 0 in half of the batches, and not the same five times in a row; training ends at the first
error. It says where the error is (forward, weights, gradients, loss) and of which kind, not why; each is taken to name all causes
that it follows from at once. Approximated: tensors are seen at the measured steps; norms stand for the means of weights and
gradients. Left out: accuracy by batch, which is not recorded.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from diagnostics.runs.run import Run
from tests.benchmarks.judgement.judge import Complaint, Judge
from tests.benchmarks.judgement.tools.recorded import by_layer, losses, unchanged

IN_A_ROW = 5
ZERO_SHARE = 0.5

NOT_LEARNING = frozenset({"constant_predictions", "output_loss_mismatch", "wrong_outputs", "weights_do_not_move"})
TENSORS = {
    "activation_mean": ("forward", frozenset({"constant_signal", "constant_inputs", "dead_units", "initialisation"})),
    "weight_norm": (
        "weights",
        frozenset({"weights_do_not_move", "frozen_layers", "learning_rate_too_low", "initialisation"}),
    ),
    "gradient_norm": ("delta weights", frozenset({"vanishing_gradient", "not_connected", "dead_units", "saturation"})),
    "activation_gradient_rms": ("output gradient", frozenset({"vanishing_gradient", "not_connected", "saturation"})),
}
COUNTS = {"activation_nonfinite": "forward", "gradient_nonfinite": "delta weights"}


def judge(run: Run) -> list[Complaint]:
    """The first error in the order of the callback's checks."""
    for column, (place, causes) in TENSORS.items():
        if found := _error(by_layer(run, column), place, causes):
            return [found]
        if column == "weight_norm" and (found := _loss(run)):
            return [found]
    counts = [place for column, place in COUNTS.items() if (by_layer(run, column) > 0).any(axis=None)]
    return [_not_finite(place) for place in counts[:1]]


def _error(table: pd.DataFrame, place: str, causes: frozenset[str]) -> Complaint | None:
    if table.empty:
        return None
    values = table.to_numpy(np.float64)
    if np.isinf(values).any():
        return _not_finite(place)
    if ((values == 0).mean(axis=0) >= ZERO_SHARE).any():
        return Complaint(f"{place}: zero", causes, "error")
    if any(unchanged(column, IN_A_ROW) for column in values.T):
        return Complaint(f"{place}: unchanged", causes, "error")
    return None


def _loss(run: Run) -> Complaint | None:
    values = losses(run)
    if len(values) and not np.isfinite(values).all():
        return _not_finite("loss")
    return Complaint("model does not learn", NOT_LEARNING, "error") if unchanged(values, IN_A_ROW) else None


def _not_finite(place: str) -> Complaint:
    return Complaint(f"{place}: not finite", frozenset({"non_finite"}), "error")


JUDGE = Judge("DeepLocalize", judge)
