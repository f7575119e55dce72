"""What the third look at the judgement showed, each as a test of its own."""

from __future__ import annotations

import numpy as np

from diagnostics.rules import diagnose
from diagnostics.rules.causes.initialisation import Initialisation
from diagnostics.rules.causes.unscaled_targets import UnscaledTargets
from diagnostics.rules.stages import STRONG
from diagnostics.rules.symptoms.constant_predictions import ConstantPredictions
from tests.diagnostics.rules.test_posted import REAL, only, run
from tests.kit.runs import dense, facts_of, layers_table, loss_of, run_of, scalars_table


def around(level: float, steps: int = 100):
    return level * (1 + 0.01 * np.random.default_rng(0).standard_normal(steps))


def own_loss(losses, spread: float):
    """A run with a loss of the user's own, whose single output is a distance."""
    target = {"classes": 2, "shares": [0.5, 0.5], "binary": True, "integer": True, "std": 0.5, "shape": [None]}
    output = {"step": 99, "shape": [32, 1], "most_frequent_share": 1.0, "spread_over_batch": spread}
    net = [dense("hidden", 16), dense("out", 1, "linear", inputs=16, is_output=True)]
    facts = facts_of({"loss": {"class": "contrastive"}}, net, {"targets": [target], "outputs": [output]})
    return run_of(scalars=scalars_table(losses), **facts)


def test_a_distance_names_no_class():
    falling = np.linspace(0.25, 0.05, 100)
    assert not only(own_loss(falling, 0.4), ConstantPredictions()).is_loud
    assert only(own_loss(falling, 0.001), ConstantPredictions()).is_loud


def test_a_scale_that_was_reached_did_no_harm():
    far = REAL | {"mean": 146.0, "std": 76.0, "minimum": 25.0, "maximum": 346.0}
    net = [dense("out", 1, "linear", is_output=True)]
    for spread, level, is_sure in ((80.0, 0.55, False), (5.0, 0.55, True), (80.0, 0.97, True)):
        output = {"step": 99, "shape": [32, 1], "spread_over_batch": spread}
        data = {"targets": [far], "outputs": [output], "constant_loss": {"value": 65.0}}
        one = run_of(scalars=scalars_table(around(65.0 * level)), **facts_of(loss_of("MeanAbsoluteError"), net, data))
        assert (only(one, UnscaledTargets()).confidence >= STRONG) == is_sure


def test_early_steps_that_led_somewhere():
    early = layers_table({"update_ratio": np.full((10, 2), 0.2)}, steps=range(0, 100, 10), names=["hidden", "out"])
    for losses, is_loud in ((around(2.303 * 0.6), False), (around(2.303 * 0.85), True)):
        one = run(losses, accuracy=0.3)
        one.layers = early
        found = {each.rule: each for each in diagnose(one)}
        assert found["learning_rate_too_high"].is_loud == is_loud


def test_nan_in_an_output_that_the_loss_never_shows():
    bad = layers_table({"activation_nonfinite": np.array([[3.0, 0.0]] * 5)}, steps=range(5), names=["hidden", "out"])
    idle = run(np.full(100, 2.303), accuracy=0.1)
    idle.layers = bad
    first = diagnose(idle)[0]
    assert (first.rule, first.severity) == ("non_finite", "warning")
    learned = run()
    learned.layers = bad
    found = {each.rule: each for each in diagnose(learned)}["non_finite"]
    assert found.severity == "info" and "as in a mask" in found.what


def test_wide_recurrent_weights_are_wide_weights():
    cell = {"path": "rnn/cell", "class": "SimpleRNNCell", "units": 16, "parameters": 288, "trainable_parameters": 288}
    for spread, is_loud in ((5.0, True), (0.25, False)):
        first = {"recurrent": {"class": "RandomNormal", "settings": {"stddev": spread}}}
        one = run(np.full(100, 2.303), accuracy=0.1, hidden=[cell | {"initializers": first}])
        assert only(one, Initialisation()).is_loud == is_loud
