"""TheDeepChecker's properties (Ben Braiek and Khomh 2023, TOSEM, https://doi.org/10.1145/3529318, arXiv 2204.00694).

Checks as in the authors' program (github.com/thedeepchecker/thedeepchecker, deep_checker/checkers.py and hooks.py), in its order:
before training, then during it, every 10 steps from step 10 on. Its settings file is not in the copy that was read: defaults are
those of the authors' later port to PyTorch where that has the same check. It has none for gradients and updates: gradients get the
limits of weights, 10⁸ and twofold growth, and those below 10⁻⁸ count as vanished; updates are to lie between 10⁻⁴ and 10⁻¹.

The program checks a training of its own on one batch of 50 examples and then trains again with all data; here the checks read the
user's training. Approximated: mean absolute values are 0.8 of the root mean square. Left out, because they need other trainings or
single weights: checks of gradients by differences, of augmentation, of switching from training to inference, of fitting a single
batch, and of signs and sizes of weights.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from diagnostics.runs.run import Run
from tests.benchmarks.judgement.judge import Complaint, Judge
from tests.benchmarks.judgement.tools.recorded import by_layer, epochs, is_classification, losses, output_layers

SAME = 0.01
"""Tolerance of mean 0, deviation 1 and of limits 0, −1 and 1."""
BALANCE_LOW = 0.5
INITIAL_LOSS_OFF = 1.0
START = PERIOD = 10
DEAD_SHARE = SATURATED_SHARE = 0.5
SPREAD_LOW, SPREAD_HIGH, VARIANCE_RATIO = 0.5, 2.0, 5.0239
"""Standard deviation of activations, and by how much its square may miss them: the program's F-test at 0.025."""
WINDOW = 5
VANISHING, EXPLODING, GROWTH = 1e-8, 1e8, 2.0
UPDATE_LOW, UPDATE_HIGH = -4.0, -1.0
FALL, SMOOTH_WINDOW, SMOOTH_LOW, CORRELATION_LOW = 0.05, 50, 0.5, 0.5
MEAN_OF_RMS = 0.8

CAUSES: dict[str, frozenset[str]] = {
    "features constant": frozenset({"constant_inputs"}),
    "features unnormalised": frozenset({"unscaled_inputs"}),
    "targets unnormalised": frozenset({"unscaled_targets"}),
    "labels unbalanced": frozenset({"constant_predictions", "invalid_labels"}),
    "poor initialisation": frozenset({"initialisation"}),
    "poor initial loss": frozenset({"initialisation", "output_loss_mismatch", "wrong_outputs"}),
    "not finite": frozenset({"non_finite", "float16_headroom"}),
    "invalid output": frozenset({"output_loss_mismatch", "wrong_outputs"}),
    "constant output": frozenset({"constant_predictions", "constant_signal"}),
    "saturated layer": frozenset({"saturation"}),
    "dead layer": frozenset({"dead_units", "constant_signal"}),
    "unstable activations": frozenset({"initialisation", "exploding_gradient", "constant_signal"}),
    "diverging weights": frozenset({"exploding_gradient", "learning_rate_too_high"}),
    "vanishing gradient": frozenset({"vanishing_gradient"}),
    "exploding gradient": frozenset({"exploding_gradient"}),
    "untrained weights": frozenset({"weights_do_not_move", "frozen_layers", "not_connected"}),
    "fast updates": frozenset({"learning_rate_too_high", "update_ratio"}),
    "slow updates": frozenset({"learning_rate_too_low", "weights_do_not_move", "update_ratio"}),
    "stagnating loss": frozenset({"learning_rate_too_low", "weights_do_not_move"}),
    "diverging loss": frozenset({"learning_rate_too_high", "exploding_gradient"}),
    "fluctuating loss": frozenset({"oscillating_loss", "learning_rate_too_high"}),
    "loss that is not representative": frozenset({"output_loss_mismatch"}),
}


def judge(run: Run) -> list[Complaint]:
    """All checks that fail, in the order in which the program meets them."""
    names = [*_of_data(run), *_of_start(run), *_of_activations(run), *_of_weights(run), *_of_loss(run)]
    return [Complaint(name, CAUSES[name]) for name in dict.fromkeys(names)]


def _is_normalised(low: float, high: float, mean: float, std: float) -> bool:
    limits = np.isclose(high, 1, atol=SAME) and (np.isclose(low, 0, atol=SAME) or np.isclose(low, -1, atol=SAME))
    return bool(limits or (np.isclose(std, 1, atol=SAME) and np.isclose(mean, 0, atol=SAME)))


def _of_data(run: Run) -> list[str]:
    found = []
    for each in run.data.inputs:
        if each.std == 0:
            found.append("features constant")
        elif None not in (each.minimum, each.maximum, each.mean, each.std) and not _is_normalised(
            each.minimum,
            each.maximum,
            each.mean,
            each.std,  # pyright: ignore[reportArgumentType]
        ):
            found.append("features unnormalised")
    for each in run.data.targets:
        if is_classification(run):
            found += ["labels unbalanced"] if each.shares and _balance(each.shares) < BALANCE_LOW else []
        elif each.std is not None and not _is_normalised(
            each.minimum or 0, each.maximum or 0, each.mean or 0, each.std
        ):
            found.append("targets unnormalised")
    return found


def _balance(shares: tuple[float, ...]) -> float:
    present = np.array([share for share in shares if share > 0])
    return float((np.exp(-(present * np.log(present)).sum()) - 1) / max(len(shares) - 1, 1))


def _of_start(run: Run) -> list[str]:
    found = ["poor initialisation"] if any(share == 1 for share in run.data.alike_weights.values()) else []
    values, classes = losses(run), max((each.classes or 0 for each in run.data.targets), default=0)
    if is_classification(run) and classes > 1 and len(values):
        expected = np.log(classes)
        found += ["poor initial loss"] if abs(values[0] - expected) >= INITIAL_LOSS_OFF * expected else []
    return found


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    return table.loc[START::] if not table.empty else table


def _of_activations(run: Run) -> list[str]:
    found = _of_outputs(run)
    if _counted(run, "activation_nonfinite"):
        found.append("not finite")
    if (_checked(by_layer(run, "saturated_fraction")) > SATURATED_SHARE).any(axis=None):
        found.append("saturated layer")
    if (_checked(by_layer(run, "dead_fraction")) > DEAD_SHARE).any(axis=None):
        found.append("dead layer")
    variance = _checked(by_layer(run, "activation_std")).iloc[:, :-1] ** 2
    too_low = variance * VARIANCE_RATIO < SPREAD_LOW**2
    if (too_low | (variance > VARIANCE_RATIO * SPREAD_HIGH**2)).any(axis=None):
        found.append("unstable activations")
    return found


def _of_outputs(run: Run) -> list[str]:
    seen = [each for each in run.data.outputs if each.minimum is not None and each.maximum is not None]
    found = ["constant output"] if len(seen) > WINDOW and all(each.spread_over_batch == 0 for each in seen) else []
    if is_classification(run) and seen and output_layers(run):
        single = output_layers(run)[-1].units == 1
        inside = all((each.minimum or 0) >= 0 and (each.maximum or 0) <= 1 + SAME for each in seen)
        if not inside or (not single and any(each.rows_sum_to_one is False for each in seen)):
            found.append("invalid output")
    return found


def _counted(run: Run, column: str) -> bool:
    return bool((by_layer(run, column) > 0).any(axis=None))


def _of_weights(run: Run) -> list[str]:
    norms, gradients = by_layer(run, "weight_norm"), MEAN_OF_RMS * by_layer(run, "gradient_rms")
    found = ["not finite"] if np.isinf(norms).any(axis=None) or _counted(run, "gradient_nonfinite") else []
    if _grows(norms):
        found.append("diverging weights")
    checked = _checked(gradients)
    if (checked < VANISHING).any(axis=None):
        found.append("vanishing gradient")
    if (checked > EXPLODING).any(axis=None) or _grows(gradients):
        found.append("exploding gradient")
    return [*found, *_of_updates(run)]


def _grows(table: pd.DataFrame) -> bool:
    values = np.maximum(table.to_numpy(np.float64), np.finfo(float).tiny)
    if len(values) < WINDOW:
        return False
    rates = values[1:] >= GROWTH * values[:-1]
    return any(rates[start : start + WINDOW - 1].all(axis=0).any() for start in range(len(rates) - WINDOW + 2))


def _of_updates(run: Run) -> list[str]:
    ratios = by_layer(run, "update_ratio")
    found = ["untrained weights"] if (ratios == 0).any(axis=None) else []
    with np.errstate(divide="ignore"):
        decades = np.log10(ratios.to_numpy(np.float64))
    decades = decades[np.isfinite(decades)]
    found += ["fast updates"] if (decades > UPDATE_HIGH).any() else []
    return found + (["slow updates"] if (decades < UPDATE_LOW).any() else [])


def _of_loss(run: Run) -> list[str]:
    values = losses(run)
    if not np.isfinite(values).all():
        return ["not finite"]
    means = np.array([values[start : start + PERIOD].mean() for start in range(0, len(values) - PERIOD + 1, PERIOD)])
    if len(means) < WINDOW:
        return []
    falls = means[:-1] - means[1:]
    found = ["stagnating loss"] if _in_a_row(falls < FALL * means[:-1], WINDOW - 1) else []
    found += ["diverging loss"] if _in_a_row(means[1:] >= GROWTH * means[:-1], WINDOW - 1) else []
    found += ["fluctuating loss"] if _smoothness(means[-SMOOTH_WINDOW:]) < SMOOTH_LOW else []
    by_epoch = epochs(run)[["loss", "accuracy"]].dropna()
    if len(by_epoch) > 2 and by_epoch.std().min() > 0:
        correlation = abs(np.corrcoef(by_epoch["loss"], by_epoch["accuracy"])[0, 1])
        found += ["loss that is not representative"] if correlation < CORRELATION_LOW else []
    return found


def _in_a_row(holds: np.ndarray, count: int) -> bool:
    return any(holds[start : start + count].all() for start in range(len(holds) - count + 1))


def _smoothness(means: np.ndarray) -> float:
    """Share of the values at which the loss does not turn from falling to rising or back."""
    turns = np.count_nonzero(np.diff((means[1:] > means[:-1]).astype(int)))
    return (len(means) - turns) / len(means)


JUDGE = Judge("TheDeepChecker", judge)
