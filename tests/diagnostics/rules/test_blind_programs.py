"""What programs showed that were written by somebody who had not read the rules, each as a test of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diagnostics.rules import diagnose
from diagnostics.rules.causes.constant_inputs import ConstantInputs
from diagnostics.rules.causes.dead_units import DeadUnits
from diagnostics.rules.causes.learning_rate_too_low import LearningRateTooLow
from diagnostics.rules.causes.narrow_layer import NarrowLayer
from diagnostics.rules.symptoms.constant_predictions import ConstantPredictions
from diagnostics.rules.symptoms.over_fitting import OverFitting
from tests.diagnostics.rules.test_posted import REAL, TEN, only, run
from tests.kit.runs import dense, facts_of, layers_table, loss_of, run_of, scalars_table


def test_a_validation_loss_that_swings_is_no_over_fitting():
    swings = [0.9, 0.8, 1.8, 2.7, 3.0, 1.9, 0.5, 0.1, 1.9, 1.2, 0.9]
    rises = [0.9, 0.8, 0.6, 0.4, 0.3, 0.2, 0.15, 0.1, 1.9, 1.2, 0.9]
    for levels, severity in ((swings, "info"), (rises, "warning")):
        found = only(run(np.linspace(2.3, 0.01, 110), validation=[(level, 0.7) for level in levels]), OverFitting())
        assert found.severity == severity


def test_half_of_many_units_dead_explains_no_failure():
    share = layers_table({"dead_fraction": np.full((4, 1), 0.6)}, steps=range(0, 40, 10), names=["hidden"])
    for units, is_likely in ((64, False), (8, True)):
        one = run(np.full(100, 2.3), accuracy=0.1, hidden=[dense("hidden", units)])
        one.layers = share
        assert (only(one, DeadUnits()).confidence > 0.6) == is_likely


def test_few_steps_of_a_usual_size_are_too_few_and_not_too_small():
    for steps, ratio, is_loud in ((12, 2e-3, False), (12, 2e-4, True), (400, 1e-4, True)):
        table = layers_table({"update_ratio": np.full((4, 2), ratio)}, steps=[0, 2, 4, 8], names=["hidden", "out"])
        one = run(np.full(steps, 2.3), accuracy=0.1)
        one.layers = table
        assert only(one, LearningRateTooLow()).is_loud == is_loud


def test_what_validation_never_shows_is_no_training_that_ended_early():
    losses = np.linspace(1.0, 0.9, 200) * (1 + 0.002 * np.random.default_rng(0).standard_normal(200))
    one = run(losses, loss="MeanSquaredError", target=REAL, units=1)
    steps = np.linspace(9, 199, 8).astype(int)
    held_out = scalars_table([0.96, 0.97, 0.98, 0.99, 1.0, 1.01, 1.02, 1.02], steps=steps, split="validation")
    one.scalars = pd.concat([one.scalars, held_out], ignore_index=True)
    assert next(each for each in diagnose(one) if each.is_loud).rule == "unrelated_targets"


def test_padding_is_called_padding():
    tokens = {"features": 120, "constant_features": 112, "minimum": 0, "maximum": 400}
    embedding = {"path": "words", "class": "Embedding", "parameters": 4000, "trainable_parameters": 4000}
    for first, told in ((embedding, "mask_zero"), (dense("hidden", 16), "loaded")):
        facts = facts_of(loss_of("BinaryCrossentropy"), [first, dense("out", 1)], {"inputs": [tokens]})
        assert told in only(run_of(**facts), ConstantInputs()).do


def test_a_majority_that_is_always_named_is_told():
    rare = TEN | {"classes": 2, "shares": [0.96, 0.04], "binary": True, "maximum": 1, "std": 0.2}
    outputs = [{"step": step, "shape": [64, 1], "most_frequent_share": 1.0} for step in (30, 60, 99)]
    net = [dense("out", 1, "sigmoid", is_output=True)]
    facts = facts_of(loss_of("BinaryCrossentropy"), net, {"targets": [rare], "outputs": outputs})
    for accuracy, severity in ((0.96, "info"), (0.99, "clean")):
        found = only(
            run_of(scalars=scalars_table(np.full(100, 0.15), accuracy=accuracy), **facts), ConstantPredictions()
        )
        assert found.severity == severity


def test_what_must_pass_two_units():
    flat, learned = np.full(100, 1.6), np.linspace(2.3, 0.2, 100)
    for units, losses, is_loud in ((2, flat, True), (16, flat, False), (2, learned, False)):
        one = run(
            losses * (1 + 0.01 * np.random.default_rng(0).standard_normal(100)),
            accuracy=0.4,
            hidden=[dense("h", units)],
        )
        found = {each.rule: each for each in diagnose(one)}["narrow_layer"]
        assert found.is_loud == is_loud
    coder = [dense("code", 2), dense("out", 64, "sigmoid", inputs=2, is_output=True)]
    assert not only(run_of(**facts_of(loss_of("MeanSquaredError"), coder)), NarrowLayer()).is_loud
