"""What checks say: sentences that are true of the run's own numbers, and reasons and remedies that hold for the run at hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from diagnostics.rules import Remedy, case_of, diagnose
from diagnostics.rules.causes.dead_units import DeadUnits
from diagnostics.rules.causes.frozen_layers import FrozenLayers
from diagnostics.rules.causes.initialisation import Initialisation
from diagnostics.rules.causes.invalid_labels import InvalidLabels
from diagnostics.rules.causes.non_finite import NonFinite
from diagnostics.rules.causes.repeated_batches import RepeatedBatches
from diagnostics.rules.causes.saturation import Saturation
from diagnostics.rules.causes.stopped_early import StoppedEarly
from diagnostics.rules.causes.unrelated_targets import UnrelatedTargets
from diagnostics.rules.causes.update_ratio import UpdateRatio
from diagnostics.rules.causes.vanishing_gradient import VanishingGradient
from diagnostics.rules.causes.weights_do_not_move import WeightsDoNotMove
from diagnostics.rules.stages import ask
from diagnostics.rules.symptoms.constant_predictions import ConstantPredictions
from diagnostics.rules.symptoms.diverging_loss import DivergingLoss
from diagnostics.rules.symptoms.oscillating_loss import OscillatingLoss
from diagnostics.rules.symptoms.over_fitting import OverFitting
from tests.kit.runs import dense, facts_of, layers_table, loss_of, run_of, scalars_table

STEPS = range(0, 50, 5)
NOISE = 0.01 * np.sin(np.arange(200))
TARGET = {"classes": 10, "shares": [0.1] * 10, "integer": True, "minimum": 0, "maximum": 9, "shape": [None], "std": 2.9}


def only(run, rule):
    return ask(rule, case_of(run))


def chain(**columns):
    return layers_table(columns, steps=STEPS, names=[f"hidden_{n}" for n in range(1, 6)])


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        (np.linspace(2.3, 0.5, 200), "The loss began at 2.29 and ends at 0.586, not above its start."),
        (np.linspace(1.0, 3.7, 200), "; such a loss counts as diverging from 1"),
    ],
)
def test_a_loss_that_rose_is_not_told_to_have_fallen(losses, said):
    found = only(run_of(scalars=scalars_table(losses)), DivergingLoss())
    assert found.severity == "clean" and said in found.what
    assert ("rose from" in found.what) == (losses[-1] > losses[0])


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        (np.linspace(1.0, 3.0, 200), "the loss was not falling: it rose by 22.3 % from"),
        (1 + np.exp(-np.arange(200) / 5.0), "the loss no longer fell from the third quarter"),
        (np.linspace(2.01, 2.0, 200), "the loss was hardly falling any more: by 0.1 %"),
        (2 - 0.05 * (np.arange(200) > 150) + 40 * NOISE, "the loss had fallen by no more than its noise"),
    ],
)
def test_a_training_that_was_not_stopped_early_says_how_its_loss_ended(losses, said):
    found = only(run_of(scalars=scalars_table(losses)), StoppedEarly())
    assert found.severity == "clean" and said in found.what


def test_a_finding_without_finite_numbers_names_what_is_not_finite():
    counts = np.zeros((2, 5))
    late, gradients = counts.copy(), counts.copy()
    late[1, 4], gradients[1] = 3, 7
    table = layers_table(
        {"activation_nonfinite": late, "gradient_nonfinite": gradients}, steps=(0, 1), names=list("abcde")
    )
    found = only(run_of(table, scalars_table([1.0, np.nan, np.nan])), NonFinite())
    assert found.what == "First NaN or Inf at step 1, in the output of e and the gradient of 5 layers."


def test_after_nan_nothing_is_claimed_and_nothing_is_advised_but_to_mend_it():
    update = np.full((10, 5), 1e-3)
    update[1:] = np.inf
    outputs = [{"shape": [32, 10], "step": 45, "spread_over_batch": None, "most_frequent_share": 0.1}]
    facts = facts_of(loss_of("SparseCategoricalCrossentropy"), [], {"targets": [TARGET], "outputs": outputs})
    scalars = scalars_table([2.3, *[np.nan] * 49])
    held_out = scalars_table([np.nan] * 8, steps=range(5, 45, 5), split="validation")
    run = run_of(chain(update_ratio=update), pd.concat([scalars, held_out]), **facts)
    told = {one.rule: one for one in diagnose(run)}
    assert told["update_ratio"].what == "Not evaluated: needs 3 measured steps with finite updates (this run has 1)."
    for rule in (
        "update_ratio",
        "learning_rate_too_low",
        "over_fitting",
        "unrelated_targets",
        "slow_loss",
        "no_learning",
    ):
        assert told[rule].do == "Mend the NaN first: from step 1 on nothing else can be judged."
    assert only(run, ConstantPredictions()).what == (
        "Predictions are not compared: at step 45 they are no longer finite."
    )


def test_a_validation_loss_that_is_too_short_is_not_asked_for_again():
    held_out = scalars_table([2.0, 1.9], steps=(100, 199), split="validation")
    scalars = pd.concat([scalars_table(np.linspace(2.3, 1.0, 200)), held_out])
    for rule, needed in ((OverFitting(), 6), (UnrelatedTargets(), 3)):
        found = only(run_of(scalars=scalars), rule)
        assert found.what == f"Not evaluated: needs {needed} finite readings of the validation loss (this run has 2)."
        assert found.do == f"Validate more often, or train for at least {needed} epochs."
        assert only(run_of(scalars=scalars_table([1.0] * 50)), rule).do == "Give fit validation_data=."


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        (
            np.linspace(2.3, 2.2, 200),
            "rose from 2, but the model learned too little to over-fit: it ends at 3",
        ),
        (np.linspace(2.3, 0.5, 200)[::-1] - 0.4, "rose from 2, but the training loss fell no further"),
    ],
)
def test_a_validation_loss_that_rose_is_not_told_to_have_stayed(losses, said):
    held_out = scalars_table([2.1, 2.0, *[3.0] * 6], steps=range(20, 180, 20), split="validation")
    data = {"targets": [TARGET], "constant_loss": {"value": 2.303 if losses[0] > 2 else 9.0}, "batches": 9}
    run = run_of(
        scalars=pd.concat([scalars_table(losses), held_out]),
        **facts_of(loss_of("SparseCategoricalCrossentropy"), [], data),
    )
    found = only(run, OverFitting())
    assert found.severity == "clean" and said in found.what


def test_a_loss_that_stays_above_a_constants_has_not_fallen_far_enough_to_swing():
    data = {"targets": [TARGET], "constant_loss": {"value": 2.303}, "batches": 9}
    facts = facts_of(loss_of("SparseCategoricalCrossentropy"), [], data)
    for level, said in ((2.31, "does not fall far enough to swing back above"), (0.5, "does not swing above")):
        found = only(run_of(scalars=scalars_table(level + NOISE), **facts), OscillatingLoss())
        assert found.severity == "clean" and found.what == f"The loss {said} that of a constant prediction, 2.3."


def test_a_model_that_learned_nothing_shows_nothing_of_unrelated_targets():
    held_out = scalars_table([2.3, 2.3, 2.3], steps=(50, 100, 199), split="validation")
    facts = facts_of(
        loss_of("SparseCategoricalCrossentropy"),
        [],
        {"targets": [TARGET], "constant_loss": {"value": 2.303}, "batches": 9},
    )
    run = run_of(scalars=pd.concat([scalars_table(2.3 + NOISE), held_out]), **facts)
    found = only(run, UnrelatedTargets())
    assert found.severity == "clean" and found.value is None and "did not even learn its training data" in found.what


def test_a_probe_is_no_remedy_for_a_model_without_such_layers():
    net = [dense("hidden", 8), dense("out", 10, is_output=True)]
    known = run_of(scalars=scalars_table([1.0] * 20), **facts_of(architecture=net))
    assert only(known, Saturation()).do.startswith("Nothing to add")
    bounded = facts_of(architecture=[dense("hidden", 8, "tanh"), net[1]])
    for facts in (bounded, {}):
        assert only(run_of(scalars=scalars_table([1.0] * 20), **facts), Saturation()).do.startswith("Add probes.Sat")
    gates = facts_of(architecture=[dense("hidden", 8, "tanh") | {"class": "LSTMCell"}, net[1]])
    assert "flat their gates" in only(run_of(scalars=scalars_table([1.0] * 20), **gates), Saturation()).do
    two = layers_table(
        {"activation_gradient_rms": lambda *_: 1.0, "update_ratio": lambda *_: 1e-3}, steps=STEPS, names=list("abc")
    )
    found = only(run_of(two), VanishingGradient())
    assert "(this model has 2)" in found.what and found.do == "Nothing to add: the model is too shallow for this check."


def test_targets_are_not_asked_for_where_a_step_is_given_none():
    inputs = {"inputs": [{"shape": [None, 8], "minimum": 0.0, "maximum": 1.0}], "batches": 9}
    assert "given no targets" in only(run_of(**facts_of(data=inputs)), InvalidLabels()).do
    assert "Record the run again" in only(run_of(**facts_of()), InvalidLabels()).do


def test_a_short_epoch_is_no_lack_of_a_record():
    for epoch, said in ((2, "(this run's have 2)"), (9, "a record of 4 consecutive batches")):
        found = only(run_of(**facts_of({"steps_per_epoch": epoch})), RepeatedBatches())
        assert said in found.what and found.do.startswith("Nothing" if epoch == 2 else "Record")


def test_weights_that_are_frozen_inside_a_layer_are_told():
    parts = [dense(name, 8) | {"trainable_parameters": 20} for name in ("a", "b")]
    found = only(run_of(**facts_of(architecture=[*parts, dense("out", 8)])), FrozenLayers())
    assert (
        found.what == "No layer is frozen as a whole; 104 of 216 parameters are, inside 2 layers that train the others."
    )
    norm = {"path": "n", "class": "BatchNormalization", "parameters": 32, "trainable_parameters": 16}
    found = only(run_of(**facts_of(architecture=[dense("a", 8), norm, dense("out", 8)])), FrozenLayers())
    assert found.what == "None of 3 layers with weights is frozen."  # moving averages are not trained anyway
    one = dense("a", 8) | {"trainable": False, "trainable_parameters": 0}
    found = only(run_of(**facts_of(architecture=[one, *(dense(name, 8) for name in "bcd")])), FrozenLayers())
    assert found.what == "1 of 4 layers with weights is frozen."


def test_layers_that_no_gradient_reaches_are_counted_beside_those_that_move():
    gradient = np.zeros((10, 5))
    gradient[:, 4] = 1.0
    run = run_of(chain(gradient_norm=gradient, update_ratio=np.full((10, 5), 1e-3)))
    assert only(run, WeightsDoNotMove()).what == "The one layer that a gradient reaches moves; 4 of 5 get none."


def dead(share, weight_norm=(1.0, 1.0, 9.0, 1.0, 1.0), counts=None):
    values = np.broadcast_to(np.asarray(share, float), (10, 5))
    norms = np.broadcast_to(np.asarray(weight_norm, float), (10, 5))
    table = chain(dead_fraction=values, weight_norm=norms)
    if counts is not None:
        table["weight_histogram"] = [counts if name == "hidden_3" else None for name in table["layer"]]
    return run_of(table, **facts_of(architecture=[dense(f"hidden_{n}", 8) for n in range(1, 6)]))


def test_units_born_dead_are_told_with_what_is_unusual_about_the_first_weights():
    counts = np.zeros(40)
    counts[5], counts[9], counts[30] = 8, 40, 24  # 8 biases from −10 to −3, the rest near 0
    found = only(dead([0, 0, 1, 1, 0], counts=counts), DeadUnits())
    assert found.what == (
        "All units of hidden_3 and hidden_4 are dead: they output 0 for every example, from the start. The first weights and biases of "
        "hidden_3 are unusual: their norm is 9, where 1 would match the other layers; 8 values, as many as the layer has biases, are "
        "below −3."
    )
    assert found.do.startswith(
        "Let the biases of hidden_3 begin at 0: hidden_4 behind it is most likely dead only because it puts out"
    )
    assert found.remedies == (Remedy("initialization", {"bias": "zeros", "layer": "hidden_3"}),)
    counts[5] = 7
    assert only(dead([0, 0, 1, 1, 0], counts=counts), DeadUnits()).what.endswith("would match the other layers.")
    passed = only(dead([0, 0, 1, 1, 0]), Initialisation())
    assert passed.is_unjudged and "those of hidden_3 are unusual" in passed.what
    assert "unusual" not in only(dead([0, 0, 1, 1, 0], weight_norm=1.0), DeadUnits()).what
    assert "unusual" not in only(dead([0, 0, 0.2, 0, 0]), DeadUnits()).what


def test_dead_units_that_are_noted_only_say_why():
    found = only(dead([0, 0.12, 0.3, 0.2, 0]), DeadUnits())
    assert found.what == (
        "30 % of the units in hidden_3 are dead: they output 0 for every example, from the start. "
        "Also 12 % in hidden_2 and 20 % in hidden_4."
    )
    assert "counts as a fault where 95 % of a layer are dead, or 50 % and fewer than 8 units are left" in found.means


def test_first_weights_that_pass_do_not_answer_for_biases():
    found = only(run_of(**facts_of(architecture=[dense("a", 8), dense("out", 8, is_output=True)])), Initialisation())
    assert found.severity == "clean" and "Biases and means are not checked." in found.what


def test_an_oddity_that_a_finding_explains_is_marked_so():
    update = np.full((10, 5), 1e-3)
    update[:, 0] = 1e-9
    gradient = np.geomspace(1e-9, 1, 5) * np.ones((10, 1))
    run = run_of(
        chain(activation_gradient_rms=gradient, gradient_norm=gradient, update_ratio=np.minimum(gradient, update)),
        scalars_table(2.3 + NOISE),
        **facts_of(
            loss_of("SparseCategoricalCrossentropy"),
            [],
            {"targets": [TARGET], "constant_loss": {"value": 2.303}, "batches": 9},
        ),
    )
    told = {one.rule: one for one in diagnose(run)}
    assert told["vanishing_gradient"].is_loud and told["weights_do_not_move"].explained_by == "vanishing_gradient"
    assert only(run, UpdateRatio()).is_loud
