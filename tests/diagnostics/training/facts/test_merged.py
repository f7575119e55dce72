"""Moments of several batches merged into one."""

from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.training.facts.data.merged import Moments


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(0, 5), min_size=1, max_size=4), seed=st.integers(0, 100))
def test_merged_moments_are_those_of_all_values(sizes, seed):
    random = np.random.default_rng(seed)
    batches = [random.normal(3, 2, (size, 2)) for size in sizes]
    count = np.array([[len(batch)] * 2 for batch in batches], float)
    mean = np.array([batch.mean(axis=0) if len(batch) else [0, 0] for batch in batches])
    squares = np.array([((batch - middle) ** 2).sum(axis=0) for batch, middle in zip(batches, mean, strict=True)])
    found, every = Moments.merged(count, mean, squares), np.concatenate(batches)
    assert (found.count == len(every)).all()
    if len(every):
        np.testing.assert_allclose(found.mean, every.mean(axis=0))
        np.testing.assert_allclose(found.variance, every.var(axis=0), atol=1e-12)


def test_values_that_overflow_give_no_warning():
    count, mean = np.ones((3, 1)), np.array([[1e308], [1e308], [np.inf]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Moments.merged(count, mean, np.full((3, 1), np.inf))
    assert not np.isfinite(found.mean).any() and not np.isfinite(found.variance).any()
