"""Where a fault came from: what the first step shows cannot be the doing of later ones, and what later steps show may be."""

from __future__ import annotations

import numpy as np
import pytest

from diagnostics.rules import case_of
from diagnostics.rules.causes.non_finite import NonFinite
from diagnostics.rules.causes.saturation import Saturation
from diagnostics.rules.stages import TENTATIVE, ask
from tests.kit.runs import dense, facts_of, layers_table, run_of, scalars_table


def only(run, rule):
    return ask(rule, case_of(run))


def test_a_loss_of_ones_own_that_is_not_finite_where_the_outputs_are():
    """The loss function made it, so that no step did."""
    columns = {"activation_nonfinite": lambda step, layer: 0, "activation_std": lambda step, layer: 1.0}
    columns |= {"activation_mean": columns["activation_nonfinite"], "gradient_nonfinite": lambda step, layer: step * 8}
    for name, confidence in (("cross_entropy", 0.95), ("MeanSquaredError", 0.75)):
        facts = facts_of({"loss": {"class": name, "name": name if name != "cross_entropy" else ""}})
        run = run_of(layers_table(columns, (0, 1), ("a", "b")), scalars_table([1.0, np.nan]), **facts)
        finding = only(run, NonFinite())
        assert finding.confidence == confidence, name
        assert ("in your loss" in finding.what) == (confidence > 0.9)


def test_an_output_that_is_not_finite_before_anything_was_trained():
    columns = {"activation_nonfinite": lambda step, layer: 8 * layer, "activation_std": lambda step, layer: 1.0}
    for first, confidence in ((0, 0.95), (3, 0.75)):
        losses = [1.0] * first + [np.nan]
        finding = only(run_of(layers_table(columns, (first,), ("a", "b")), scalars_table(losses)), NonFinite())
        assert finding.confidence == confidence


@pytest.mark.parametrize(
    ("activation", "mean", "std", "answer"),
    [
        ("tanh", 0.0, 0.6, "clean"),
        ("tanh", 0.0, 0.99, "warning"),
        ("tanh", -0.97, 0.0, "warning"),
        ("sigmoid", 0.5, 0.1, "clean"),
        ("sigmoid", 0.5, 0.495, "warning"),
        ("sigmoid", 0.01, 0.01, "warning"),
    ],
)
def test_saturation_follows_from_moments(activation, mean, std, answer):
    columns = {"activation_mean": lambda step, layer: mean, "activation_std": lambda step, layer: std}
    facts = facts_of(architecture=[dense("a", 8, activation), dense("b", 8, "linear", is_output=True)])
    assert only(run_of(layers_table(columns, (0, 1), ("a", "b")), **facts), Saturation()).severity == answer


def test_saturation_that_came_later_was_driven_there():
    columns = {"activation_mean": lambda step, layer: 0.0, "activation_std": lambda step, layer: 0.99 if step else 0.5}
    facts = facts_of(architecture=[dense("a", 8, "tanh"), dense("b", 8, "linear", is_output=True)])
    assert only(run_of(layers_table(columns, range(5), ("a", "b")), **facts), Saturation()).confidence < TENTATIVE
