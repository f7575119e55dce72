"""Causes that settings, architecture and data alone decide: each with its fault, and without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from diagnostics.rules import case_of, diagnose, rules
from diagnostics.rules.stages import STRONG, ask
from tests.kit.runs import dense, facts_of, loss_of, run_of, scalars_table

TEN = {"classes": 10, "shares": [0.1] * 10, "integer": True, "minimum": 0, "maximum": 9, "shape": [None], "std": 2.9}
TWO = {
    "classes": 2,
    "shares": [0.5, 0.5],
    "integer": True,
    "binary": True,
    "minimum": 0,
    "maximum": 1,
    "shape": [None],
    "std": 0.5,
}
REAL = {"integer": False, "minimum": -2.0, "maximum": 2.5, "mean": 0.0, "std": 1.0, "shape": [None]}
UNIT_INPUT = {"minimum": -3.0, "maximum": 3.0, "mean": 0.0, "std": 1.0, "features": 8, "feature_std_largest": 1.1}
UNIT_INPUT |= {"feature_std_smallest": 0.9, "feature_mean_largest": 0.1, "constant_features": 0, "nonfinite": 0}


def net(activation: str, units: int, **more: Any) -> list[dict[str, Any]]:
    return [dense("hidden", 16), dense("out", units, activation, inputs=16, is_output=True, **more)]


def run(architecture=None, loss=None, target=None, inputs=None, losses=None, outputs=(), **training):
    architecture = net("softmax", 10) if architecture is None else architecture
    loss = loss or loss_of("SparseCategoricalCrossentropy", from_logits=False)
    data = {"targets": [target or TEN], "inputs": [UNIT_INPUT | (inputs or {})], "constant_loss": {"value": 1.0}}
    data |= {"outputs": list(outputs), "batches": 50}
    return run_of(
        scalars=scalars_table(np.full(100, 1.0) if losses is None else losses),
        **facts_of(loss | training, architecture, data),
    )


def judged(name: str, found) -> str:
    finding = ask(rules()[name](), case_of(found))
    return "sure" if finding.severity == "warning" and finding.confidence >= STRONG else finding.severity


def categorical(**more: Any):
    return loss_of("CategoricalCrossentropy", **more)


SPARSE_LOGITS = loss_of("SparseCategoricalCrossentropy", from_logits=True)
BINARY, SQUARED = loss_of("BinaryCrossentropy", from_logits=False), loss_of("MeanSquaredError")
IGNORING = loss_of("SparseCategoricalCrossentropy", from_logits=False)
IGNORING["loss"]["settings"] = {"ignore_class": -1}
ONE_HOT = {
    "classes": 10,
    "one_hot": True,
    "integer": True,
    "binary": True,
    "minimum": 0,
    "maximum": 1,
    "shape": [None, 10],
}


@pytest.mark.parametrize(
    ("architecture", "loss", "target", "answer"),
    [
        (net("softmax", 10), None, TEN, "clean"),
        (net("linear", 10), SPARSE_LOGITS, TEN, "clean"),
        (net("sigmoid", 1), BINARY, TWO, "clean"),
        (net("linear", 1), SQUARED, REAL, "clean"),
        (net("sigmoid", 1), SQUARED, REAL | {"minimum": 0.1, "maximum": 0.9}, "clean"),
        (net("softmax", 1), BINARY, TWO, "sure"),
        (net("sigmoid", 1), categorical(), TWO, "sure"),
        (net("linear", 10), None, TEN, "sure"),
        (net("relu", 10), None, TEN, "sure"),
        (net("linear", 1), BINARY, TWO, "sure"),
        (net("tanh", 1), BINARY, TWO, "sure"),
        (net("relu", 1), SQUARED, REAL, "sure"),
        (net("tanh", 1), SQUARED, REAL, "sure"),
        (net("sigmoid", 1), SQUARED, REAL, "sure"),
        (net("softmax", 10), SQUARED, TEN, "sure"),
        (net("sigmoid", 10), categorical(), ONE_HOT, "sure"),
        (net("sigmoid", 10), BINARY, ONE_HOT, "warning"),
        (net("softmax", 10), BINARY, ONE_HOT, "sure"),
        (net("softmax", 2), BINARY, ONE_HOT | {"classes": 2, "shape": [None, 2]}, "clean"),
        (net("softmax", 10), SQUARED, ONE_HOT, "sure"),
        (net("linear", 10), SQUARED, ONE_HOT, "warning"),
        (net("relu", 1), SQUARED, REAL | {"minimum": 0.1}, "warning"),
        (net("softmax", 10), SPARSE_LOGITS, TEN, "info"),
        (net("sigmoid", 1), loss_of("BinaryCrossentropy", from_logits=True), TWO, "info"),
    ],
)
def test_output_and_loss(architecture, loss, target, answer):
    assert judged("output_loss_mismatch", run(architecture, loss, target)) == answer


def test_an_activation_layer_makes_the_output_too():
    logits = dense("logits", 10, "linear", inputs=16)
    softmax = {
        "path": "softmax",
        "class": "Activation",
        "activation": "softmax",
        "output_shape": [None, 10],
        "is_output": True,
    }
    assert judged("output_loss_mismatch", run([dense("hidden", 16), logits, softmax])) == "clean"


@pytest.mark.parametrize(
    ("architecture", "loss", "target", "answer"),
    [
        (net("sigmoid", 1), BINARY, TWO, "clean"),
        (net("sigmoid", 1), BINARY, TWO | {"minimum": 1, "maximum": 2}, "sure"),
        (net("sigmoid", 1), BINARY, TWO | {"minimum": -1}, "sure"),
        (net("softmax", 10), None, TEN | {"minimum": 1, "maximum": 10}, "sure"),
        (net("softmax", 10), None, TEN | {"minimum": -1}, "sure"),
        (net("linear", 1), SQUARED, REAL | {"nonfinite": 3}, "sure"),
        (net("linear", 1), SQUARED, REAL | {"minimum": 2.0, "maximum": 2.0}, "sure"),
        (
            net("softmax", 10),
            None,
            TEN | {"maximum": 9 / 255, "integer": False, "classes": None, "shares": None},
            "sure",
        ),
        (net("softmax", 10), IGNORING, TEN | {"minimum": -1, "classes": 11}, "clean"),
        (
            net("sigmoid", 1),
            BINARY,
            TWO | {"maximum": 1 / 255, "integer": False, "binary": False, "shares": None},
            "sure",
        ),
        (net("sigmoid", 1), BINARY, TWO | {"minimum": 0.1, "maximum": 0.9, "integer": False, "shares": None}, "clean"),
        (net("softmax", 10), categorical(), ONE_HOT | {"maximum": 0.004, "mean": 0.0004, "one_hot": False}, "sure"),
        (net("softmax", 100), categorical(), ONE_HOT | {"shape": [None, 100], "maximum": 0.02, "mean": 0.01}, "clean"),
        (net("softmax", 10), None, TEN | {"shares": [1.0], "classes": 1, "minimum": 3, "maximum": 3}, "sure"),
    ],
)
def test_labels(architecture, loss, target, answer):
    assert judged("invalid_labels", run(architecture, loss, target)) == answer


@pytest.mark.parametrize("steps_per_epoch", [50, 500])
def test_a_low_loss_on_labels_of_one_class_is_no_good_outcome(steps_per_epoch):
    """Unless the file is sorted, and only its first batches were looked at."""
    one = TEN | {"shares": [1.0], "classes": 1, "minimum": 3, "maximum": 3}
    falling = np.geomspace(2.3, 0.001, 100)
    found = diagnose(run(target=one, losses=falling, steps_per_epoch=steps_per_epoch))
    told = next(one for one in found if one.rule == "invalid_labels")
    assert told.severity == ("warning" if steps_per_epoch == 50 else "info")


@pytest.mark.parametrize(
    ("weighted", "answer"),
    [([0.1] * 10, "clean"), ([0.991] + [0.001] * 9, "sure"), ([0.9] + [0.1 / 9] * 9, "clean"), (None, "clean")],
)
def test_weights_that_leave_one_class(weighted, answer):
    found = run(target=TEN | ({"weighted_shares": weighted} if weighted else {}), losses=np.geomspace(1.0, 0.01, 100))
    assert judged("uneven_weights", found) == answer
    loud = [one.rule for one in diagnose(found) if one.is_loud]
    assert loud[:1] == (["uneven_weights"] if answer == "sure" else [])


@pytest.mark.parametrize(
    ("precision", "epsilon", "answer"),
    [("float16", 1e-7, "sure"), ("float16", 1e-3, "not_evaluated"), ("mixed_float16", 1e-7, "not_evaluated")],
)
def test_an_epsilon_that_float16_does_not_hold(precision, epsilon, answer):
    adam = {"class": "Adam", "settings": {"learning_rate": 1e-3, "epsilon": epsilon}}
    assert judged("float16_headroom", run(precision=precision, optimizer=adam)) == answer


def test_sharpness_where_it_was_measured():
    for rate, momentum, answer in [(0.1, 0.0, "sure"), (0.1, 0.9, "clean"), (0.02, 0.0, "clean")]:
        found = run(optimizer={"class": "SGD", "settings": {"learning_rate": rate, "momentum": momentum}})
        found.scalars["sharpness"] = np.where(np.arange(100) % 10 == 0, 60.0, np.nan)
        assert judged("learning_rate_too_high", found) == answer


@pytest.mark.parametrize(
    ("architecture", "loss", "target", "answer"),
    [
        (net("softmax", 10), None, TEN, "clean"),
        (net("softmax", 12), None, TEN, "clean"),
        (net("softmax", 5), None, TEN, "sure"),
        (net("softmax", 100), None, TEN, "warning"),
        (net("linear", 1), SQUARED, REAL | {"shape": [None, 1]}, "clean"),
        (net("linear", 1), SQUARED, REAL | {"shape": [None, 24]}, "sure"),
    ],
)
def test_number_of_outputs(architecture, loss, target, answer):
    assert judged("wrong_outputs", run(architecture, loss, target)) == answer


@pytest.mark.parametrize(
    ("inputs", "answer"),
    [
        ({}, "clean"),
        ({"maximum": 255, "std": 78.0, "mean": 33.0, "feature_std_largest": 110.0}, "sure"),
        ({"mean": 1000.0, "feature_mean_largest": 1000.0}, "sure"),
        ({"mean": 8.0, "std": 0.1, "feature_mean_largest": 8.0, "feature_std_largest": 0.1, "features": 1}, "warning"),
        ({"std": 1e-4, "feature_std_largest": 1e-4, "feature_mean_largest": 0.0}, "sure"),
        ({"feature_std_smallest": 1e-4}, "warning"),
    ],
)
def test_scale_of_inputs(inputs, answer):
    assert judged("unscaled_inputs", run(inputs=inputs)) == answer
    scaled = [{"path": "rescaling", "class": "Rescaling"}, *net("softmax", 10)]
    assert judged("unscaled_inputs", run(scaled, inputs=inputs)) == "clean"


def test_the_cell_of_a_recurrent_layer_meets_the_inputs_too():
    lstm = [{"path": "lstm", "class": "LSTM"}, {"path": "lstm/lstm_cell", "class": "LSTMCell", "parameters": 100}]
    assert judged("unscaled_inputs", run([*lstm, *net("softmax", 10)], inputs={"mean": 1000.0})) == "sure"


@pytest.mark.parametrize(
    ("target", "answer"),
    [(REAL, "clean"), (REAL | {"mean": 300.0, "std": 80.0}, "sure"), (REAL | {"std": 1e-3}, "sure")],
)
def test_scale_of_targets(target, answer):
    assert judged("unscaled_targets", run(net("linear", 1), SQUARED, target)) == answer
    assert judged("unscaled_targets", run(target=TEN | {"std": 80.0})) == "clean"


@pytest.mark.parametrize(
    ("inputs", "answer"),
    [
        ({}, "clean"),
        ({"minimum": 0, "maximum": 0}, "sure"),
        ({"constant_features": 8}, "sure"),
        ({"constant_features": 3}, "clean"),
    ],
)
def test_constant_inputs(inputs, answer):
    assert judged("constant_inputs", run(inputs=inputs)) == answer


def test_inputs_that_are_not_finite_explain_a_broken_loss():
    broken = run(inputs={"nonfinite": 5, "nonfinite_features": 1}, losses=[1.0] * 5 + [float("nan")] * 50)
    first = diagnose(broken)[0]
    assert (first.rule, first.severity) == ("non_finite", "error")
    assert first.what.startswith("The input holds 5 values that are NaN or infinite in 1 of 8 features.")


def kernel(name: str, **settings: Any) -> dict[str, Any]:
    return {"initializers": {"kernel": {"class": name, "settings": settings}}}


@pytest.mark.parametrize(
    ("hidden", "answer"),
    [
        (dense("hidden", 16), "clean"),
        (dense("hidden", 16, **kernel("Zeros")), "sure"),
        (dense("hidden", 16, inputs=400, **kernel("RandomNormal", stddev=1.0)), "sure"),
        (dense("hidden", 16, inputs=400, **kernel("RandomNormal", stddev=1e-4)), "sure"),
        (dense("hidden", 16, inputs=400, **kernel("RandomNormal", stddev=0.05)), "clean"),
    ],
)
def test_first_weights(hidden, answer):
    assert judged("initialisation", run([hidden, *net("softmax", 10)[1:]])) == answer


def test_an_output_layer_may_begin_at_zero():
    assert judged("initialisation", run(net("softmax", 10, **kernel("Zeros")))) == "clean"


def test_layers_without_activation():
    linear = [dense("one", 16, "linear"), dense("two", 16, None), dense("out", 10, "softmax", is_output=True)]
    assert judged("linear_stack", run(linear)) == "sure"
    assert judged("linear_stack", run([linear[0], {"path": "act", "class": "ReLU"}, *linear[1:]])) == "clean"
    assert judged("linear_stack", run(linear[2:])) == "warning"
    assert judged("linear_stack", run(linear[2:], losses=np.linspace(1.0, 0.1, 100))) == "clean"


def test_a_softmax_before_tensorflows_own_cross_entropy_is_no_hidden_one():
    """Keras' losses find the logits behind a softmax, and ``tf.nn`` takes what it is given."""
    own = loss_of("SparseCategoricalCrossentropy", from_logits=True)
    own["loss"]["settings"] = {"finds_logits": False}
    assert judged("output_loss_mismatch", run(loss=own)) == "sure"
    assert judged("output_loss_mismatch", run(loss=SPARSE_LOGITS)) == "info"


def test_a_training_of_nothing_is_a_warning_whatever_came_of_it():
    frozen = [dense(name, 16, trainable=False, trainable_parameters=0) for name in ("a", "b")]
    found = next(one for one in diagnose(run(frozen)) if one.rule == "frozen_layers")
    assert found.severity == "warning" and found.what.startswith("Every layer with weights is frozen (2 of 2)")


@pytest.mark.parametrize(
    ("distinct", "epoch", "severity"), [(1, 50, "sure"), (1, 1, "not_evaluated"), (50, 50, "clean"), (2, 50, "clean")]
)
def test_batches_that_repeat(distinct, epoch, severity):
    data = {"compared_batches": min(epoch, 50), "distinct_batches": distinct, "inputs": [UNIT_INPUT]}
    training = SPARSE_LOGITS | {"steps_per_epoch": epoch}
    seen = run_of(scalars=scalars_table(np.full(100, 1.0)), **facts_of(training, net("softmax", 10), data))
    assert judged("repeated_batches", seen) == severity


def test_frozen_dropped_and_normalised():
    frozen = dense("hidden", 16, trainable=False, trainable_parameters=0)
    assert judged("frozen_layers", run([frozen, *net("softmax", 10)[1:]])) == "warning"
    assert judged("frozen_layers", run()) == "clean"
    drop = {"path": "drop", "class": "Dropout", "rate": 0.9}
    norm = {"path": "norm", "class": "BatchNormalization", "parameters": 64, "trainable_parameters": 32}
    assert judged("dropout_rate", run([drop, *net("softmax", 10)])) == "sure"
    assert judged("dropout_rate", run([drop | {"rate": 0.3}, *net("softmax", 10)])) == "clean"
    assert judged("dropout_before_batch_norm", run([drop, norm, *net("softmax", 10)])) == "warning"
    assert judged("dropout_before_batch_norm", run([norm, drop, *net("softmax", 10)])) == "clean"
    assert judged("tiny_batches", run([norm, *net("softmax", 10)], batch_size=2)) == "sure"
    assert judged("tiny_batches", run([norm, *net("softmax", 10)], batch_size=32)) == "clean"
    assert judged("tiny_batches", run(batch_size=1)) == "clean"


def test_order_of_the_data():
    assert (
        judged("unshuffled_data", run(target=TEN | {"autocorrelation": 0.98, "autocorrelation_bound": 0.05})) == "sure"
    )
    assert (
        judged("unshuffled_data", run(target=TEN | {"autocorrelation": 0.2, "autocorrelation_bound": 0.05})) == "clean"
    )
    assert (
        judged("unshuffled_data", run(target=TEN | {"autocorrelation": 0.6, "autocorrelation_bound": 0.7})) == "clean"
    )


def test_a_mismatch_that_did_no_harm_is_an_oddity():
    linear = net("linear", 10)
    found = {one.rule: one for one in diagnose(run(linear, losses=np.geomspace(1.0, 0.05, 100)))}
    assert found["output_loss_mismatch"].severity == "info"
    first = diagnose(run(linear))[0]
    assert (first.rule, first.severity) == ("output_loss_mismatch", "warning") and first.remedies


SEVERAL = ONE_HOT | {"one_hot": False, "classes": None}


def test_an_output_that_cannot_say_what_is_asked_stands_however_far_the_loss_fell():
    fell = {"losses": np.geomspace(1.0, 0.05, 100)}
    for loss in (categorical(), BINARY):
        assert judged("output_loss_mismatch", run(net("softmax", 10), loss, SEVERAL, **fell)) == "sure"
        first = diagnose(run(net("softmax", 10), loss, SEVERAL, **fell))[0]
        assert (first.rule, first.severity) == ("output_loss_mismatch", "warning") and "several labels" in first.what
    assert judged("output_loss_mismatch", run(net("sigmoid", 10), BINARY, SEVERAL)) == "clean"


def test_logits_that_sum_to_one_are_none():
    own = {"path": "own", "class": "Lambda", "output_shape": [None, 10], "is_output": True}
    outputs = [{"step": step, "shape": [32, 10], "rows_sum_to_one": True} for step in (0, 50)]
    architecture = [dense("hidden", 16), own]
    assert judged("output_loss_mismatch", run(architecture, SPARSE_LOGITS, outputs=outputs)) == "sure"
    assert judged("output_loss_mismatch", run(architecture, outputs=outputs)) == "not_evaluated"
    once = [outputs[0], outputs[1] | {"rows_sum_to_one": False}]
    assert judged("output_loss_mismatch", run(architecture, SPARSE_LOGITS, outputs=once)) == "not_evaluated"


def test_a_softmax_of_a_softmax():
    layer = {"path": "twice", "class": "Softmax", "output_shape": [None, 10], "is_output": True}
    for inner, answer in (("softmax", "sure"), ("linear", "clean")):
        architecture = [dense("hidden", 16), dense("inner", 10, inner, inputs=16), layer | {"inbound": ["inner"]}]
        assert judged("output_loss_mismatch", run(architecture)) == answer
    assert "0.232" in diagnose(run([dense("inner", 10, "softmax"), layer | {"inbound": ["inner"]}]))[0].what


OWN = loss_of("squared_error") | {"loss": {"class": "squared_error", "name": ""}}


@pytest.mark.parametrize(
    ("loss", "units", "shape", "spread", "answer"),
    [
        (OWN, 1, [None], 0.1, "sure"),  # [n] − [n, 1]
        (OWN, 1, [None], 0.9, "clean"),  # such as a contrastive loss, which knows what it does
        (OWN, 1, [None, 1], 0.1, "clean"),
        (OWN, 10, [None], 0.1, "clean"),  # classes, as a sparse loss takes them
        (loss_of("Poisson") | {"loss": {"class": "Poisson", "name": "poisson"}}, 1, [None], 0.1, "clean"),
    ],
)
def test_a_loss_of_ones_own_may_stretch_targets(loss, units, shape, spread, answer):
    outputs = [{"step": 99, "spread_over_batch": spread, "shape": [32, units]}]
    found = run(net("linear", units), loss, REAL | {"shape": shape}, outputs=outputs)
    assert judged("wrong_outputs", found) == answer


def test_dropout_inside_recurrent_layers_counts():
    lstm = {"path": "lstm", "class": "LSTM", "settings": {"dropout": 0.2, "recurrent_dropout": 0.95}}
    assert judged("dropout_rate", run([lstm, *net("softmax", 10)])) == "sure"
    lstm["settings"] = {"dropout": 0.2, "recurrent_dropout": 0.0}
    assert judged("dropout_rate", run([lstm, *net("softmax", 10)])) == "clean"


def test_a_program_that_failed_by_its_labels_is_told_so_and_in_one_line():
    graph = "InvalidArgumentError: Graph execution error:\n\nDetected at node loss\n  File x\n\n"
    graph += "Received a label value of 10.\n\t[[{{node a}}]]"
    failed = run(target=TEN | {"minimum": 1, "maximum": 10}, losses=[2.3])
    failed.metadata = {"status": "failed", "error": graph}
    first, *rest = [one for one in diagnose(failed) if one.is_loud]
    assert first.rule == "invalid_labels"
    ended = next(one for one in rest if one.rule == "ended")
    assert ended.explained_by == "invalid_labels"
    assert ended.what == "Training failed after 1 step: InvalidArgumentError: Received a label value of 10."


def test_without_facts_each_rule_says_what_would_record_them():
    for name in ("output_loss_mismatch", "invalid_labels", "unscaled_inputs", "linear_stack", "unshuffled_data"):
        finding = ask(rules()[name](), case_of(run_of(scalars=scalars_table([1.0] * 50))))
        assert finding.severity == "not_evaluated" and finding.do.startswith("Record the run again")
