from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from diagnostics.figures.colour_scale import norm
from diagnostics.figures.columns import SHARE
from diagnostics.figures.scales import Linear, Log, depth_ticks, main_part, round_steps

ANY = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=8).map(np.array)
POSITIVE = st.floats(min_value=1e-30, max_value=1e30)


@given(ANY)
@pytest.mark.parametrize("scale", [Log(), Linear(), Linear(always=(0.0, 1.0))])
def test_limits_hold_all_that_can_be_shown(scale, values):
    moderate = values[~(np.abs(values) > 1e200) | np.isinf(values)]  # a margin of 5 % of 500 decades overflows beyond
    low, high = scale.limits(moderate)
    shown = moderate[np.isfinite(moderate) & ((moderate > 1e-200) | (scale.name == "linear"))]
    assert -math.inf < low < high < math.inf
    assert np.all((low <= shown) & (shown <= high))


@example(0.125, 0.30078125)
@given(POSITIVE, st.floats(min_value=0.3, max_value=25))
def test_a_logarithmic_axis_has_a_few_ticks_at_an_even_stride(low, decades):
    scale = Log()
    ticks = scale.ticks((low, low * 10**decades), 6)
    assert 3 <= len(ticks) <= 7  # two could be ends of any scale
    assert len({scale.label(tick) for tick in ticks}) == len(ticks)
    if decades > 3:
        strides = np.diff(np.log10(ticks))
        assert np.allclose(strides, np.round(strides[:1]))


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 8))
def test_round_steps_stay_inside_and_few(low, width, most):
    ticks = round_steps((low, low + width), most)
    assert len(ticks) <= most + 1
    assert all(low - width * 1e-6 <= tick <= low + width * (1 + 1e-6) for tick in ticks)


def test_layers_are_counted_from_the_first_one():
    assert depth_ticks(1, 20) == [1, 5, 10, 15, 20]
    assert depth_ticks(3, 3) == [3]


def test_a_share_is_not_magnified_and_a_constant_has_room():
    low, high = Linear(always=(0.0, 1.0)).limits(np.array([0.5, 0.501]))
    assert low <= 0 and high >= 1
    low, high = Log().limits(np.array([1e-3, 1e-3]))
    assert high / low == pytest.approx(10**0.3)


def test_an_explosion_does_not_flatten_the_other_lines():
    usual = np.geomspace(0.1, 2.0, 400)
    exploded = np.array([1e5, 1e20, 1e35, np.inf])
    shown, said = main_part(np.concatenate([usual, exploded]), np.concatenate([usual, exploded]), Log())
    low, high = Log().limits(shown)
    assert low < 0.1 and 2.0 < high < 1e3
    assert said == "; what leaves a panel reaches 10³⁵"


def test_both_ends_are_told():
    values = np.concatenate([np.geomspace(0.1, 2.0, 400), [1e-30, 1e30]])
    assert main_part(values, values, Log())[1] == "; what leaves a panel reaches 10³⁰ and 10⁻³⁰"


@pytest.mark.parametrize(
    "values", [np.geomspace(1e-12, 1.0, 50), np.array([1.0, 3.0]), np.array([np.nan]), np.empty(0)]
)
def test_an_axis_is_cut_only_for_a_few_far_values(values):
    shown, said = main_part(values, values, Log())
    np.testing.assert_array_equal(shown, values)
    assert said == ""


def test_a_linear_axis_is_never_cut():
    values = np.array([*range(100), 1e9])
    assert main_part(values, values, Linear())[1] == ""


def test_a_share_of_a_few_per_cent_has_a_colour_of_its_own():
    place = norm(SHARE, SHARE.limits(np.array([0.0, 1.0])), bend=0.5)
    straight = norm(SHARE, SHARE.limits(np.array([0.0, 1.0])))
    assert place(0.1) - place(0.0) > 1.5 * (straight(0.1) - straight(0.0))
    assert place(0.0) < place(0.5) < place(1.0) <= 1.0
