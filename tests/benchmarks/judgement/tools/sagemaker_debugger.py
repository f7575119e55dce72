"""SageMaker Debugger's built-in rules with their documented default parameters.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html. All rules that apply without parameters of the
user's are attached, in the order of that page. Approximated: a ReLU that is active in less than 1 % of cases is one that is dead
at a check; 90 % of the gradients of a layer lie within ±1.645 root mean squares (exact for a normal distribution); mean absolute
gradients are 0.8 of the root mean square; a saturated share stands for pre-activations beyond the limits; validation is seen once an
epoch, and losses at every step rather than every 500. Left out: rules that need two runs (SimilarAcrossRuns), a clock
(StalledTraining), limits of the user's (TensorVariance), predictions by class (half of ClassImbalance), or text (NLPSequenceRatio).
"""

from __future__ import annotations

import numpy as np

from diagnostics.runs.run import Run
from tests.benchmarks.judgement.judge import Complaint, Judge
from tests.benchmarks.judgement.tools.recorded import by_layer, epochs, losses

DEAD_SHARE = SATURATED_SHARE = 0.5
VARIANCE_RATIO, GRADIENT_RANGE, FIRST_STEPS = 10.0, 1e-3, 10
VANISHING = 1e-7
UPDATE_LARGE, UPDATE_SMALL = 10.0, 1e-8
IMBALANCE = 10.0
LOSS_STEPS, LOSS_FALL = 10, 0.001
OVERFIT_RATIO = 0.1
PATIENCE_TRAIN, PATIENCE_VALIDATION, IMPROVEMENT = 5, 10, 0.01
UNCHANGED_STEPS = 3
IMAGE_MEAN, IMAGE_AXES = 0.2, 4
MEAN_OF_RMS, RANGE_OF_RMS = 0.8, 2 * 1.645

CAUSES: dict[str, frozenset[str]] = {
    "DeadRelu": frozenset({"dead_units"}),
    "ExplodingTensor": frozenset({"non_finite", "exploding_gradient"}),
    "PoorWeightInitialization": frozenset({"initialisation"}),
    "SaturatedActivation": frozenset({"saturation"}),
    "VanishingGradient": frozenset({"vanishing_gradient"}),
    "WeightUpdateRatio": frozenset(
        {"update_ratio", "learning_rate_too_high", "learning_rate_too_low", "weights_do_not_move"}
    ),
    "AllZero": frozenset({"constant_signal", "constant_inputs", "dead_units", "not_connected"}),
    "ClassImbalance": frozenset({"constant_predictions", "invalid_labels"}),
    "LossNotDecreasing": frozenset({"learning_rate_too_low", "oscillating_loss", "learning_rate_too_high"}),
    "Overfit": frozenset({"over_fitting"}),
    "Overtraining": frozenset({"over_fitting"}),
    "UnchangedTensor": frozenset({"weights_do_not_move", "constant_predictions"}),
    "CheckInputImages": frozenset({"unscaled_inputs", "constant_inputs"}),
}


def judge(run: Run) -> list[Complaint]:
    """All rules that return true."""
    return [Complaint(name, CAUSES[name]) for name, rule in RULES.items() if rule(run)]


def _exceeds(run: Run, column: str, limit: float) -> bool:
    return bool((by_layer(run, column) > limit).any(axis=None))


def _explodes(run: Run) -> bool:
    tensors = [by_layer(run, name).to_numpy(np.float64) for name in ("activation_mean", "gradient_norm", "weight_norm")]
    counts = any(_exceeds(run, name, 0) for name in ("activation_nonfinite", "gradient_nonfinite"))
    return counts or any(np.isinf(each).any() for each in tensors) or not np.isfinite(losses(run)).all()


def _poor_start(run: Run) -> bool:
    spread, rms = by_layer(run, "activation_std").loc[:FIRST_STEPS], by_layer(run, "gradient_rms").loc[:FIRST_STEPS]
    variances = spread.to_numpy(np.float64)[:, :-1] ** 2  # of the hidden layers
    uneven = variances.size and (variances.max(axis=1) > VARIANCE_RATIO * variances.min(axis=1)).any()
    return bool(uneven) or bool((RANGE_OF_RMS * rms < GRADIENT_RANGE).any(axis=None))


def _vanishes(run: Run) -> bool:
    return bool((MEAN_OF_RMS * by_layer(run, "gradient_rms") < VANISHING).any(axis=None))


def _updates(run: Run) -> bool:
    ratios = by_layer(run, "update_ratio")
    return bool(((ratios > UPDATE_LARGE) | (ratios < UPDATE_SMALL)).any(axis=None))


def _all_zero(run: Run) -> bool:
    return bool(
        (by_layer(run, "zero_fraction") == 1).any(axis=None) or (by_layer(run, "gradient_norm") == 0).any(axis=None)
    )


def _imbalance(run: Run) -> bool:
    shares = [each.shares for each in run.data.targets if each.shares and len(each.shares) > 1]
    return any(max(each) > IMBALANCE * min(each) for each in shares)


def _not_decreasing(run: Run) -> bool:
    seen = losses(run)[::LOSS_STEPS]
    return bool((seen[1:] > (1 - LOSS_FALL) * seen[:-1]).any())


def _overfit(run: Run) -> bool:
    table = epochs(run).dropna(subset=["val_loss"])
    return bool(((table["val_loss"] - table["loss"]) / table["loss"].abs() > OVERFIT_RATIO).any())


def _overtraining(run: Run) -> bool:
    table = epochs(run)
    return _stands(table["loss"].to_numpy(), PATIENCE_TRAIN) or _stands(
        table["val_loss"].dropna().to_numpy(), PATIENCE_VALIDATION
    )


def _stands(values: np.ndarray, patience: int) -> bool:
    best, waited = np.inf, 0
    for value in values:
        best, waited = (value, 0) if value < best - IMPROVEMENT else (best, waited + 1)
        if waited >= patience:
            return True
    return False


def _unchanged(run: Run) -> bool:
    values = losses(run)
    last = values[-UNCHANGED_STEPS:]
    return len(last) == UNCHANGED_STEPS and bool(np.allclose(last, last[0]))


def _images(run: Run) -> bool:
    images = [each for each in run.data.inputs if len(each.shape) == IMAGE_AXES]
    return any(each.mean is not None and abs(each.mean) > IMAGE_MEAN for each in images)


RULES = {
    "DeadRelu": lambda run: _exceeds(run, "dead_fraction", DEAD_SHARE),
    "ExplodingTensor": _explodes,
    "PoorWeightInitialization": _poor_start,
    "SaturatedActivation": lambda run: _exceeds(run, "saturated_fraction", SATURATED_SHARE),
    "VanishingGradient": _vanishes,
    "WeightUpdateRatio": _updates,
    "AllZero": _all_zero,
    "ClassImbalance": _imbalance,
    "LossNotDecreasing": _not_decreasing,
    "Overfit": _overfit,
    "Overtraining": _overtraining,
    "UnchangedTensor": _unchanged,
    "CheckInputImages": _images,
}

JUDGE = Judge("SageMaker Debugger", judge)
