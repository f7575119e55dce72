"""DeepDiagnosis' symptoms and fixes (Wardat et al. 2022, ICSE, https://doi.org/10.1145/3510003.3510071, arXiv 2112.04036).

Symptoms, thresholds and the tree from symptom to fix as in the authors' callback (github.com/DeepDiagnosis/ICSE2022,
callback/callbacks.py) and in the paper where the two differ; training ends at the first symptom. The fix it proposes is taken as its
diagnosis. Approximated: tensors are seen at the last measured step of an epoch; a layer's weight variance is its mean square, its mean
absolute gradient 0.8 of the root mean square (exact for a normal distribution); a saturated share stands for pre-activations
beyond ±5. A rule whose statistic was not recorded stays silent.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from diagnostics.runs.run import Run
from tests.benchmarks.judgement.judge import Complaint, Judge
from tests.benchmarks.judgement.tools.recorded import (
    activation_of,
    by_layer,
    epochs,
    hidden_with,
    input_range,
    last_of_epochs,
    learning_rates,
    losses,
    output_layers,
    unchanged,
)

DEAD_SHARE, SATURATED_SHARE = 0.7, 0.5
VANISHING = 1e-7
VARIANCE_LOW, VARIANCE_HIGH = 1e-5, 10.0
RATIO_LOW, RATIO_HIGH = 1e-5, 1e-1
"""Learning rate × ‖gradient‖ / ‖weights‖: a hundredth and a hundredfold of 10⁻³."""
LOSS_EPOCHS, ACCURACY_EPOCHS = 5, 20
RANGE_FACTOR = 10.0
MEAN_OF_RMS = 0.8
BOUNDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf), "elu": (-1.0, np.inf)}

FIXES = {
    "weights": frozenset({"initialisation"}),
    "data": frozenset({"unscaled_inputs"}),
    "rate": frozenset({"learning_rate_too_high", "learning_rate_too_low", "weights_do_not_move", "update_ratio"}),
    "activation": frozenset({"output_loss_mismatch", "linear_stack", "wrong_outputs"}),
    "loss": frozenset({"output_loss_mismatch", "invalid_labels", "non_finite"}),
    "layers": frozenset({"vanishing_gradient"}),
    "optimizer": frozenset({"learning_rate_too_high", "learning_rate_too_low", "oscillating_loss"}),
}


def judge(run: Run) -> list[Complaint]:
    """The first symptom with the fix that its tree proposes."""
    checks = (_out_of_range, _numerical_forward, _dead, _saturated, _loss_or_accuracy, _gradient, _unchanged_tensor)
    return next(([found] for check in checks if (found := check(run))), [])


def _out_of_range(run: Run) -> Complaint | None:
    outputs, targets = output_layers(run), run.data.targets
    activation = activation_of(outputs[-1]) if outputs else "softmax"
    if activation == "softmax":
        return None
    loss = run.training.loss
    categorical = loss is not None and "Categorical" in loss.class_name and activation in ("relu", "linear", "")
    return _say("out of range", "activation") if categorical or _outside(run, activation, targets) else None


def _outside(run: Run, activation: str, targets: tuple) -> bool:
    if not targets or targets[-1].minimum is None or targets[-1].maximum is None:
        return False
    low, high = targets[-1].minimum, targets[-1].maximum
    if activation in ("linear", ""):
        first = next((each for each in run.data.outputs if each.minimum is not None and each.maximum is not None), None)
        return first is not None and (first.maximum or 0) - (first.minimum or 0) > RANGE_FACTOR * (high - low)
    smallest, largest = BOUNDS.get(activation, (-np.inf, np.inf))
    return low < smallest or high > largest


def _numerical_forward(run: Run) -> Complaint | None:
    means = last_of_epochs(run, by_layer(run, "activation_mean"))
    values = means.to_numpy(np.float64)
    if np.isinf(values).any() or (values == 0).any() or (by_layer(run, "activation_nonfinite") > 0).any(axis=None):
        return _say("numerical error in forward", _first_fault(run, "activation"))
    return None


def _dead(run: Run) -> Complaint | None:
    zeros = by_layer(run, "zero_fraction")
    names = [name for name in hidden_with(run, ("relu", "exponential")) if name in zeros]
    if names and (zeros[names].iloc[-1] >= DEAD_SHARE).any():
        names_too = frozenset({"dead_units"})
        return _say("dead node", _first_fault(run, "layers", data_first=True), names_too)
    return None


def _saturated(run: Run) -> Complaint | None:
    shares = last_of_epochs(run, by_layer(run, "saturated_fraction")).iloc[LOSS_EPOCHS - 1 :: LOSS_EPOCHS]
    if not shares.empty and (shares > SATURATED_SHARE).any(axis=None):
        return _say("saturated activation", _first_fault(run, "layers", data_first=True), frozenset({"saturation"}))
    return None


def _loss_or_accuracy(run: Run) -> Complaint | None:
    by_epoch, values = epochs(run), losses(run)
    if len(values) and not np.isfinite(by_epoch["loss"]).all():
        outputs = output_layers(run)
        linear = bool(outputs) and activation_of(outputs[-1]) in ("", "linear")
        return _say("invalid loss", "activation" if linear else _rate_or(run, "optimizer"), frozenset({"non_finite"}))
    if unchanged(by_epoch["loss"].to_numpy(), LOSS_EPOCHS):
        return _say("loss not decreasing", _first_fault(run, "optimizer"))
    accuracy = by_epoch["accuracy"].dropna().to_numpy()
    if (accuracy == 0).any():
        return _say("invalid accuracy", _rate_or(run, "optimizer"))
    return (
        _say("accuracy not increasing", _first_fault(run, "optimizer"))
        if unchanged(accuracy, ACCURACY_EPOCHS)
        else None
    )


def _gradient(run: Run) -> Complaint | None:
    rms = last_of_epochs(run, by_layer(run, "gradient_rms")).to_numpy(np.float64)
    if np.isinf(rms).any() or (rms == 0).any():
        return _say("numerical error in gradients", "loss", FIXES["activation"])
    if (MEAN_OF_RMS * rms < VANISHING).any():
        return _say("vanishing gradient", _rate_or(run, "layers"), FIXES["layers"])
    return None


def _unchanged_tensor(run: Run) -> Complaint | None:
    for column in ("activation_mean", "gradient_norm", "weight_norm"):
        table = last_of_epochs(run, by_layer(run, column))
        if any(unchanged(values, LOSS_EPOCHS) for values in table.to_numpy(np.float64).T):
            return _say("unchanged tensor", _rate_or(run, "optimizer"), frozenset({"weights_do_not_move"}))
    return None


def _first_fault(run: Run, otherwise: str, data_first: bool = False) -> str:
    low, high = input_range(run)
    tests = {"weights": _poor_weights(run), "data": low < -1 or high > 1}
    order = ("data", "weights") if data_first else ("weights", "data")
    return next((fix for fix in order if tests[fix]), None) or _rate_or(run, otherwise)


def _poor_weights(run: Run) -> bool:
    norms = by_layer(run, "weight_norm")
    sizes = {str(each["layer"]): float(each.get("parameters") or 0) for each in run.layer_table}
    variances = pd.Series(
        {name: float(norms[name].dropna().iloc[0]) ** 2 / sizes[name] for name in norms if sizes.get(name)}
    )
    return bool(((variances < VARIANCE_LOW) | (variances > VARIANCE_HIGH)).any())


def _rate_or(run: Run, otherwise: str) -> str:
    ratios, rates = by_layer(run, "gradient_to_weight"), learning_rates(run)
    if ratios.empty or not len(rates):
        return otherwise
    steps = rates[0] * ratios.to_numpy(np.float64)
    return "rate" if ((steps > RATIO_HIGH) | (steps < RATIO_LOW)).any() else otherwise


def _say(symptom: str, fix: str, more: frozenset[str] = frozenset()) -> Complaint:
    return Complaint(f"{symptom}: {fix}", FIXES[fix] | more, "error")


JUDGE = Judge("DeepDiagnosis", judge)
