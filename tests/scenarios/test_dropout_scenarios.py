"""What the dropout scenarios compute in addition to training, on cases with known answers."""

from __future__ import annotations

import math
from dataclasses import replace

import keras
import numpy as np
import pytest

from diagnostics.theory import ALPHA_PRIME, alpha_dropout_affine, mask_entropy
from scenarios.data import load
from scenarios.dropout_batchnorm import DropoutBatchnorm, estimate_again, variance_shifts
from scenarios.dropout_parameters import DropoutParameters, unit_gradients
from scenarios.dropout_rate import binary_entropy, log2_count
from scenarios.dropout_regression import DropoutRegression
from scenarios.shared.constant_error import constant_error
from scenarios.shared.dropout_shape import dropped_value, shape_change

NORMAL = np.random.default_rng(0).normal(size=20_000)


def test_a_distribution_does_not_differ_from_itself_moved_or_scaled_in_its_moments():
    assert set(shape_change(NORMAL, NORMAL).values()) == {0}
    moved = shape_change(NORMAL, 3 * NORMAL + 1)
    assert moved["standardised_ks"] < 1e-3 and moved["wasserstein"] == pytest.approx(1.9, abs=0.2), (
        "same shape, other place"
    )
    assert moved["ks_distance"] > 0.3 and abs(moved["skewness"]) < 1e-9 and abs(moved["kurtosis"]) < 1e-9


def test_a_share_set_to_zero_is_a_distance_of_half_of_it():
    kept = np.random.default_rng(1).random(NORMAL.size) > 0.2
    assert shape_change(NORMAL, NORMAL * kept)["ks_distance"] == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("rate", [0.05, 0.5])
def test_the_dropped_value_is_found_from_input_and_output(rate):
    before = np.maximum(NORMAL, 0)
    scale, shift = alpha_dropout_affine(rate)
    after = scale * np.where(np.random.default_rng(2).random(before.size) < rate, ALPHA_PRIME, before) + shift
    assert dropped_value(before, after) == pytest.approx((ALPHA_PRIME, scale * ALPHA_PRIME + shift), abs=1e-6)
    other = scale * np.where(np.random.default_rng(2).random(before.size) < rate, -1.0, before) + shift
    assert dropped_value(before, other)[0] == pytest.approx(-1.0, abs=1e-6), "it is found, not assumed"


def test_masks_are_counted_as_whole_numbers_are():
    assert 2 ** log2_count(100, 10) == pytest.approx(math.comb(100, 10), rel=1e-9)
    assert 100 * binary_entropy(0.3) == pytest.approx(mask_entropy(100, 0.3))


def test_a_constant_predicts_as_well_as_its_error_says():
    assert constant_error(np.array([[1.0], [3.0]]), 0) == 1
    assert constant_error(np.array([0, 1, 0, 1]), 2) == pytest.approx(math.log(2))


def test_a_task_has_its_own_loss_and_its_own_last_layer():
    scenario, diabetes = DropoutRegression(), load("diabetes")
    seen = {}
    for arm in scenario.arms():
        data = scenario.prepare(arm, diabetes)
        kind, last = type(scenario.loss_of(arm)), scenario.model(arm, data).layers[-1].name
        assert seen.setdefault(last, kind) is kind
        assert len(data.x_train) == (scenario.few if arm.settings["size"] == "few" else 264)
    assert len(seen) == len(set(seen.values())) == 2


def test_what_no_dropout_disturbs_is_not_shifted_and_statistics_estimated_again_are_exact():
    scenario, digits = DropoutBatchnorm(blocks=2), load("digits")
    arms = {arm.name: arm for arm in scenario.arms()}
    plain = scenario.model(arms["none_r0.006"], digits)
    assert variance_shifts(plain, digits.x_train, 2) == pytest.approx([1, 1], rel=1e-5)
    even = scenario.model(arms["even-0.5_r0.006"], digits)
    assert variance_shifts(even, digits.x_train, 2)[0] == pytest.approx(1, abs=0.02), (
        "mean and variance of each unit are kept"
    )
    both = scenario.model(arms["before-0.5_r0.006"], digits)
    state = both.get_weights()
    first = np.asarray(both.get_layer("hidden_1")(digits.x_train))
    expected = np.mean(0.5 * first.var(axis=0) / (first.var(axis=0) + 0.5 * first.mean(axis=0) ** 2))
    assert variance_shifts(both, digits.x_train, 2)[0] == pytest.approx(expected, rel=0.05), "q σ² / (σ² + p μ²)"
    assert all(np.array_equal(one, other) for one, other in zip(state, both.get_weights(), strict=True))
    estimate_again(both, digits.x_train)
    np.testing.assert_allclose(both.get_layer("normalised_1").moving_variance, first.var(axis=0), rtol=1e-3)


def test_a_dropped_unit_has_no_gradient_and_a_kept_one_has():
    keras.utils.set_random_seed(0)
    scenario, digits = replace(DropoutParameters(), width=30), load("digits")
    model = scenario.model(scenario.arms()[1], digits)
    norms, active, kept = unit_gradients(model, digits.x_train[:1], digits.y_train[:1])
    assert (norms[active & ~kept] == 0).all() and (norms[kept] > 0).all()
    assert 0 < kept.sum() < active.sum()
