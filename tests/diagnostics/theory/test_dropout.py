"""Dropout moments against exact enumeration; counts against brute force."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.theory import (
    ALPHA_PRIME,
    alpha_dropout_affine,
    alpha_dropout_moments,
    batch_normalisation_parameters,
    born_dead_probability,
    dropout_moments,
    log2_subnetwork_count,
    mask_entropy,
    subnetwork_count,
)
from probes.errors import UsageError

RATES = st.floats(0, 0.95)


@given(rate=RATES, values=st.lists(st.floats(-5, 5), min_size=1, max_size=8))
def test_moments_by_enumeration(rate, values):
    """A dropped or kept copy of every entry, weighted by its probability: the exact distribution of the output."""
    x, keep = np.array(values), 1 - rate
    weights = np.repeat([keep, rate], x.size) / x.size
    scale, shift = alpha_dropout_affine(rate)
    for moments, outcome in (
        (dropout_moments, np.concatenate([x / keep, 0 * x])),
        (alpha_dropout_moments, np.concatenate([scale * x + shift, 0 * x + scale * ALPHA_PRIME + shift])),
    ):
        mean = weights @ outcome
        variance = weights @ (outcome - mean) ** 2
        np.testing.assert_allclose([*moments(x.mean(), x.var(), rate)], (mean, variance), rtol=1e-9, atol=1e-9)


@given(rate=RATES)
def test_alpha_dropout_keeps_zero_and_one(rate):
    np.testing.assert_allclose([*alpha_dropout_moments(0.0, 1.0, rate)], (0, 1), atol=1e-12)


def test_alpha_dropout_does_not_keep_other_moments():
    mean, variance = alpha_dropout_moments(0.4, 0.34, 0.5)
    assert abs(mean - 0.4) > 0.1
    assert abs(variance - 0.34) > 0.1


def test_constant_of_alpha_dropout():
    assert abs(ALPHA_PRIME + 1.7580993408473766) < 1e-15


def test_moments_take_arrays_and_nan():
    mean, variance = dropout_moments([0.0, 1.0, np.nan], [1.0, 0.0, 1.0], 0.5)
    np.testing.assert_allclose(mean, [0, 1, np.nan])
    np.testing.assert_allclose(variance, [2, 1, np.nan])


@pytest.mark.parametrize("moments", [dropout_moments, alpha_dropout_moments])
@pytest.mark.parametrize("rate", [-0.1, 1.0, math.nan])
def test_rates_outside_the_range_are_refused(moments, rate):
    with pytest.raises(UsageError, match="rate"):
        moments(0.0, 1.0, rate)


def test_rate_zero_changes_nothing():
    assert dropout_moments(0.3, 0.7, 0.0) == pytest.approx((0.3, 0.7))
    assert alpha_dropout_moments(0.3, 0.7, 0.0) == pytest.approx((0.3, 0.7))


@pytest.mark.parametrize("widths", [[1, 2], [2, 2], [2, 1, 2]])
def test_born_dead_by_enumeration(widths):
    """One input, each unit silent with probability ½ as long as any input of its layer is alive."""
    alive_to_the_end = 0.0
    for pattern in itertools.product([0, 1], repeat=sum(widths)):
        layers = np.split(np.array(pattern), np.cumsum(widths)[:-1])
        alive_to_the_end += all(layer.any() for layer in layers) / 2 ** sum(widths)
    assert born_dead_probability(widths) == pytest.approx(1 - alive_to_the_end)


def test_born_dead_at_the_edges():
    assert born_dead_probability([]) == 0
    assert born_dead_probability([3, 0]) == 1
    assert born_dead_probability([100] * 20) == pytest.approx(20 * 2.0**-100, rel=1e-12)


@pytest.mark.parametrize("units", [1, 7, 40])
def test_subnetworks(units):
    counts = [subnetwork_count(units, dropped) for dropped in range(units + 1)]
    assert sum(counts) == 2**units
    assert max(counts) == subnetwork_count(units, units // 2)
    np.testing.assert_allclose([log2_subnetwork_count(units, k) for k in range(units + 1)], np.log2(counts), atol=1e-9)


def test_mask_entropy():
    assert mask_entropy(10, 0.5) == pytest.approx(10)
    assert mask_entropy(10, 0.0) == mask_entropy(10, 1.0) == 0
    assert mask_entropy(10, 0.1) == pytest.approx(mask_entropy(10, 0.9))


def test_batch_normalisation_parameters():
    assert sum(batch_normalisation_parameters(100)) == 400
    assert batch_normalisation_parameters(100).trained == 200
