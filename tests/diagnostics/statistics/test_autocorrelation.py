"""Autocorrelation along the order of examples: its bound under random orders, and orders that are none."""

from __future__ import annotations

import numpy as np
import pytest

from diagnostics.statistics.autocorrelation import autocorrelation, label_autocorrelation

DRAW = np.random.default_rng(1)
LABELS = np.repeat(np.arange(5), [40, 30, 60, 10, 60])
NUMBERS = np.stack([DRAW.gamma(1.0, 2.0, 200), DRAW.normal(size=200), DRAW.integers(0, 2, 200)], axis=1)


@pytest.mark.parametrize(("measure", "series"), [(label_autocorrelation, LABELS), (autocorrelation, NUMBERS)])
def test_one_random_order_in_twenty_exceeds_the_bound(measure, series):
    found = [measure(DRAW.permutation(series)) for _ in range(2000)]
    beyond = np.mean([abs(r) > bound for r, bound in found])
    assert 0.03 < beyond < 0.07  # four standard errors of a share of 0.05 over 2,000 orders are 0.02


def test_labels_have_the_autocorrelation_of_their_one_hot_vectors():
    order = DRAW.permutation(LABELS)
    vectors = np.eye(5)[order] - np.eye(5)[order].mean(axis=0)
    expected = (vectors[:-1] * vectors[1:]).sum() / (len(order) - 1) / np.trace(np.cov(vectors.T, bias=True))
    assert label_autocorrelation(order)[0] == pytest.approx(expected)
    covariance = np.cov(vectors.T, bias=True)
    spread = np.sqrt(np.square(covariance).sum() / (len(order) - 1)) / np.trace(covariance)
    assert label_autocorrelation(order)[1] == pytest.approx(1.96 * spread, rel=1e-4)


def test_the_numbering_of_labels_does_not_matter():
    order = DRAW.permutation(LABELS)
    assert label_autocorrelation(order) == pytest.approx(label_autocorrelation(np.array([7, 0, 3, 99, 1])[order]))


@pytest.mark.parametrize(
    ("measure", "series"), [(label_autocorrelation, LABELS), (autocorrelation, np.sort(NUMBERS, axis=0))]
)
def test_sorted_examples_are_far_beyond_the_bound(measure, series):
    r, bound = measure(series)
    assert r > 0.8 and r > 5 * bound


def test_alternating_labels_are_below_it():
    r, bound = label_autocorrelation(np.arange(100) % 2)
    assert r == pytest.approx(-1, abs=0.02) and r < -4 * bound


def test_entries_of_a_larger_scale_do_not_outweigh_the_others():
    assert autocorrelation(NUMBERS) == pytest.approx(autocorrelation(NUMBERS * [1e6, 1, 1e-6] + [0, 1e3, 0]))


@pytest.mark.parametrize("series", [[], [1.0], [1.0, 2.0], [3.0] * 10, [np.nan] * 10])
@pytest.mark.parametrize("measure", [label_autocorrelation, autocorrelation])
def test_too_few_or_equal_examples_have_none(measure, series):
    assert np.isnan(measure(series)).all()


def test_examples_with_nan_are_left_out():
    assert autocorrelation([1.0, np.nan, 2.0, 4.0, 3.0]) == autocorrelation([1.0, 2.0, 4.0, 3.0])
