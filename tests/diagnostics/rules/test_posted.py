"""What real programs showed: few readings, programs that stop, sorted data that were split, accuracies of one batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from diagnostics.rules import case_of, diagnose
from diagnostics.rules.causes.stopped_early import StoppedEarly
from diagnostics.rules.causes.strong_penalty import StrongPenalty
from diagnostics.rules.causes.unrelated_targets import UnrelatedTargets
from diagnostics.rules.causes.unshuffled_data import UnshuffledData
from diagnostics.rules.causes.unusual_activation import UnusualActivation
from diagnostics.rules.stages import ask
from diagnostics.rules.symptoms.contradicting_metric import ContradictingMetric
from diagnostics.rules.symptoms.ended import Ended
from diagnostics.rules.symptoms.over_fitting import OverFitting
from tests.kit.runs import dense, facts_of, layers_table, loss_of, run_of, scalars_table

TEN = {"classes": 10, "shares": [0.1] * 10, "integer": True, "minimum": 0, "maximum": 9, "shape": [None], "std": 2.9}
REAL = {"integer": False, "minimum": -2.0, "maximum": 2.5, "mean": 0.0, "std": 1.0, "shape": [None]}
FALLING = np.linspace(2.3, 0.3, 100)


def run(
    losses=FALLING, *, loss="SparseCategoricalCrossentropy", target=None, units=10, validation=(), hidden=(), **more
):
    """A run of ten classes; ``validation`` holds pairs of loss and accuracy."""
    activation = "softmax" if units > 1 else "linear"
    net = [*(hidden or [dense("hidden", 16)]), dense("out", units, activation, inputs=16, is_output=True)]
    data = {"targets": [target or TEN], "constant_loss": {"value": 2.303 if units > 1 else 1.0}, "batches": 50}
    training = loss_of(loss) | {"steps_per_epoch": 50, "metrics": ["accuracy"]}
    accuracy = more.pop("accuracy", np.linspace(0.1, 0.95, len(losses)) if units > 1 else 0.0)
    table = scalars_table(losses, accuracy=accuracy)
    if validation:
        levels, accuracies = np.transpose(validation)
        steps = np.linspace(0, len(losses) - 1, len(levels) + 1)[1:].astype(int)
        held_out = scalars_table(levels, steps=steps, split="validation", accuracy=accuracies)
        table = pd.concat([table, held_out], ignore_index=True)
    return run_of(scalars=table, **facts_of(training, net, data), **more)


def only(one, rule):
    return ask(rule, case_of(one))


def test_a_gap_between_training_and_validation_shows_in_a_single_reading():
    found = only(run(validation=[(2.1, 0.16)]), OverFitting())
    assert found.severity == "warning" and found.confidence == pytest.approx(0.7)
    assert "1 reading)" in found.what and "look again" in found.do
    norm = {"path": "norm", "class": "BatchNormalization", "settings": {"momentum": 0.99}}
    for momentum, is_early in ((0.99, True), (0.9, False)):
        norms = [dense("hidden", 16), norm | {"settings": {"momentum": momentum}}]
        found = only(run(validation=[(2.1, 0.16)] * 3, hidden=norms), OverFitting())
        assert ("moving averages" in found.means) == is_early  # 100 steps
        assert ([one.change for one in found.remedies] == ["epochs", "normalization"]) == is_early
    assert not only(run(validation=[(2.1, 0.16), (0.5, 0.8)]), OverFitting()).is_loud  # it settled
    weak = run(accuracy=0.4, validation=[(2.1, 0.16)])
    assert not only(weak, OverFitting()).is_loud  # there is little to hold


def test_lagging_averages_are_no_unrelated_targets():
    norm = {"path": "norm", "class": "BatchNormalization", "settings": {"momentum": 0.99}}
    fails = run(validation=[(9.0, 0.1)] * 4, hidden=[dense("hidden", 16), norm])
    assert diagnose(fails)[0].rule == "over_fitting"
    assert only(run(validation=[(9.0, 0.1)] * 4), UnrelatedTargets()).is_loud


def test_activations_that_are_made_for_something_else():
    flat = np.full(100, 2.3)
    inner = [dense("hidden", 16, "softmax")]
    assert diagnose(run(flat, accuracy=0.1, hidden=inner))[0].rule == "unusual_activation"
    assert not any(one.is_loud for one in diagnose(run(hidden=inner)))
    lstm = {"path": "lstm", "class": "LSTM", "units": 8, "parameters": 100, "trainable_parameters": 100}
    for activation, is_loud in (("sigmoid", True), ("tanh", False)):
        found = only(run(flat, hidden=[lstm | {"activation": activation}]), UnusualActivation())
        assert found.is_loud == is_loud


def test_a_single_layer_is_blamed_last():
    single = run_of(scalars=scalars_table(np.full(100, 2.3), accuracy=0.1), **_facts(run(np.full(100, 2.3))))
    single.architecture = single.architecture[-1:]
    first = next(one for one in diagnose(single) if one.is_loud)
    assert first.rule == "linear_stack" and "single layer" in first.what


def test_an_accuracy_of_single_entries_is_none_of_rows():
    one_hot = {"one_hot": True, "classes": 10, "shares": [0.1] * 10, "shape": [None, 10]}
    idle = run(np.full(100, 2.3), target=one_hot, loss="CategoricalCrossentropy")
    idle.scalars = idle.scalars.rename(columns={"accuracy": "binary_accuracy"}).assign(binary_accuracy=0.9)
    assert diagnose(idle)[0].severity == "warning" and case_of(idle).outcome.accuracy is None


def test_most_of_what_is_known_by_heart_must_hold():
    by_heart = np.linspace(0.1, 1.0, 100)
    found = only(run(accuracy=by_heart, validation=[(1.9, 0.4)] * 3), OverFitting())
    assert found.severity == "warning" and found.confidence == pytest.approx(0.9)
    assert not only(run(accuracy=by_heart, validation=[(1.9, 0.7)] * 3), OverFitting()).is_loud
    regression = run(np.linspace(1.0, 0.01, 100), loss="MeanSquaredError", target=REAL, units=1)
    for level, is_loud in ((0.8, True), (0.4, False)):
        rows = scalars_table([level] * 3, steps=[30, 60, 99], split="validation")
        held_out = run_of(scalars=pd.concat([regression.scalars, rows]), **_facts(regression))
        assert only(held_out, OverFitting()).is_loud == is_loud


def _facts(one):
    return {"training": one.training, "architecture": one.architecture, "data": one.data}


def test_an_accuracy_is_that_of_many_batches():
    batches = np.where(np.arange(1000) == 999, 1.0, 0.1)  # the last batch was a lucky one
    found = only(run(np.linspace(2.3, 0.3, 1000), accuracy=batches), ContradictingMetric())
    assert found.severity == "warning"


def test_an_accuracy_of_real_numbers_is_told():
    found = only(run(np.linspace(1, 0.1, 100), loss="MeanSquaredError", target=REAL, units=1), ContradictingMetric())
    assert found.severity == "info" and "mae" in found.do


def test_a_class_that_only_the_validation_data_hold():
    shares = [0.5, 0.5] + [0.0] * 8
    sorted_first = TEN | {"classes": 2, "shares": [0.5, 0.5], "maximum": 1}
    fails, holds = [(9.0, 0.0)] * 3, [(0.4, 0.95)] * 3
    found = diagnose(run(target=sorted_first, validation=fails))[0]
    assert found.rule == "unshuffled_data" and "8 of the 10 classes" in found.what
    assert not only(run(target=sorted_first, validation=holds), UnshuffledData()).is_loud  # outputs to spare
    one_hot = {"one_hot": True, "classes": 10, "shares": shares, "shape": [None, 10]}
    found = only(run(target=one_hot, loss="CategoricalCrossentropy", validation=fails), UnshuffledData())
    assert found.is_loud


@pytest.mark.parametrize(
    ("loss", "error", "rule", "told"),
    [
        (
            "CategoricalCrossentropy",
            "ValueError: Arguments `target` and `output` must have the same rank (ndim). Received: target.shape=(None,), "
            "output.shape=(None, 10)",
            "wrong_outputs",
            "Use sparse_categorical_crossentropy",
        ),
        (
            "SparseCategoricalCrossentropy",
            "ValueError: Argument `output` must have rank (ndim) `target.ndim - 1`. Received: target.shape=(None, 10), "
            "output.shape=(None, 10)",
            "wrong_outputs",
            "use categorical_crossentropy",
        ),
        (
            "MeanSquaredError",
            "InvalidArgumentError: Graph execution error:\n\nDetected at node compile_loss/mean_squared_error/sub\n"
            "Incompatible shapes: [32] vs. [32,10]\n",
            "wrong_outputs",
            "one for each number",
        ),
        (
            "SparseCategoricalCrossentropy",
            "InvalidArgumentError: Received a label value of 10 which is outside the valid range of [0, 10).",
            "invalid_labels",
            "number the classes from 0 on",
        ),
        (
            "SparseCategoricalCrossentropy",
            "InvalidArgumentError: indices[0,0] = 104 is not in [0, 100)",
            "ended",
            "input_dim=100 and gets the index 104",
        ),
        ("MeanSquaredError", "KeyError: 'x'", "ended", "Mend the program first."),
    ],
)
def test_a_program_that_stops_at_its_first_step_is_told_why(loss, error, rule, told):
    net = facts_of(loss_of(loss), [dense("out", 10, "softmax", is_output=True)])
    failed = run_of(**net, metadata={"status": "failed", "error": error})
    first = next(one for one in diagnose(failed) if one.is_loud)
    assert first.rule == rule and told in first.do
    assert not only(run_of(**net, metadata={"status": "finished", "error": error}), Ended()).is_loud


def test_few_steps_that_taught_little_are_told_and_others_are_not():
    few, flat = 40, 2.3 * (1 + 0.01 * np.random.default_rng(0).standard_normal(40))
    assert only(run(flat, accuracy=0.1), StoppedEarly()).what == f"Training ended after {few} steps."
    learned = 0.3 * (1 + 0.01 * np.random.default_rng(0).standard_normal(40))
    assert not only(run(learned), StoppedEarly()).is_loud


def test_a_callback_that_ends_training_at_once():
    noise = 2.2 * (1 + 0.02 * np.random.default_rng(0).standard_normal(150))
    cut = run(noise, accuracy=0.2, metadata={"status": "finished"})
    cut.training = replace(cut.training, epochs=40)
    first = next(one for one in diagnose(cut) if one.is_loud)
    assert first.rule == "stopped_early" and "after 1 of 40 epochs" in first.what and "EarlyStopping" in first.do
    cut.training = replace(cut.training, epochs=2)
    assert not only(cut, StoppedEarly()).is_loud


def test_an_oddity_claims_no_harm():
    falling = {one.rule: one for one in diagnose(run(np.linspace(2.3, 0.05, 100)))}
    told = falling["stopped_early"]
    assert told.severity == "info"
    assert told.what.startswith(
        "More epochs may still improve the model"
    )  # without validation data it is no more than that
    assert told.means == "The model learned all the same; this run shows no harm from it."


@pytest.mark.parametrize(("validation", "promising"), [([2.0, 1.5, 1.0, 0.6], True), ([1.0, 0.6, 0.6, 0.61], False)])
def test_more_epochs_are_no_promise_where_the_validation_loss_has_stopped(validation, promising):
    one = run(np.linspace(2.3, 0.05, 100), validation=[(loss, 0.8) for loss in validation])
    told = only(one, StoppedEarly()).if_harmless
    assert told.startswith("More epochs would still improve") == promising
    assert told.endswith(
        "and so was the validation loss (by 40 %)." if promising else "while the validation loss rose by 1.7 %."
    )


def held_down(penalty: str, strength: float, losses, left: float, optimizer=None):
    """A hidden layer with a penalty whose weights shrink from a norm of 10 to a share of it, and an output without one."""
    regularizers = {"kernel": {"class": penalty, "settings": {penalty.lower(): strength}}} if penalty else {}
    net = [dense("hidden", 16, regularizers=regularizers), dense("out", 10, "softmax", inputs=16, is_output=True)]
    norms = np.linspace(1, left, 11)[:, None] * np.array([[10.0, 5.0]])
    training = loss_of("SparseCategoricalCrossentropy") | ({"optimizer": optimizer} if optimizer else {})
    facts = facts_of(training, net, {"targets": [TEN], "constant_loss": {"value": 2.303}})
    table = layers_table({"weight_norm": norms}, steps=range(0, 110, 10), names=["hidden", "out"])
    return run_of(table, scalars_table(losses), **facts)


def test_a_penalty_that_leaves_nothing_of_the_weights():
    norm = np.interp(np.arange(110), np.arange(0, 110, 10), 10 * np.linspace(1, 0.05, 11))
    flat = 2.303 + 0.5 * norm**2  # nothing but the penalty falls
    run = held_down("L2", 0.5, flat, 0.05)
    first, *rest = [one for one in diagnose(run) if one.is_loud]
    assert first.rule == "strong_penalty" and "no_learning" in {one.rule for one in rest}
    assert case_of(run).outcome.skill == pytest.approx(0, abs=0.05)  # what the penalty adds is left out
    assert not only(held_down("L2", 0.5, flat, 0.5), StrongPenalty()).is_loud
    assert not only(held_down("", 0, flat, 0.05), StrongPenalty()).is_loud
    decayed = held_down("", 0, flat, 0.05, {"class": "AdamW", "settings": {"weight_decay": 5.0}})
    assert only(decayed, StrongPenalty()).is_loud
    learned = {one.rule: one for one in diagnose(held_down("L2", 0.5, flat - 2.0, 0.05))}
    assert learned["strong_penalty"].severity == "info"


def test_a_penalty_of_unknown_size_keeps_the_skill_unknown():
    run = held_down("L1", 0.5, np.full(110, 40.0), 0.9)
    assert case_of(run).outcome.penalty is None and case_of(run).outcome.skill is None
