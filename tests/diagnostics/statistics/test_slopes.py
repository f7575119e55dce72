"""The Theil-Sen slope against the library that has it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats

from diagnostics.statistics.slopes import theil_sen


@pytest.mark.parametrize("ties", [False, True])
def test_slope_and_interval_are_those_of_scipy(ties):
    random, compared = np.random.default_rng(0), 0
    for _ in range(300):
        count = random.integers(3, 40)
        x = random.integers(0, random.integers(3, 80), count).astype(float)
        y = random.integers(0, 4, count).astype(float) if ties else random.standard_normal(count)
        if np.unique(x).size >= 3:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # nothing but ties
                slope, _, low, high = stats.theilslopes(y, x, alpha=0.95)
            np.testing.assert_array_equal(theil_sen(y, x), (slope, low, high))
            compared += 1
    assert compared > 250
