"""UMLAUT's heuristics (Schoop, Huang and Hartmann 2021, CHI, https://doi.org/10.1145/3411764.3445538).

Heuristics and limits as in the authors' program (github.com/BerkeleyHCI/umlaut, umlaut/heuristics.py and errors.py): those that
look at the program come first, then those of every epoch. It was made for image classification and does not ask what the task
is: its check for softmax speaks of regression, too. Left out: the check of an image's axes, which needs the images.
"""

from __future__ import annotations

from diagnostics.runs.run import Run
from tests.benchmarks.judgement.judge import Complaint, Judge
from tests.benchmarks.judgement.tools.recorded import activation_of, epochs, input_range, learning_rates, output_layers

RATE_HIGH, RATE_LOW = 0.01, 1e-7
DROPOUT_HIGH = 0.5
ACCURACY_HIGH = 0.95
FIRST_EPOCH = 3
"""Validation accuracy is not judged before."""

NO_SOFTMAX = Complaint("missing softmax", frozenset({"output_loss_mismatch", "wrong_outputs"}), "error")
LINEAR = Complaint("missing activation", frozenset({"linear_stack"}), "error")
OUTPUT_ACTIVATION = Complaint("activation before softmax", frozenset({"output_loss_mismatch"}))
DROPOUT = Complaint("high dropout rate", frozenset({"dropout_rate"}))
RANGE = Complaint("input exceeds limits", frozenset({"unscaled_inputs"}), "error")
INTEGERS = Complaint("input is not floating", frozenset({"constant_inputs"}), "error")
NAN = Complaint("NaN in loss", frozenset({"non_finite"}), "error")
NAN_INPUT = Complaint("NaN in input", frozenset({"non_finite"}), "error")
HIGH = Complaint("learning rate is high", frozenset({"learning_rate_too_high"}))
LOW = Complaint("learning rate is low", frozenset({"learning_rate_too_low", "weights_do_not_move"}))
OVERFITTING = Complaint("possible overfitting", frozenset({"over_fitting"}))
TOO_GOOD = Complaint("check validation accuracy", frozenset())


def judge(run: Run) -> list[Complaint]:
    """What UMLAUT lists: of the program, then of the epochs."""
    return [*_of_program(run), *_of_data(run), *_of_epochs(run)]


def _of_program(run: Run) -> list[Complaint]:
    loss, outputs = run.training.loss, output_layers(run)
    found = []
    softmax = any(activation_of(layer) == "softmax" for layer in outputs)
    if outputs and loss is not None and not softmax and not loss.from_logits:
        found.append(NO_SOFTMAX)
    hidden = [layer for layer in run.architecture if not layer.is_output]
    if any(layer.activation == "linear" for layer in hidden):
        found.append(LINEAR)
    if loss is not None and loss.from_logits and any(activation_of(layer) not in ("", "linear") for layer in outputs):
        found.append(OUTPUT_ACTIVATION)
    if any(layer.rate is not None and layer.rate > DROPOUT_HIGH for layer in run.architecture):
        found.append(DROPOUT)
    return found


def _of_data(run: Run) -> list[Complaint]:
    low, high = input_range(run)
    found = [RANGE] if low < -1 or high > 1 else []
    if any("int" in each.dtype or "bool" in each.dtype for each in run.data.inputs):
        found.append(INTEGERS)
    return found


def _of_epochs(run: Run) -> list[Complaint]:
    by_epoch, rates = epochs(run), learning_rates(run)
    found = []
    if by_epoch["loss"].isna().any():
        found.append(NAN_INPUT if any(each.nonfinite for each in run.data.inputs) else NAN)
    if len(rates) and (rates > RATE_HIGH).any():
        found.append(HIGH)
    elif len(rates) and (rates < RATE_LOW).any():
        found.append(LOW)
    steps = by_epoch.diff()
    if ((steps["val_loss"] > 0) & (steps["loss"] <= 0)).any():
        found.append(OVERFITTING)
    late = by_epoch.iloc[FIRST_EPOCH:]
    if ((late["val_accuracy"] > ACCURACY_HIGH) | (late["val_accuracy"] > late["accuracy"])).any():
        found.append(TOO_GOOD)
    return found


JUDGE = Judge("UMLAUT", judge)
