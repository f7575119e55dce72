"""AutoTrainer's five problems (Zhang et al. 2021, ICSE, https://doi.org/10.1109/ICSE43902.2021.00043).

Rules and default parameters as in the authors' program (github.com/shiningrain/AUTOTRAINER, utils/monitor.py), in its order.
Approximated: it reads the gradient of one batch after every epoch; here it is that of the epoch's last measured step. Its share
of gradient entries that are 0 is taken as the share of parameters behind dead units or without any gradient. Regression has no
accuracy: of its rules, only that for NaN applies.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from diagnostics.runs.run import Run
from tests.benchmarks.judgement.judge import Complaint, Judge
from tests.benchmarks.judgement.tools.recorded import by_layer, epochs, last_of_epochs

VANISHING_RATIO, VANISHING_NORM = 1e-3, 1e-4
"""β₁ and β₂: gradient norm of the first layer over that of the last, and of the first layer."""
EXPLODING_RATIO = 70.0
"""β₃."""
DYING_SHARE = 0.7
"""γ: share of gradient entries that are 0."""
SWING, SWING_SHARE = 0.03, 0.2
"""ζ and η: fall of accuracy from a maximum to a minimum, and how many of the epochs show one."""
SLOW_GAIN = 0.01
"""δ: gain of accuracy from one epoch to the next."""
SATISFIED = 0.7
"""Θ: accuracy that counts as converged."""
JUDGED_FROM = 0.3
"""Share of the epochs before accuracy is judged."""
LARGE_LOSS = 1e5

EXPLODING = Complaint("explode", frozenset({"exploding_gradient", "non_finite"}), "error")
DYING = Complaint("dying relu", frozenset({"dead_units"}))
VANISHING = Complaint("vanish", frozenset({"vanishing_gradient"}))
SLOW = Complaint("slow convergence", frozenset({"learning_rate_too_low", "weights_do_not_move", "stopped_early"}))
SWINGING = Complaint("oscillating loss", frozenset({"oscillating_loss", "learning_rate_too_high"}))


def judge(run: Run) -> list[Complaint]:
    """The first problem that AutoTrainer would set out to repair."""
    by_epoch = epochs(run)
    if _is_broken(run, by_epoch):
        return [EXPLODING]
    curve = by_epoch[["accuracy", "val_accuracy"]].dropna(axis=1, how="all")
    if curve.empty:
        return []
    first = max(1, int(np.ceil(JUDGED_FROM * len(by_epoch))))
    for end in range(first, len(by_epoch) + 1):
        found = _problem(run, curve.iloc[:end])
        if found:
            return [found]
    return []


def _is_broken(run: Run, by_epoch: pd.DataFrame) -> bool:
    norms = by_layer(run, "gradient_norm")
    if not np.isfinite(by_epoch["loss"]).all() or (not norms.empty and np.isinf(norms).any(axis=None)):
        return True
    return bool((by_epoch["val_loss"] >= LARGE_LOSS).any() or not np.isfinite(by_epoch["val_loss"].dropna()).all())


def _problem(run: Run, curve: pd.DataFrame) -> Complaint | None:
    gains = curve.diff().max()
    is_slow = bool((gains.fillna(0) < SLOW_GAIN).all())
    if (curve.max() < SATISFIED).any() or is_slow:
        return _by_gradient(run, len(curve)) or (SLOW if is_slow else None)
    return SWINGING if _swings(curve.iloc[:, 0].to_numpy()) else None


def _by_gradient(run: Run, epochs_so_far: int) -> Complaint | None:
    norms = last_of_epochs(run, by_layer(run, "gradient_norm")).iloc[:epochs_so_far].dropna(axis=1, how="all")
    if norms.shape[1] < 2:
        return None
    first = norms.iloc[:, 0].to_numpy()
    ratio = first / np.maximum(norms.iloc[:, -1].to_numpy(), np.finfo(float).tiny)
    if _zero_share(run, norms) >= DYING_SHARE:
        return DYING
    if (ratio > EXPLODING_RATIO).any():
        return EXPLODING
    return VANISHING if ((ratio < VANISHING_RATIO) & (first < VANISHING_NORM)).any() else None


def _zero_share(run: Run, norms: pd.DataFrame) -> float:
    """The largest share, over epochs, of parameters whose gradient is 0."""
    sizes = {str(each["layer"]): float(each.get("parameters") or 0) for each in run.layer_table}
    weights = np.array([sizes.get(name, 0.0) for name in norms])
    dead = last_of_epochs(run, by_layer(run, "dead_fraction")).reindex(index=norms.index, columns=norms.columns)
    shares = np.where(norms.to_numpy() == 0, 1.0, dead.fillna(0.0).to_numpy())
    return float((shares @ weights / max(weights.sum(), 1.0)).max())


def _swings(accuracy: np.ndarray) -> bool:
    before, middle, after = accuracy[:-2], accuracy[1:-1], accuracy[2:]
    highs = middle[(middle >= before) & (middle >= after)]
    lows = middle[(middle <= before) & (middle <= after)]
    count = min(len(highs), len(lows))
    return bool(count) and int((highs[:count] - lows[:count] >= SWING).sum()) >= SWING_SHARE * len(accuracy)


JUDGE = Judge("AutoTrainer", judge)
