"""What training came to: symptoms on made-up curves, the false alarms of the past, and causes weighed by the outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from diagnostics.rules import case_of, diagnose
from diagnostics.rules.stages import ask
from diagnostics.rules.symptoms.constant_predictions import ConstantPredictions
from diagnostics.rules.symptoms.contradicting_metric import ContradictingMetric
from diagnostics.rules.symptoms.diverging_loss import DivergingLoss
from diagnostics.rules.symptoms.no_learning import NoLearning
from diagnostics.rules.symptoms.oscillating_loss import OscillatingLoss
from diagnostics.rules.symptoms.over_fitting import OverFitting
from diagnostics.rules.symptoms.slow_loss import SlowLoss
from diagnostics.rules.symptoms.stuck_loss import StuckLoss
from tests.kit.runs import dense, facts_of, layers_table, loss_of, run_of, scalars_table

LN2 = float(np.log(2))
NOISE = np.random.default_rng(0)
BALANCED = {"targets": [{"classes": 2, "shares": [0.5, 0.5], "integer": True, "binary": True, "std": 0.5}]}


def classifier(losses, constant: float | None = LN2, *, data=None, architecture=(), layers=None, loss=None, **scalars):
    """A run with a sigmoid and binary cross-entropy whose labels are balanced."""
    found = {"constant_loss": {"value": constant, "kind": "entropy"}} if constant else {}
    facts = facts_of(loss or loss_of("BinaryCrossentropy"), architecture, {**BALANCED, **found, **(data or {})})
    return run_of(layers, scalars_table(losses, **scalars), **facts)


def only(run, rule):
    return ask(rule, case_of(run))


def with_validation(run, losses):
    """The run with these readings of the validation loss, one after each equal part."""
    steps = np.linspace(0, len(run.scalars) - 1, len(losses) + 1)[1:].astype(int)
    run.scalars = pd.concat([run.scalars, scalars_table(losses, steps=steps, split="validation")], ignore_index=True)
    return run


def noisy(level, size: float = 0.05, steps: int = 200):
    return np.broadcast_to(level, steps) * (1 + size * NOISE.standard_normal(steps))


def test_a_loss_at_that_of_a_constant_is_no_learning():
    assert only(classifier(noisy(LN2)), NoLearning()).severity == "warning"
    falling_onto_it = LN2 + 3 * np.exp(-np.arange(200) / 10)
    assert only(classifier(falling_onto_it), NoLearning()).severity == "warning"
    assert only(classifier(noisy(0.5 * LN2)), NoLearning()).severity == "clean"


def test_the_batches_of_a_rare_class_are_no_swings():
    """3 % positives in batches of 64, predicted by a constant a little better than the best one."""
    positives = NOISE.binomial(64, 0.03, 400)
    losses = 0.9 * (positives * -np.log(0.03) + (64 - positives) * -np.log(0.97)) / 64
    constant = float(-0.03 * np.log(0.03) - 0.97 * np.log(0.97))
    rare = {"targets": [{"classes": 2, "shares": [0.97, 0.03], "integer": True, "binary": True, "std": 0.17}]}
    training = loss_of("BinaryCrossentropy") | {"batch_size": 64}
    assert (losses[200:] > 1.25 * constant).mean() > OscillatingLoss().share
    assert not only(classifier(losses, constant, data=rare, loss=training), OscillatingLoss()).is_loud


def test_a_loss_that_never_moves_is_no_learning_even_at_zero():
    found = only(classifier(np.full(50, 1e-7)), NoLearning())
    assert found.severity == "warning" and "in every step" in found.what


def test_a_loss_that_may_be_a_sum_over_the_batch_is_not_compared_with_a_constant():
    """A loop's own function does not say whether its values are averaged or added up."""
    data = {"examples": 3200, "batches": 100}
    own = {"loss": {"class": "BinaryCrossentropy"}}
    added = classifier(32 * noisy(LN2), data=data, loss=own)
    assert case_of(added).outcome.constant is None
    assert not only(added, NoLearning()).is_loud
    averaged = classifier(noisy(LN2), data=data, loss=own)
    assert only(averaged, NoLearning()).severity == "warning"


@pytest.mark.parametrize(
    "losses",
    [
        np.geomspace(0.695, 0.151, 31),  # a sentiment model after 31 steps
        0.05 * (1 + 0.1 * NOISE.standard_normal(100)),  # goes on from a good start, as a LoRA fine-tuning does
        0.7 * np.exp(-np.arange(12) / 6),  # a short run with Adam
    ],
)
def test_false_alarms_of_the_past(losses):
    for constant in (LN2, None):
        run = classifier(losses, constant)
        assert [one.rule for one in diagnose(run) if one.is_loud] == []


def test_what_a_custom_objective_does_is_not_judged_by_its_loss():
    rising = np.linspace(0.7, 3.0, 200)
    run = classifier(rising, None, loss={"loss": {"class": "GeneratorLoss"}})
    assert only(run, NoLearning()).severity == "not_evaluated"
    assert only(run, DivergingLoss()).severity == "clean"


@pytest.mark.parametrize(
    ("losses", "severity"),
    [
        (np.r_[np.ones(50), np.full(50, np.nan)], "error"),
        (np.geomspace(0.7, 70, 100), "warning"),
        (np.r_[np.linspace(0.7, 0.2, 100), np.full(100, 1.5)], "warning"),  # lost what it had learned
        (noisy(0.3), "clean"),
    ],
)
def test_divergence(losses, severity):
    assert only(classifier(losses), DivergingLoss()).severity == severity


def test_a_validation_loss_beyond_all_reason_is_told_after_any_number_of_epochs():
    falling = np.linspace(0.7, 0.3, 60)
    norm = [{"path": "norm", "class": "BatchNormalization"}]
    penalised = dense("hidden", 8, regularizers={"kernel": {"class": "L2", "settings": {"l2": 1e-4}}})
    run = classifier(falling, architecture=[penalised, *norm])
    assert only(with_validation(run, [3000.0]), OverFitting()).severity == "warning"
    assert "moving averages" in only(with_validation(run, [2000.0, 3000.0]), OverFitting()).means
    assert only(with_validation(run, [3000.0, 0.5]), OverFitting()).severity == "not_evaluated"  # they caught up


def test_a_weighted_constant_is_not_compared_with_a_validation_loss():
    falling = np.linspace(0.007, 0.003, 60)
    for weighted, severity in ((False, "warning"), (True, "not_evaluated")):
        data = {"constant_loss": {"value": 0.007, "kind": "entropy", "weighted": weighted}}
        run = with_validation(classifier(falling, data=data), [0.05, 0.05, 0.05])
        assert only(run, OverFitting()).severity == severity


def test_a_loss_that_still_falls_or_stands_still():
    slow = noisy(np.linspace(1.0, 0.85, 200) * LN2, 0.01)
    assert only(classifier(slow), SlowLoss()).severity == "warning"
    levelling = noisy((0.75 + 0.25 * np.exp(-np.arange(200) / 70)) * LN2, 0.002)
    assert (
        only(classifier(levelling), SlowLoss()).severity == "info"
    )  # nearly all of what noisy labels allow is learned
    better = noisy(np.linspace(1.0, 0.6, 200) * LN2, 0.01)
    assert only(classifier(better), SlowLoss()).severity == "info"
    assert only(classifier(slow), StuckLoss()).severity == "clean"
    stuck = noisy(0.8 * LN2, 0.01)
    assert only(classifier(stuck), SlowLoss()).severity == "clean"
    assert only(classifier(stuck), StuckLoss()).severity == "info"
    tiny = noisy(0.94 * LN2, 0.01)
    assert only(classifier(tiny), StuckLoss()).severity == "warning"
    assert only(classifier(tiny, accuracy=0.7), StuckLoss()).severity == "info"  # unsure of itself, and often right


def test_the_false_alarm_level_of_a_falling_loss_is_what_is_stated():
    """Three standard errors between the last two quarters of steady noise, in a simulation of 2,000 runs."""
    steady = 1 + 0.2 * np.random.default_rng(1).standard_normal((2000, 200))
    alarms = sum(case_of(run_of(scalars=scalars_table(losses))).outcome.late_fall[1] >= 3 for losses in steady[:400])
    assert alarms / 400 <= 0.03


def test_swings_above_a_constant():
    swinging = np.where(np.arange(400) % 7 == 0, 4.0, 0.2)
    assert only(classifier(swinging), OscillatingLoss(examples=32)).severity == "warning"
    assert only(classifier(noisy(0.2, steps=400)), OscillatingLoss()).severity == "clean"
    single = loss_of("BinaryCrossentropy") | {"batch_size": 1}
    assert only(classifier(NOISE.exponential(0.2, 4000), loss=single), OscillatingLoss()).severity == "clean"


def test_over_fitting():
    def judged(validation):
        train = classifier(np.linspace(0.6, 0.01, 100))
        table = scalars_table(validation, steps=np.linspace(9, 99, len(validation)).astype(int), split="validation")
        train.scalars = pd.concat([train.scalars, table], ignore_index=True)
        return only(train, OverFitting()).severity

    assert judged([0.6, 0.5, 0.45, 0.5, 0.6, 0.8, 1.0, 1.2]) == "warning"
    assert judged([0.6, 0.5, 0.45, 0.5, 0.56, 0.57, 0.58, 0.57]) == "info"
    assert judged([0.6, 0.5, 0.45, 0.5, 0.6, 0.64, 0.65, 0.66]) == "warning", (
        "it gave back four fifths of what it had gained"
    )
    assert judged([0.6, 0.5, 0.45, 0.44, 0.46, 0.44, 0.45, 0.47]) == "clean"


def test_a_loss_below_zero_contradicts_itself():
    assert only(classifier(np.linspace(0.7, -40, 100)), ContradictingMetric()).severity == "warning"
    assert only(classifier(np.linspace(0.7, 0.1, 100), accuracy=0.4), ContradictingMetric()).severity == "warning"
    assert only(classifier(np.linspace(0.7, 0.1, 100), accuracy=0.9), ContradictingMetric()).severity == "clean"


def test_predictions_of_one_class():
    outputs = {"outputs": [{"step": 99, "shape": [32, 2], "most_frequent_share": 1.0, "spread_over_batch": 0.1}]}
    assert only(classifier(noisy(LN2), data=outputs), ConstantPredictions()).severity == "warning"
    rare = {"targets": [BALANCED["targets"][0] | {"shares": [0.95, 0.05]}]}
    assert only(classifier(noisy(LN2), data=outputs | rare), ConstantPredictions()).severity == "clean"
    assert only(classifier(noisy(0.1), data=outputs), ConstantPredictions()).severity == "clean"


DEEP = [f"hidden_{i}" for i in range(1, 12)] + ["logits"]


def vanishing(ratio: float = 1e-2):
    """A gradient that loses six decades, and early layers that do not move."""
    return layers_table(
        {
            "activation_gradient_rms": lambda _, depth: 10.0 ** (0.6 * (depth - 11)),
            "update_ratio": lambda _, depth: ratio * 10.0 ** (0.6 * (depth - 11)),
        },
        steps=range(0, 200, 10),
        names=DEEP,
    )


def test_a_cause_without_a_bad_outcome_is_an_oddity():
    well = {one.rule: one for one in diagnose(classifier(noisy(0.1), layers=vanishing()))}
    ill = diagnose(classifier(noisy(LN2), layers=vanishing()))
    assert well["vanishing_gradient"].severity == "info"
    assert ill[0].rule == "vanishing_gradient" and ill[0].severity == "warning"
    assert next(one for one in ill if one.rule == "no_learning").explained_by == "vanishing_gradient"


def test_a_cause_takes_over_the_severity_of_what_it_explains():
    fast = layers_table({"update_ratio": np.full((20, 12), 0.5)}, steps=range(0, 200, 10), names=DEEP)
    found = diagnose(classifier(np.r_[np.ones(100), np.full(100, np.nan)], layers=fast))
    assert (found[0].rule, found[0].severity) == ("learning_rate_too_high", "error")
    assert {one.explained_by for one in found[1:] if one.severity == "error"} == {"learning_rate_too_high"}


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_neither_scale_nor_length_moves_the_findings(factor):
    """Loss times a factor, or the run twice as long: the same findings."""

    def found(losses, constant, repeats=1):
        table = vanishing()
        table["activation_gradient_rms"] *= np.float32(factor if constant != LN2 else 1.0)
        table["step"] *= repeats
        run = classifier(np.repeat(losses, repeats), constant, layers=table, architecture=[dense("out", 1, "sigmoid")])
        return [(one.rule, one.severity) for one in diagnose(run)]

    flat = LN2 * (1 + 0.05 * np.random.default_rng(3).standard_normal(200))
    assert found(flat, LN2) == found(flat * factor, LN2 * factor) == found(flat, LN2, repeats=2)


BLOCKS = {"targets": [BALANCED["targets"][0] | {"autocorrelation": 0.98, "autocorrelation_bound": 0.05}]}


def validated(training, validation, **facts):
    run = classifier(training, **facts)
    last = len(training) // len(validation) * np.arange(1, len(validation) + 1) - 1
    rows = scalars_table(validation, steps=last, split="validation")
    run.scalars = pd.concat([run.scalars, rows])
    return run


def test_a_small_training_loss_on_labels_in_blocks_is_no_learning():
    small = noisy(0.05)  # the class of the moment
    first = diagnose(classifier(small, data=BLOCKS))[0]
    assert (first.rule, first.severity) == ("unshuffled_data", "warning")
    first = diagnose(validated(small, [0.9, 1.2, 1.1, 1.4], data=BLOCKS))[0]
    assert (first.rule, first.severity) == ("unshuffled_data", "warning")
    learned = {one.rule: one for one in diagnose(validated(small, [0.3, 0.2, 0.1, 0.1], data=BLOCKS))}
    assert learned["unshuffled_data"].severity == "info" and not any(one.is_loud for one in learned.values())


def test_what_is_learned_by_heart_only():
    by_heart = 0.7 * np.exp(-np.arange(200) / 150)
    first = diagnose(validated(by_heart, [0.72, 0.75, 0.8, 0.9]))[0]
    assert (first.rule, first.severity) == ("unrelated_targets", "warning")
    assert not any(one.is_loud for one in diagnose(validated(by_heart, [0.6, 0.5, 0.4, 0.35])))
    run = validated(by_heart, [0.72, 0.75, 0.8, 0.9])  # too sure of itself, while classes are told
    run.scalars["accuracy"] = np.where(run.scalars["split"] == "validation", 0.9, np.nan)
    assert not only(run, OverFitting()).is_loud


def test_swings_that_targets_far_out_make_are_told_only():
    rng = np.random.default_rng(5)
    losses = np.where(rng.random(400) < 0.3, 1.5, 0.1)
    target = {"targets": [{"mean": 0.0, "std": 1.0, "minimum": -2.0, "maximum": 12.0}]}
    run = classifier(losses, 1.0, data=target, loss=loss_of("Huber"))
    assert only(run, OscillatingLoss()).severity == "info"
    run = classifier(losses, 1.0, data={"targets": [target["targets"][0] | {"maximum": 3.0}]}, loss=loss_of("Huber"))
    assert only(run, OscillatingLoss()).severity == "warning"
